import SwiftAMQP
import TestSupport
import Testing

/// A broker that says no in the handshake: each way of saying it is an error of its own.
@Suite(.timeLimit(.minutes(2))) struct RefusalTests {
    private let untilCredentials: [FakeStep] = [
        .expectProtocolHeader, .start(), .expectMethod(.connectionStartOK, channel: 0),
    ]
    private let untilVirtualHost: [FakeStep] = [
        .expectProtocolHeader, .start(), .expectMethod(.connectionStartOK, channel: 0), .tune(),
        .expectMethod(.connectionTuneOK, channel: 0), .expectMethod(.connectionOpen, channel: 0),
    ]

    private func refusal(_ script: [FakeStep]) async throws -> (error: AMQPError?, transcript: FakeTranscript) {
        let broker = try FakeBroker.start(script)
        let configuration = try broker.configuration()
        let error = await amqpError { try await AMQPConnection.connect(configuration) }
        return (error, try await broker.finished())
    }

    @Test func refusedCredentialsWithAReason() async throws {
        let (error, transcript) = try await refusal(
            untilCredentials + [
                .sendConnectionClose(403, "ACCESS_REFUSED - Login was refused using mechanism PLAIN"),
                .expectMethod(.connectionCloseOK, channel: 0), .expectClose,
            ])
        #expect(error?.code == .authenticationFailed)
        #expect(error?.replyCode == 403)
        #expect(error?.isRetriable == false)
        #expect(error?.text.contains("guest") == true)
        #expect(transcript.count("connection.close-ok") == 1)
    }

    @Test(arguments: [true, false]) func refusedCredentialsWithoutAReason(isReset: Bool) async throws {
        let (error, _) = try await refusal(untilCredentials + [isReset ? .reset : .closeFIN])
        #expect(error?.code == .authenticationFailed)
        #expect(error?.replyCode == nil)
        #expect(error?.underlying?.code == .connectionLost)
    }

    @Test func refusedVirtualHost() async throws {
        let (error, transcript) = try await refusal(
            untilVirtualHost + [
                .sendConnectionClose(530, "NOT_ALLOWED - vhost / not found", causedBy: .connectionOpen),
                .expectMethod(.connectionCloseOK, channel: 0), .expectClose,
            ])
        #expect(error?.code == .virtualHostRefused)
        #expect(error?.replyCode == 530)
        #expect(error?.isRetriable == false)
        #expect(transcript.count("connection.close-ok") == 1)
    }

    @Test func refusedVirtualHostWithoutAReason() async throws {
        let (error, _) = try await refusal(untilVirtualHost + [.closeFIN])
        #expect(error?.code == .virtualHostRefused)
    }

    @Test func noCommonMechanism() async throws {
        let (error, transcript) = try await refusal([
            .expectProtocolHeader, .start(mechanisms: "EXTERNAL PLAINER AMQPLAIN"), .expectClose,
        ])
        #expect(error?.code == .noCommonMechanism)
        #expect(transcript.count("connection.start-ok") == 0)
    }

    @Test func aChallenge() async throws {
        let (error, _) = try await refusal(
            untilCredentials + [.sendMethod(0, .connectionSecure) { $0.longString("more?") }, .expectClose])
        #expect(error?.code == .noCommonMechanism)
    }

    @Test(arguments: [1, 4095] as [UInt32]) func framesBelowTheMinimum(frameMax: UInt32) async throws {
        let (error, transcript) = try await refusal(untilCredentials + [.tune(frameMax: frameMax), .expectClose])
        #expect(error?.code == .protocolViolation)
        #expect(error?.replyCode == 501)
        #expect(transcript.count("connection.tune-ok") == 0)
    }

    @Test func anyOtherCloseIsTheBrokersOwnReason() async throws {
        let (error, _) = try await refusal(
            untilVirtualHost + [
                .sendConnectionClose(320, "CONNECTION_FORCED - going down"),
                .expectMethod(.connectionCloseOK, channel: 0), .expectClose,
            ])
        #expect(error?.code == .connectionClosedByPeer)
        #expect(error?.replyCode == 320)
        #expect(error?.isRetriable == true)
    }

    @Test func aMethodOutOfTurn() async throws {
        let (error, _) = try await refusal([
            .expectProtocolHeader, .start(), .expectMethod(.connectionStartOK), .start(), .expectClose,
        ])
        #expect(error?.code == .protocolViolation)
        #expect(error?.replyCode == 503)
    }

    @Test func anEchoedPasswordIsTakenOut() async throws {
        let broker = try FakeBroker.start(
            untilCredentials + [
                .sendConnectionClose(403, "no: guest/s3cret-s3cret"), .expectMethod(.connectionCloseOK), .expectClose,
            ])
        let configuration = try broker.configuration {
            $0.credentials = .plain(username: "guest", password: "s3cret-s3cret")
        }
        let error = await amqpError { try await AMQPConnection.connect(configuration) }
        #expect(error?.code == .authenticationFailed)
        #expect(error.map { !"\($0)".contains("s3cret") } == true)
        try await broker.finished()
    }

    @Test(arguments: [(0, 0, 0), (7, 4096, 3), (65_535, 1 << 24, 600)] as [(UInt16, UInt32, UInt16)])
    func tunes(channelMax: UInt16, frameMax: UInt32, heartbeat: UInt16) async throws {
        let broker = try FakeBroker.start([
            .handshake(channelMax: channelMax, frameMax: frameMax, heartbeat: heartbeat), .closeOK,
        ])
        let configuration = try broker.configuration { $0.heartbeat = .seconds(20) }
        try await AMQPConnection.withConnection(configuration) { connection in
            #expect(connection.channelMax == (channelMax == 0 ? 2047 : min(2047, channelMax)))
            #expect(connection.frameMax == (frameMax == 0 ? 131_072 : Int(min(131_072, frameMax))))
            #expect(connection.heartbeat == .seconds(heartbeat == 0 ? 20 : min(20, Int(heartbeat))))
            #expect(connection.serverProperties["product"] == "RabbitMQ")
        }
        let tuneOK = try #require(try await broker.finished().methods.first { $0.name == "connection.tune-ok" })
        #expect(tuneOK["channelMax"]?.integer == UInt64(channelMax == 0 ? 2047 : min(2047, channelMax)))
        #expect(tuneOK["frameMax"]?.integer == UInt64(frameMax == 0 ? 131_072 : min(131_072, frameMax)))
        #expect(tuneOK["heartbeat"]?.integer == UInt64(heartbeat == 0 ? 20 : min(20, heartbeat)))
    }

    @Test func announcesWhatItCanDo() async throws {
        let transcript = try await withFakeConnection([.closeOK], configure: { $0.connectionName = "orders-writer" }) {
            _ in
        }
        let startOK = try #require(transcript.methods.first { $0.name == "connection.start-ok" })
        #expect(startOK["mechanism"]?.text == "PLAIN")
        #expect(startOK["response"]?.text == "\0guest\0guest")
        let properties = try #require(startOK["clientProperties"])
        #expect(properties["connection_name"]?.text == "orders-writer")
        for name in [
            "publisher_confirms", "basic.nack", "consumer_cancel_notify", "connection.blocked",
            "authentication_failure_close", "exchange_exchange_bindings",
        ] {
            #expect(properties["capabilities"]?[name]?.flag == true, "\(name)")
        }
    }
}
