import SwiftAMQP
import TestSupport
import Testing

extension HostileScript {
    /// What the server wants of limits, and what both ends say when they give up.
    static let tunes: [HostileScript] = limits + closesInTheHandshake

    private static func tuned(_ channelMax: UInt16, _ frameMax: UInt32, _ heartbeat: UInt16) -> [FakeStep] {
        .toTune + [.tune(channelMax: channelMax, frameMax: frameMax, heartbeat: heartbeat)]
    }

    private static let accepted: [FakeStep] = [
        .expectMethod(.connectionTuneOK, channel: 0), .expectMethod(.connectionOpen, channel: 0), .openOK,
    ]

    private static let limits: [HostileScript] =
        ([1, 2, 7, 8, 9, 4095] as [UInt32]).map { frameMax in
            .connecting("frames of \(frameMax)", tuned(2047, frameMax, 0), .connection(.protocolViolation, 501))
        } + [
            .connecting("no limit at all", tuned(0, 0, 0) + accepted + [.courteous], .goesOn),
            .connecting("huge limits", tuned(.max, .max, .max) + accepted + [.courteous], .goesOn),
            .connecting("tiny limits", tuned(1, 4096, 1) + accepted + [.courteous], .goesOn),
            .connecting(
                "frames over what was agreed, though the server wanted more",
                tuned(1, .max, 0) + accepted
                    + [.sendRegardless(Hostile.frame(type: 1, [UInt8](repeating: 0, count: 131_065)))],
                .connection(.protocolViolation, 501)),
            .connecting(
                "channels over what was agreed",
                tuned(1, 4096, 0) + accepted + [.send(Hostile.frame(type: 1, channel: 2))],
                .connection(.protocolViolation, 504)),
            .connecting(
                "tune cut short", .toTune + [.sendMethod(0, 10, 30, [0, 0])], .connection(.protocolViolation, 502)),
            .connecting(
                "tune twice", tuned(0, 0, 0) + [.sendRegardless(tuneBytes)], .connection(.protocolViolation, 503)),
            .connecting(
                "tune again once it is open", tuned(0, 0, 0) + accepted + [.send(tuneBytes)],
                .connection(.protocolViolation, 503)),
            .connecting(
                "open-ok twice", tuned(0, 0, 0) + accepted + [.openOK], .connection(.protocolViolation, 503)),
            .connecting(
                "a virtual host that is refused and opened",
                .toOpen
                    + [.sendConnectionClose(530, "NOT_ALLOWED"), .openOK], .connection(.virtualHostRefused, 530)),
        ]

    private static let tuneBytes = WireFrame.method(0, .connectionTune) { $0.raw([0, 0, 0, 0, 0, 0, 0, 0]) }.bytes

    /// Every reply code that AMQP 0-9-1 and RabbitMQ know (section 1.2), and some that nobody does.
    static let replyCodes: [UInt16] = [
        0, 200, 311, 312, 313, 320, 402, 403, 404, 405, 406, 501, 502, 503, 504, 505, 506, 530, 540, 541, .max,
    ]

    private static let closesInTheHandshake: [HostileScript] = {
        var scripts: [HostileScript] = []
        for code in replyCodes {
            let credentials = code == 403 ? AMQPError.Code.authenticationFailed : .connectionClosedByPeer
            let isRefused = [402, 403, 404, 530].contains(code)
            scripts += [
                closing(code, "start", .toStart, credentials), closing(code, "tune", .toTune, credentials),
                closing(code, "open-ok", .toOpen, isRefused ? .virtualHostRefused : .connectionClosedByPeer),
            ]
        }
        return scripts
    }()

    private static func closing(
        _ code: UInt16, _ stage: String, _ steps: [FakeStep], _ expected: AMQPError.Code
    ) -> HostileScript {
        let close: [FakeStep] = [
            .sendConnectionClose(code, "you said \(password), I say no"),
            .expectMethod(.connectionCloseOK, channel: 0),
        ]
        var script = HostileScript.connecting(
            "close \(code) instead of \(stage)", steps + close, .connection(expected, code))
        script.check = { aftermath in
            let isRetriable = expected == .connectionClosedByPeer && (code == 320 || code == 541)
            #expect(aftermath.connect?.isRetriable == isRetriable)
            #expect(aftermath.connect?.text.contains("you said ***, I say no") == true)
        }
        return script
    }
}
