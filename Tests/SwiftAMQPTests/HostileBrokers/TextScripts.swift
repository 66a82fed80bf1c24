import SwiftAMQP
import TestSupport
import Testing

extension HostileScript {
    /// What the broker writes for people. No script's errors may show the password; here the broker says it.
    static let texts: [HostileScript] = [
        .frames(
            "blocked because of the password", Hostile.blocked(rawReason: Array("\(password)!".utf8)), fate: .goesOn
        )
        .with {
            $0.check = { aftermath in
                guard case .blocked(reason: "***!")? = aftermath.events.first else {
                    Issue.record("\(aftermath.events)")
                    return
                }
            }
        },
        .frames(
            "blocked for a reason that is not UTF-8", Hostile.blocked(rawReason: Hostile.invalidUTF8), fate: .goesOn),
        .frames("blocked for no reason", Hostile.blocked(rawReason: []), fate: .goesOn),
        .frames(
            "a frame that begins with the password",
            WireFrame.method(1, .init(0x7333, 0x6372)) { $0.raw(Array(password.utf8)) },
            fate: .connection(.protocolViolation, 540)),
        .session(
            "the password between frames", .sendRegardless(Array(password.utf8)),
            fate: .connection(.protocolViolation, 501)),
        .frames(
            "a delivery for a consumer with the password's name", WireFrame.deliver(to: password),
            fate: .connection(.protocolViolation, 503)),
        .frames("a cancel for a consumer with the password's name", Hostile.cancel(password), fate: .goesOn),
        .frames(
            "close with the password, twice and cut",
            Hostile.close(0, 320, rawText: Array("\(password)\(password)".utf8)),
            fate: .connection(.connectionClosedByPeer, 320)
        ).with { $0.check = { #expect($0.connection?.text.contains("******") == true) } },
        .frames(
            "close with what SASL sent", Hostile.close(0, 320, rawText: Array("\0u\0\(password)".utf8)),
            fate: .connection(.connectionClosedByPeer, 320)),
        .frames(
            "close with 255 bytes of zero", Hostile.close(0, 320, rawText: .init(repeating: 0, count: 255)),
            fate: .connection(.connectionClosedByPeer, 320)),
        .connecting(
            "properties that hold the password",
            .toStart + [
                .start(serverProperties: [.init(password, .string(password))]),
                .expectMethod(.connectionStartOK, channel: 0), .closeFIN,
            ], .connection(.authenticationFailed)),
    ]
}
