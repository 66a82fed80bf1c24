import SwiftAMQP
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct UpdateSecretTests {
    private static let answer = FakeStep.answer(0, .connectionUpdateSecret, .connectionUpdateSecretOK)

    @Test func isSentAndAnswered() async throws {
        let transcript = try await withFakeConnection([Self.answer, Self.answer, .closeOK]) { connection in
            try await connection.updateSecret("token-2", reason: "expires")
            try await connection.updateSecret("token-3", reason: "")
        }
        #expect(
            transcript.session.prefix(2) == [
                "connection.update-secret ch0 newSecret='token-2' reason='expires'",
                "connection.update-secret ch0 newSecret='token-3' reason=''",
            ])
    }

    /// What the broker was told is no more shown than the password of the connection.
    @Test func anEchoedSecretIsTakenOut() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), Self.answer, .blocked("why token-2"),
            .sendChannelClose(1, 404, "no token-2"), .expectMethod(.channelCloseOK),
            .sendConnectionClose(320, "not with token-2"), .expectMethod(.connectionCloseOK), .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        try await connection.updateSecret("token-2", reason: "expires")
        let error = await connection.waitUntilClosed()
        #expect(error.text.contains("not with ***"), "\(error)")
        #expect(channel.closeReason?.text.contains("no ***") == true, "\(channel.closeReason as Any)")
        guard case .blocked(reason: "why ***")? = await connection.events.first(where: { _ in true }) else {
            Issue.record("the reason is shown")
            return
        }
        try await broker.finished()
    }

    @Test func aReasonThatDoesNotFit() async throws {
        let transcript = try await withFakeConnection([.closeOK]) { connection in
            let reason = String(repeating: "r", count: 256)
            #expect(
                await amqpError { try await connection.updateSecret("t", reason: reason) }?.code == .invalidArgument)
            let secret = String(repeating: "s", count: 200_000)
            #expect(await amqpError { try await connection.updateSecret(secret, reason: "") }?.code == .messageTooLarge)
        }
        #expect(transcript.count("connection.update-secret") == 0)
    }

    /// A late answer belongs to the question that was given up, not to the next one.
    @Test func timesOutAndTheLateAnswerIsTaken() async throws {
        let second = try FakeSignal()
        try await withFakeConnection(
            [
                .expectMethod(.connectionUpdateSecret), .hold(until: second),
                .sendMethod(0, .connectionUpdateSecretOK), Self.answer, .closeOK,
            ], configure: { $0.rpcTimeout = .milliseconds(100) }
        ) { connection in
            #expect(await amqpError { try await connection.updateSecret("a", reason: "") }?.code == .timeout)
            second.fire()
            // May time out on a busy machine, which this test is not about; what it may not do is to end the connection.
            _ = await amqpError { try await connection.updateSecret("b", reason: "") }
        }
    }

    @Test func refused() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .expectMethod(.connectionUpdateSecret),
            .sendConnectionClose(530, "NOT_ALLOWED - the new secret is not valid"),
            .expectMethod(.connectionCloseOK), .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let error = await amqpError { try await connection.updateSecret("bad-token", reason: "expires") }
        #expect(error?.code == .connectionClosedByPeer)
        #expect(error?.replyCode == 530)
        try await broker.finished()
    }
}
