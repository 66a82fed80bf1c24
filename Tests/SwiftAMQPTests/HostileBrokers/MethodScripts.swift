import SwiftAMQP
import TestSupport
import Testing

extension HostileScript {
    /// Methods that nobody asked for, that are the other side's, that do not exist, or that are cut short.
    static let methods: [HostileScript] = clientsOwn + unasked + cutShort + answers + channelZero

    private static let clientsOwn: [HostileScript] = [
        WireMethodID.channelOpen, .exchangeDeclare, .exchangeDelete, .exchangeBind, .exchangeUnbind, .queueDeclare,
        .queueBind, .queuePurge, .queueDelete, .queueUnbind, .basicQos, .basicConsume, .basicPublish, .basicGet,
        .basicReject, .basicRecoverAsync, .basicRecover, .confirmSelect, .txSelect, .txCommit, .txRollback,
    ].map { id in
        .frames(
            "the client's \(id.classID).\(id.methodID)", .method(1, id),
            fate: .connection(.protocolViolation, 503))
    }

    private static let unasked: [HostileScript] = {
        let count: (inout WireWriter) -> Void = { $0.u32(0) }
        let name: (inout WireWriter) -> Void = { $0.shortString("c") }
        let frames: [WireFrame] =
            [
                .method(1, .exchangeDeclareOK), .method(1, .exchangeDeleteOK), .method(1, .exchangeBindOK),
                .method(1, .exchangeUnbindOK), Hostile.declareOK(1), .method(1, .queueBindOK),
                .method(1, .queuePurgeOK, count), .method(1, .queueDeleteOK, count), .method(1, .queueUnbindOK),
                .method(1, .basicConsumeOK, name), .method(1, .basicCancelOK, name), .method(1, .basicRecoverOK),
                .method(1, .confirmSelectOK), .method(1, .txSelectOK), .method(1, .txCommitOK),
                .method(1, .txRollbackOK), .method(1, .channelFlowOK) { $0.bits(true) },
            ]
        return frames.map { frame in
            .frames("\(frame) unasked", frame, fate: .connection(.protocolViolation, 503))
        }
    }()

    private static let cutShort: [HostileScript] = [
        ("queue.declare-ok", Hostile.declareOK(3)), ("basic.deliver", WireFrame.deliver()),
        ("basic.ack", Hostile.ack(2, 1)), ("basic.nack", Hostile.nack(2, 1)), ("basic.cancel", Hostile.cancel("c")),
        ("channel.flow", Hostile.flow(2, true)), ("channel.close", Hostile.close(1, 404, rawText: [65])),
        ("connection.close", Hostile.close(0, 320, rawText: [65])),
        ("connection.blocked", Hostile.blocked(rawReason: [65])),
    ].map { (name: String, frame: WireFrame) in
        .frames(
            "\(name) without its last byte",
            WireFrame(type: frame.type, channel: frame.channel, payload: frame.payload.dropLast()),
            fate: .connection(.protocolViolation, 502))
    }

    private static let answers: [HostileScript] = [
        .frames(
            "the answer to another request", .method(3, .queueBindOK), fate: .connection(.protocolViolation, 503)),
        .frames("the answer on another channel", Hostile.declareOK(2), fate: .connection(.protocolViolation, 503)),
        .frames(
            "the answer twice", Hostile.declareOK(3), Hostile.declareOK(3), fate: .connection(.protocolViolation, 503)
        ).with { $0.request = .answered },
        // An answer belongs to the request by its place; what it says is the broker's word.
        .frames("the answer for another queue", Hostile.declareOK(3, "another"), fate: .goesOn).with {
            $0.request = .answered
        },
        .frames("an answer that is longer than it should be", longAnswer, fate: .goesOn).with {
            $0.request = .answered
        },
        .frames("a method of class 0", .method(1, .init(0, 0)), fate: .connection(.protocolViolation, 540)),
        .frames("a method of class 61", .method(1, .init(61, 10)), fate: .connection(.protocolViolation, 540)),
        .frames("a method of all ones", .method(1, .init(.max, .max)), fate: .connection(.protocolViolation, 540)),
        .frames(
            "a method of AMQP 0-8", .method(1, .init(30, 11)) { $0.u16(1) }, fate: .connection(.protocolViolation, 503)),
        .session("consume-ok with another tag", .send(Hostile.message()), fate: .goesOn).with {
            $0.answeredTag = "another"
            $0.deliveries = 1
        },
        .session(
            "consume-ok with another tag, and a delivery to that",
            .send(WireFrame.deliver(to: "another")), fate: .connection(.protocolViolation, 503)
        ).with { $0.answeredTag = "another" },
    ]

    private static let longAnswer: WireFrame = {
        var frame = Hostile.declareOK(3)
        frame.payload += [1, 2, 3]
        return frame
    }()

    private static let channelZero: [HostileScript] = [
        .frames(
            "a method of class 10 that does not exist", .method(0, .init(10, 99)),
            fate: .connection(.protocolViolation, 540)),
        .frames("a method of tx on channel 0", .method(0, .txSelectOK), fate: .connection(.protocolViolation, 503)),
        .frames("a delivery on channel 0", WireFrame.deliver(channel: 0), fate: .connection(.protocolViolation, 503)),
        .frames(
            "secure", .method(0, .connectionSecure) { $0.longString("?") }, fate: .connection(.protocolViolation, 503)),
        .frames(
            "open-ok again", .method(0, .connectionOpenOK) { $0.u8(0) }, fate: .connection(.protocolViolation, 503)),
        .frames("close-ok unasked", .method(0, .connectionCloseOK), fate: .connection(.protocolViolation, 503)),
        // Nobody waits for it: after a timeout a late one looks the same.
        .frames("update-secret-ok unasked", .method(0, .connectionUpdateSecretOK), fate: .goesOn),
        .frames("unblocked without blocked", .method(0, .connectionUnblocked), fate: .goesOn),
        .frames(
            "blocked twice, and for ever", Hostile.blocked(rawReason: [65]), Hostile.blocked(rawReason: [66]),
            fate: .goesOn),
    ]
}
