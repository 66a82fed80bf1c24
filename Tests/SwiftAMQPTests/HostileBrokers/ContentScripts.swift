import SwiftAMQP
import TestSupport
import Testing

extension HostileScript {
    /// Messages whose frames do not fit each other.
    static let contents: [HostileScript] = sizes + orders + parts + addressees

    private static let sizes: [HostileScript] =
        ([1 << 31, 128 << 20 | 1, 1 << 40, 1 << 62, 1 << 63, (1 << 63) - 1, .max] as [UInt64]).map { size in
            .frames(
                "a body of \(size)", WireFrame.deliver(), .header(1, bodySize: size),
                fate: .connection(.protocolViolation, 501)
            ).with { $0.consumerEnd = .messageTooLarge }
        } + [
            .frames(
                "a return with a body of 2^64 - 1",
                .method(2, .basicReturn) {
                    $0.u16(312)
                    $0.raw([0, 0, 0])
                }, .header(2, bodySize: .max), fate: .connection(.protocolViolation, 501)),
            .session(
                "a body of 128 MiB of which one byte comes, then the end",
                .send(Hostile.message(1, header: .header(1, bodySize: 128 << 20))), .closeFIN,
                fate: .connection(.connectionLost)),
            .session(
                "one byte too many, in the second frame", .send(overBySecondFrame),
                fate: .connection(.protocolViolation, 501)),
            .frames(
                "a body where none is declared", WireFrame.deliver(), .header(1, bodySize: 0), .body(1, []),
                fate: .connection(.protocolViolation, 505)),
            .session(
                "a second body", .send(Hostile.message() + WireFrame.body(1, [7]).bytes),
                fate: .connection(.protocolViolation, 505)),
            // They are frames like others, and hold nothing.
            .session(
                "a body in 10,000 empty frames and one",
                .send(WireFrame.deliver().bytes + WireFrame.header(1, bodySize: 1).bytes),
                .flood(WireFrame.body(1, []).bytes, times: 10_000), .send(.body(1, [7])), fate: .goesOn
            ).with { $0.deliveries = 1 },
        ]

    private static let overBySecondFrame: [UInt8] =
        Hostile.message(1, header: .header(1, bodySize: 10), .init(repeating: 1, count: 6))
        + WireFrame.body(1, .init(repeating: 1, count: 5)).bytes

    private static let orders: [HostileScript] = [
        .frames(
            "a delivery, a delivery", WireFrame.deliver(1), WireFrame.deliver(2),
            fate: .connection(.protocolViolation, 505)
        ),
        .frames(
            "a delivery inside a delivery", WireFrame.deliver(1), .header(1, bodySize: 2), .body(1, [7]),
            WireFrame.deliver(2), fate: .connection(.protocolViolation, 505)),
        .frames(
            "channel.close inside a message", WireFrame.deliver(1), .header(1, bodySize: 2),
            Hostile.close(1, 404, rawText: []), fate: .connection(.protocolViolation, 505)),
        .frames(
            "an ack inside a return",
            .method(2, .basicReturn) {
                $0.u16(312)
                $0.raw([0, 0, 0])
            }, Hostile.ack(2, 1), fate: .connection(.protocolViolation, 505)),
        .frames(
            "a header for another channel", WireFrame.deliver(1), .header(2, bodySize: 1),
            fate: .connection(.protocolViolation, 505)),
        .frames(
            "a body for another channel", WireFrame.deliver(1), .header(1, bodySize: 1), .body(3, [7]),
            fate: .connection(.protocolViolation, 505)),
        .frames(
            "a header of class 0", WireFrame.deliver(), .header(1, bodySize: 1, classID: 0),
            fate: .connection(.protocolViolation, 501)),
        .frames(
            "a header of class 65535", WireFrame.deliver(), .header(1, bodySize: 1, classID: .max),
            fate: .connection(.protocolViolation, 501)),
        // Contents of several channels may be mixed (section 4.2.6).
        .frames(
            "a message with frames of other channels between its own", WireFrame.deliver(), .heartbeatFrame,
            .header(1, bodySize: 2), Hostile.ack(2, 1), .body(1, [7]), Hostile.flow(3, true), .body(1, [7]),
            fate: .goesOn
        ).with { $0.deliveries = 1 },
        .frames(
            "a heartbeat inside a message", WireFrame.deliver(), .heartbeatFrame, .header(1, bodySize: 0), fate: .goesOn
        )
        .with { $0.deliveries = 1 },
    ]

    /// The frames of a large body are taken as they come.
    private static let parts: [HostileScript] = {
        let size = 300_000
        let head = WireFrame.deliver().bytes + WireFrame.header(1, bodySize: UInt64(size)).bytes
        let frame = Hostile.frame(type: 3, channel: 1, .init(repeating: 7, count: 100_000))
        let last = Hostile.frame(type: 3, channel: 1, .init(repeating: 7, count: 100_000), end: [0xCD])
        return [
            .session("a large body", .send(head), .send(frame), .send(frame), .send(frame), fate: .goesOn)
                .with { $0.deliveries = 1 },
            .session(
                "a large body in pieces", .sendChopped(head + frame + frame + frame, every: 4099), fate: .goesOn
            )
            .with { $0.deliveries = 1 },
            .session(
                "a large body with frames of other channels between its own", .send(head), .send(frame),
                .send(.heartbeatFrame, Hostile.ack(2, 1), Hostile.flow(3, true)), .send(frame), .send(frame),
                fate: .goesOn
            ).with { $0.deliveries = 1 },
            // The message is never handed out.
            .session(
                "the last octet of a large body", .send(head + frame + frame), .sendRegardless(last),
                fate: .connection(.protocolViolation, 501)),
            .session(
                "the last octet of a large body, alone", .send(head + frame + frame + last.dropLast()),
                .sendRegardless([0]), fate: .connection(.protocolViolation, 501)),
            .session(
                "a frame in the middle of a frame", .send(head + frame + frame.prefix(50_000)),
                .sendRegardless(frame + frame), fate: .connection(.protocolViolation, 501)),
            .session(
                "half a frame of a large body, then the end", .send(head + frame.prefix(50_000)), .closeFIN,
                fate: .connection(.connectionLost)),
            .session(
                "half a frame of a large body, then a reset", .send(head + frame.prefix(50_000)), .reset,
                fate: .connection(.connectionLost)),
            .session(
                "a large body but its last octet, then the end", .send(head + frame + frame + frame.dropLast()),
                .closeFIN, fate: .connection(.connectionLost)),
            .session(
                "channel.close in the middle of a large body",
                .send(head + frame), .sendRegardless(Hostile.close(1, 404, rawText: []).bytes),
                fate: .connection(.protocolViolation, 505)),
            .session(
                "a large frame too many", .send(head + frame + frame + frame), .sendRegardless(frame),
                fate: .connection(.protocolViolation, 505)),
            .session(
                "a large frame over the declared size",
                .send(WireFrame.deliver().bytes + WireFrame.header(1, bodySize: 199_999).bytes + frame),
                .sendRegardless(frame), fate: .connection(.protocolViolation, 501)),
        ]
    }()

    private static let addressees: [HostileScript] = [
        .frames(
            "a consumer of another channel", WireFrame.deliver(channel: 2), fate: .connection(.protocolViolation, 503)),
        .frames("a consumer without a name", WireFrame.deliver(to: ""), fate: .connection(.protocolViolation, 503)),
        .frames(
            "a consumer of almost that name", WireFrame.deliver(to: "c\0"),
            fate: .connection(.protocolViolation, 503)),
        .frames(
            "a consumer whose name is not UTF-8",
            .method(1, .basicDeliver) { $0.raw([9] + Hostile.invalidUTF8 + [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]) },
            fate: .connection(.protocolViolation, 503)),
        .session(
            "the highest tag, then a lower one",
            .send(Hostile.message(.max) + Hostile.message(.max - 1)), fate: .connection(.protocolViolation, 503)),
        .session("the highest tag", .send(Hostile.message(.max)), fate: .goesOn).with { $0.deliveries = 1 },
        .frames(
            "get-ok unasked", getOK(1), fate: .connection(.protocolViolation, 503)),
        .frames("get-ok for a declare", getOK(3), fate: .connection(.protocolViolation, 503)),
        .frames(
            "get-empty for a declare", .method(3, .basicGetEmpty) { $0.u8(0) },
            fate: .connection(.protocolViolation, 503)),
        .session(
            "exchange and routing key that are not UTF-8",
            .send(
                WireFrame.method(1, .basicDeliver) {
                    $0.shortString("c")
                    $0.raw([0, 0, 0, 0, 0, 0, 0, 1, 0, 9] + Hostile.invalidUTF8 + [9] + Hostile.invalidUTF8)
                }.bytes + WireFrame.header(1, bodySize: 0).bytes), fate: .goesOn
        ).with {
            $0.deliveries = 1
            $0.check = { #expect($0.deliveries.first?.routingKey.contains("\u{FFFD}") == true) }
        },
    ]

    private static func getOK(_ channel: UInt16) -> WireFrame {
        .method(channel, .basicGetOK) { $0.raw([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]) }
    }
}
