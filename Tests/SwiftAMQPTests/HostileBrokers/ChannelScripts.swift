import SwiftAMQP
import TestSupport
import Testing

extension HostileScript {
    /// Channels that were never opened, channel exceptions of every kind, flow and cancels.
    static let channels: [HostileScript] = neverOpened + exceptions + flows + cancels

    private static let neverOpened: [HostileScript] =
        ([
            .method(9, .channelOpenOK) { $0.u32(0) }, WireFrame.deliver(channel: 9), .header(9, bodySize: 1),
            .body(9, [1]), .method(9, .channelCloseOK), Hostile.close(9, 404, rawText: []), Hostile.ack(9, 1),
        ] as [WireFrame]).map { frame in
            .frames("\(frame) on a channel that is not open", frame, fate: .connection(.protocolViolation, 504))
        } + [
            HostileScript(
                name: "open-ok for every channel",
                steps: [
                    .sendRegardless(
                        (4...2047).flatMap { id in
                            WireFrame.method(UInt16(id), .channelOpenOK) { $0.u32(0) }.bytes
                        })
                ], fate: .connection(.protocolViolation, 504)),
            HostileScript(
                name: "deliveries on every channel",
                steps: [.sendRegardless((4...2047).flatMap { WireFrame.deliver(channel: UInt16($0)).bytes })],
                fate: .connection(.protocolViolation, 504)),
        ]

    private static let exceptions: [HostileScript] =
        replyCodes.map { code in
            .frames(
                "channel exception \(code)", Hostile.close(1, code, rawText: Array("\(password)!".utf8)),
                fate: .channel(1, .channelException, code)
            ).with { $0.check = { #expect($0.consumer?.text.contains("***!") == true) } }
        } + [
            .frames(
                "a channel exception under a publish", Hostile.close(2, 404, rawText: []),
                fate: .channel(2, .channelException, 404)),
            .frames(
                "a channel exception for a request", Hostile.close(3, 404, rawText: []),
                fate: .channel(3, .channelException, 404)),
            .frames(
                "a channel exception, twice", Hostile.close(1, 404, rawText: []), Hostile.close(1, 404, rawText: []),
                fate: .connection(.protocolViolation, 504)
            ).with {
                $0.firstChannelEnd = .channelException
                $0.consumerEnd = .channelException
            },
            .frames(
                "a channel exception, then a delivery", Hostile.close(1, 404, rawText: []), WireFrame.deliver(),
                fate: .channel(1, .channelException, 404)),
            .session(
                "a delivery, then a channel exception",
                .send(Hostile.message() + Hostile.close(1, 406, rawText: []).bytes),
                fate: .channel(1, .channelException, 406)
            ).with { $0.countsDeliveries = false },
            .frames(
                "a channel exception whose text is not UTF-8",
                Hostile.close(1, 404, rawText: Hostile.invalidUTF8), fate: .channel(1, .channelException, 404)),
            .frames(
                "a channel exception whose text holds the password between what is not UTF-8",
                Hostile.close(1, 404, rawText: Hostile.invalidUTF8 + Array(password.utf8) + Hostile.invalidUTF8),
                fate: .channel(1, .channelException, 404)),
        ]

    private static let flows: [HostileScript] = [
        .frames("flow off", Hostile.flow(2, false), fate: .goesOn),
        .frames("flow on without off", Hostile.flow(2, true), fate: .goesOn),
        .frames("flow of 0xFF", .method(2, .channelFlow) { $0.u8(0xFF) }, fate: .goesOn),
        .session(
            "flow on and off, 10,000 times",
            .flood(Hostile.flow(2, false).bytes + Hostile.flow(2, true).bytes, times: 10_000), fate: .goesOn),
    ]

    private static let cancels: [HostileScript] = [
        .frames("a cancel for nobody", Hostile.cancel("who"), fate: .goesOn),
        .frames("a cancel for nobody that wants an answer", Hostile.cancel("who", noWait: false), fate: .goesOn),
        .frames("a cancel with no name", Hostile.cancel(""), fate: .goesOn),
        .frames("a cancel", Hostile.cancel("c"), fate: .consumer(.cancelledByBroker)),
        .frames("a cancel twice", Hostile.cancel("c"), Hostile.cancel("c"), fate: .consumer(.cancelledByBroker)),
        .frames(
            "a cancel, then a delivery", Hostile.cancel("c"), WireFrame.deliver(),
            fate: .connection(.protocolViolation, 503)
        ).with { $0.consumerEnd = .cancelledByBroker },
        .frames(
            "a cancel inside a message", WireFrame.deliver(), Hostile.cancel("c"),
            fate: .connection(.protocolViolation, 505)),
        .session("10,000 cancels for nobody", .flood(Hostile.cancel("who").bytes, times: 10_000), fate: .goesOn),
        .session(
            "10,000 cancels", .flood(Hostile.cancel("c", noWait: false).bytes, times: 10_000),
            fate: .consumer(.cancelledByBroker)),
    ]
}
