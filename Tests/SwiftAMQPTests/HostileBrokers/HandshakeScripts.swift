import SwiftAMQP
import TestSupport
import Testing

extension FakeStep {
    static let toStart: [FakeStep] = [.expectProtocolHeader]
    static let toTune: [FakeStep] = toStart + [.start(), .expectMethod(.connectionStartOK, channel: 0)]
    static let toOpen: [FakeStep] =
        toTune
        + [
            .tune(), .expectMethod(.connectionTuneOK, channel: 0), .expectMethod(.connectionOpen, channel: 0),
        ]
    static let openOK = FakeStep.sendMethod(0, .connectionOpenOK) { $0.shortString("") }

    /// connection.start with these versions, bytes and texts, whatever they are.
    static func rawStart(
        _ major: UInt8 = 0, _ minor: UInt8 = 9, table: [UInt8] = [0, 0, 0, 0],
        mechanisms: [UInt8] = Array("PLAIN".utf8),
        mechanismsLength: UInt32? = nil, locales: [UInt8] = Array("en_US".utf8), localesLength: UInt32? = nil
    ) -> FakeStep {
        .sendRegardless(
            WireFrame.method(0, .connectionStart) {
                $0.u8(major)
                $0.u8(minor)
                $0.raw(table)
                $0.longString(mechanisms, length: mechanismsLength)
                $0.longString(locales, length: localesLength)
            }.bytes)
    }
}

extension HostileScript {
    /// From the protocol header to start-ok.
    static let handshakes: [HostileScript] = greetings + absurdStarts + endlessStarts + outOfTurn

    private static let hurried: @Sendable (inout AMQPConfiguration) -> Void = {
        $0.connectTimeout = .milliseconds(300) * Deadline.scale
    }

    private static let greetings: [HostileScript] = [
        .connecting(
            "another protocol header, late and in pieces",
            .toStart + [.send(Array("AMQ".utf8)), .pause(milliseconds: 20), .send(Array("P".utf8) + [0, 0, 9, 0])],
            .connection(.protocolMismatch)),
        .connecting(
            "a protocol header that stays incomplete", .toStart + [.send(Array("AMQP".utf8) + [0, 0, 9])],
            .connection(.connectTimeout)
        ).with { $0.configure = hurried },
        .connecting(
            "our own protocol header, then everything", .toStart + [.send(WireFrame.protocolHeader), .start()],
            .connection(.protocolMismatch)),
        .connecting(
            "start, then a protocol header", .toTune + [.send(WireFrame.protocolHeader), .closeFIN],
            .connection(.protocolViolation, 501)),
        .connecting(
            "a heartbeat first", .toStart + [.sendHeartbeat, .start()], .connection(.protocolMismatch)),
        .connecting("start, late", .toStart + [.pause(milliseconds: 50)] + handshakeRest + [.courteous], .goesOn),
        .connecting(
            "before the client has said anything",
            [.start(), .expectProtocolHeader, .expectMethod(.connectionStartOK)]
                + Array(([FakeStep].toOpenRest)) + [.courteous], .goesOn),
        .connecting("the end of the stream at once", .toStart + [.closeFIN], .connection(.connectionLost)),
        .connecting("a reset at once", .toStart + [.reset], .connection(.connectionLost)),
        .connecting(
            "the password for a greeting", .toStart + [.sendRegardless(Array(password.utf8))],
            .connection(.protocolMismatch)),
    ]

    private static let handshakeRest: [FakeStep] =
        [.start(), .expectMethod(.connectionStartOK, channel: 0)] + [FakeStep].toOpenRest

    private static let absurdStarts: [HostileScript] =
        ([(0, 8), (0, 10), (1, 0), (9, 0), (255, 255)] as [(UInt8, UInt8)]).map { version in
            .connecting(
                "version \(version.0)-\(version.1)", .toStart + [.rawStart(version.0, version.1)],
                .connection(.protocolMismatch))
        }
        + ["", " ", "plain", "PLAINER", "PLAI N", "PLAIN\0", "EXTERNAL,PLAIN"].map { mechanisms in
            .connecting(
                "the mechanisms '\(mechanisms)'", .toStart + [.start(mechanisms: mechanisms)],
                .connection(.noCommonMechanism))
        }
        + [
            .connecting(
                "100,000 mechanisms",
                .toStart + [.rawStart(mechanisms: Array(repeatElement(Array("X ".utf8), count: 50_000).joined()))],
                .connection(.noCommonMechanism)
            ).with {
                $0.check = { aftermath in
                    #expect(aftermath.connect?.text.utf8.count ?? .max < 1000)
                }
            },
            .connecting(
                "the password for a mechanism", .toStart + [.start(mechanisms: "X-\(password) \(password)")],
                .connection(.noCommonMechanism)),
            .connecting(
                "mechanisms that are not UTF-8", .toStart + [.rawStart(mechanisms: Hostile.invalidUTF8)],
                .connection(.noCommonMechanism)),
            .connecting(
                "PLAIN between what is not UTF-8, and so the locales and the properties",
                .toStart + [
                    .rawStart(
                        table: [0, 0, 0, 22, 9] + Hostile.invalidUTF8 + [UInt8(ascii: "S"), 0, 0, 0, 7]
                            + Hostile.invalidUTF8.prefix(7),
                        mechanisms: Hostile.invalidUTF8 + Array(" PLAIN ".utf8) + Hostile.invalidUTF8,
                        locales: Hostile.invalidUTF8),
                    .expectMethod(.connectionStartOK, channel: 0),
                ] + [FakeStep].toOpenRest + [.courteous], .goesOn),
        ]

    private static let endlessStarts: [HostileScript] = [
        .connecting(
            "mechanisms longer than the frame", .toStart + [.rawStart(mechanismsLength: 100_000)],
            .connection(.protocolViolation, 502)),
        .connecting(
            "mechanisms of 2^32 - 1", .toStart + [.rawStart(mechanismsLength: .max)],
            .connection(.protocolViolation, 502)),
        .connecting(
            "locales longer than the frame", .toStart + [.rawStart(localesLength: 6)],
            .connection(.protocolViolation, 502)),
        .connecting(
            "a start over the largest frame", .toStart + [.rawStart(mechanisms: .init(repeating: 32, count: 131_072))],
            .connection(.protocolViolation, 501)),
        .connecting(
            "a start that never ends",
            .toStart + [.send(Hostile.frame(type: 1, size: 131_064, [0, 10, 0, 10, 0, 9], end: [])), .drip([0])],
            .connection(.connectTimeout)
        ).with { $0.configure = hurried },
        .connecting(
            "start, start, start", .toStart + [.sendRegardless(Array(repeatElement(startBytes, count: 1000).joined()))],
            .connection(.protocolViolation, 503)),
        .connecting(
            "heartbeats instead of tune, for ever", .toTune + [.drip(WireFrame.heartbeatFrame.bytes)],
            .connection(.connectTimeout)
        ).with { $0.configure = hurried },
        .connecting(
            "heartbeats in a hurry instead of tune",
            .toTune + [.flood(WireFrame.heartbeatFrame.bytes, times: .max)], .connection(.connectTimeout)
        ).with { $0.configure = hurried },
        .connecting("silence instead of tune", .toTune, .connection(.connectTimeout)).with { $0.configure = hurried },
    ]

    private static let startBytes = WireFrame.start().bytes

    /// Methods that are none of the steps that they come in.
    private static let outOfTurn: [HostileScript] = {
        let methods: [(String, WireFrame)] = [
            ("secure", .method(0, .connectionSecure) { $0.longString("?") }),
            ("tune", .method(0, .connectionTune) { $0.raw([0, 0, 0, 0, 0, 0, 0, 0]) }),
            ("open-ok", .method(0, .connectionOpenOK) { $0.shortString("") }),
            ("close-ok", .method(0, .connectionCloseOK)),
            ("blocked", .method(0, .connectionBlocked) { $0.shortString("why") }),
            ("unblocked", .method(0, .connectionUnblocked)),
            ("update-secret-ok", .method(0, .connectionUpdateSecretOK)),
        ]
        var scripts: [HostileScript] = []
        for (stage, steps) in [("start", [FakeStep].toStart), ("tune", .toTune), ("open-ok", .toOpen)] {
            for (name, frame) in methods where name != stage && !(name == "secure" && stage == "tune") {
                scripts.append(
                    .connecting(
                        "\(name) instead of \(stage)", steps + [.send(frame)], .connection(.protocolViolation, 503)))
            }
            for method in [
                WireMethodID.connectionStartOK, .connectionTuneOK, .connectionOpen, .connectionUpdateSecret,
            ] {
                scripts.append(
                    .connecting(
                        "the client's \(method.classID).\(method.methodID) instead of \(stage)",
                        steps + [.sendMethod(0, method)], .connection(.protocolViolation, 503)))
            }
            scripts += [
                .connecting(
                    "a content header instead of \(stage)", steps + [.send(.header(0, bodySize: 1))],
                    .connection(stage == "start" ? .protocolMismatch : .protocolViolation, stage == "start" ? nil : 505)
                ),
                .connecting(
                    "a method of channel 1 instead of \(stage)", steps + [.sendMethod(1, .channelOpenOK)],
                    // From tune on there are channels, of which none is open.
                    .connection(.protocolViolation, 504)),
            ]
        }
        return scripts + [
            .connecting(
                "secure, again and again",
                .toTune + [.flood(WireFrame.method(0, .connectionSecure) { $0.longString("?") }.bytes, times: 10_000)],
                .connection(.noCommonMechanism, 503)),
            .connecting(
                "a challenge that is the password",
                .toTune + [.sendMethod(0, .connectionSecure) { $0.longString(password) }],
                .connection(.noCommonMechanism, 503)),
        ]
    }()
}

extension [FakeStep] {
    static var toStart: [FakeStep] { FakeStep.toStart }
    static var toTune: [FakeStep] { FakeStep.toTune }
    static var toOpen: [FakeStep] { FakeStep.toOpen }

    /// From tune to open-ok.
    static var toOpenRest: [FakeStep] {
        [.tune(), .expectMethod(.connectionTuneOK, channel: 0), .expectMethod(.connectionOpen, channel: 0), .openOK]
    }
}
