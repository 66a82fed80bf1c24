import SwiftAMQP
import TestSupport
import Testing

extension HostileScript {
    /// Ends: the broker's own, and what it does instead of answering ours.
    static let closings: [HostileScript] = byTheBroker + ofOurs + silence

    private static let byTheBroker: [HostileScript] =
        replyCodes.map { code in
            .frames(
                "close \(code)", Hostile.close(0, code, rawText: Array("gone, \(password)".utf8)),
                fate: .connection(.connectionClosedByPeer, code)
            ).with { $0.check = { #expect($0.connection?.text.contains("gone, ***") == true) } }
        } + [
            .frames(
                "close whose text is not UTF-8", Hostile.close(0, 320, rawText: Hostile.invalidUTF8),
                fate: .connection(.connectionClosedByPeer, 320)),
            .frames(
                "close twice", Hostile.close(0, 320, rawText: []), Hostile.close(0, 541, rawText: []),
                fate: .connection(.connectionClosedByPeer, 320)),
            .session(
                "close, then anything", .send(Hostile.close(0, 320, rawText: [])),
                .sendRegardless(Hostile.message() + [0, 1, 2, 3]), fate: .connection(.connectionClosedByPeer, 320)),
            .session(
                "close, and the end before close-ok", .send(Hostile.close(0, 320, rawText: [])), .closeFIN,
                fate: .connection(.connectionClosedByPeer, 320)),
            .session(
                "close, and deliveries without end", .send(Hostile.close(0, 320, rawText: [])),
                .flood(Hostile.message(), times: .max), fate: .connection(.connectionClosedByPeer, 320)),
            .frames(
                "an ack, then close", Hostile.ack(2, 1), Hostile.declareOK(3), Hostile.close(0, 320, rawText: []),
                fate: .connection(.connectionClosedByPeer, 320)
            ).with {
                $0.outcome = .confirmed
                $0.request = .answered
            },
        ]

    /// The client closes, and the broker does something else than to agree.
    private static func answeredBy(_ name: String, _ steps: FakeStep..., end: AMQPError.Code = .closed) -> HostileScript
    {
        .session("our close is answered by \(name)", fate: .goesOn).with {
            $0.farewell = [.untilTheClientCloses] + steps + [.expectClose]
            $0.end = end
            $0.configure = { $0.closeTimeout = .milliseconds(200) * Deadline.scale }
        }
    }

    private static let ofOurs: [HostileScript] = [
        answeredBy("nothing"),
        answeredBy("the end", .closeFIN, end: .connectionLost),
        answeredBy("a reset", .reset, end: .connectionLost),
        answeredBy("close-ok, twice", .sendRegardless(closeOK + closeOK)),
        answeredBy("close-ok and garbage", .sendRegardless(closeOK + [0, 1, 2, 3])),
        answeredBy("garbage", .sendRegardless([0, 1, 2, 3]), end: .protocolViolation),
        answeredBy("a close of the broker's", .sendRegardless(Hostile.close(0, 320, rawText: []).bytes)),
        answeredBy(
            "a close and no more", .sendRegardless(Hostile.close(0, 320, rawText: []).bytes),
            .expectMethod(.connectionCloseOK)),
        answeredBy("heartbeats without end", .flood(WireFrame.heartbeatFrame.bytes, times: .max)),
        answeredBy("deliveries without end", .flood(Hostile.message(), times: .max), end: .protocolViolation)
            .with { $0.countsDeliveries = false },
        answeredBy("half a frame", .sendRegardless([1, 0, 0])),
        answeredBy("half a message", .sendRegardless(Hostile.message(1, header: .header(1, bodySize: 1 << 20)))),
        answeredBy("blocked", .sendRegardless(Hostile.blocked(rawReason: [65]).bytes)),
        answeredBy("a channel exception", .sendRegardless(Hostile.close(1, 404, rawText: []).bytes)).with {
            $0.consumerEnd = .channelException
        },
        answeredBy(
            "a channel's close-ok", .sendRegardless(WireFrame.method(1, .channelCloseOK).bytes),
            end: .protocolViolation),
    ]

    private static let closeOK = WireFrame.method(0, .connectionCloseOK).bytes

    /// Nothing is answered any more: every operation ends by its own deadline.
    private static func unanswered(_ name: String, _ steps: FakeStep...) -> HostileScript {
        HostileScript(name: name, steps: steps, fate: .goesOn).with {
            $0.isPolite = false
            $0.configure = {
                $0.publishTimeout = .milliseconds(300) * Deadline.scale
                $0.rpcTimeout = .milliseconds(300) * Deadline.scale
                $0.closeTimeout = .milliseconds(200) * Deadline.scale
            }
            $0.outcome = .unknown(reason: .timeout)
            $0.request = .fails(.timeout)
            $0.farewell = [.untilTheClientCloses, .expectClose]
        }
    }

    private static let silence: [HostileScript] = [
        unanswered("silence"),
        unanswered("blocked for ever", .send(Hostile.blocked(rawReason: [65]))),
        unanswered("flow off for ever", .send(Hostile.flow(2, false))),
        unanswered("half a frame for ever", .send([1, 0, 2, 0])),
        unanswered("half a message for ever", .send(Hostile.message(1, header: .header(1, bodySize: 1 << 20)))),
        unanswered("heartbeats and nothing else", .flood(WireFrame.heartbeatFrame.bytes, times: 20_000)),
        unanswered(
            "a message in empty frames", .send(WireFrame.deliver().bytes + WireFrame.header(1, bodySize: 1).bytes),
            .flood(WireFrame.body(1, []).bytes, times: 20_000)),
        unanswered("the client is not read", .pause(milliseconds: 700)),
    ]
}
