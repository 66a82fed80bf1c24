import SwiftAMQP
import TestSupport
import Testing

/// What publishes end as when their connection is lost, or their deadline passes.
@Suite(.timeLimit(.minutes(2))) struct LossTests {
    /// Bytes were handed to the kernel: the broker may have the message.
    @Test(arguments: [true, false]) func unknownWhereBytesWereSent(isReset: Bool) async throws {
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .confirmSelect(1), .expectPublish(), .expectPublish(), .ack(1, 1),
            isReset ? .reset : .closeFIN,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let first = try await channel.enqueue(AMQPMessage("a"), to: .queue("q"))
        let second = try await channel.enqueue(AMQPMessage("b"), to: .queue("q"))
        let outcome = await second.outcome
        #expect(outcome == .unknown(reason: .connectionClosed))
        // A reset may overtake the ack.
        let firstOutcome = await first.outcome
        #expect(firstOutcome == .confirmed || isReset && firstOutcome == .unknown(reason: .connectionClosed))
        let late = await amqpError { try await channel.publish(AMQPMessage("c"), to: .queue("q")) }
        #expect(late?.code == .connectionLost)
        #expect(late?.outcome == .notSent(reason: .connectionClosed))
        #expect(late?.isRetriable == true)
        try await broker.finished()
    }

    /// A broker that does not read: what the kernel never got a byte of was not sent, and the rest is unknown. Nothing
    /// that was not sent may have been seen.
    @Test func notSentWhereNothingWasHandedToTheKernel() async throws {
        let stopReading = try FakeSignal()
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .confirmSelect(1), .hold(until: stopReading), .reset,
        ])
        let configuration = try broker.configuration { $0.outboundBufferLimit = 64 << 20 }
        let connection = try await AMQPConnection.connect(configuration)
        let channel = try await connection.openChannel()
        try await channel.confirmSelect()
        // More than any socket buffer takes.
        let body = [UInt8](repeating: 7, count: 1 << 20)
        var pending: [AMQPPendingPublish] = []
        for _ in 0..<48 { pending.append(try await channel.enqueue(AMQPMessage(body: body), to: .queue("q"))) }
        stopReading.fire()
        var outcomes: [AMQPPublishOutcome] = []
        for one in pending { outcomes.append(await one.outcome) }
        #expect(outcomes.first == .unknown(reason: .connectionClosed))
        #expect(outcomes.last == .notSent(reason: .connectionClosed))
        // In the order of the stream there is one point where the kernel stopped taking bytes.
        let firstNotSent = outcomes.firstIndex(of: .notSent(reason: .connectionClosed)) ?? 0
        #expect(outcomes[..<firstNotSent].allSatisfy { $0 == .unknown(reason: .connectionClosed) })
        #expect(outcomes[firstNotSent...].allSatisfy { $0 == .notSent(reason: .connectionClosed) })
        try await broker.finished()
    }

    /// The deadline on a live connection: unknown, and the answer that comes too late is no error.
    @Test func theDeadlinePasses() async throws {
        let expired = try FakeSignal()
        try await withFakeChannel([
            .confirmSelect(1), .expectPublish(), .expectPublish(), .ack(1, 2), .hold(until: expired), .ack(1, 1),
            .expectPublish(), .ack(1, 3), .goodbye,
        ]) { channel, _ in
            let timeout = Duration.milliseconds(200)
            let start = ContinuousClock.now
            let punctuality = Punctuality(timeout)
            let slow = try await channel.enqueue(AMQPMessage("a"), to: .queue("q"), timeout: timeout)
            let quick = try await channel.enqueue(AMQPMessage("b"), to: .queue("q"))
            #expect(await quick.outcome == .confirmed)
            #expect(await slow.outcome == .unknown(reason: .timeout))
            #expect(await punctuality.lateness() <= Punctuality.allowance)
            #expect(ContinuousClock.now - start >= timeout - .milliseconds(10))
            expired.fire()
            try await channel.publish(AMQPMessage("c"), to: .queue("q"))
            #expect(await slow.outcome == .unknown(reason: .timeout))
        }
    }

    /// Deadlines that come out of order each fire in their turn.
    @Test func manyDeadlines() async throws {
        try await withFakeChannel([
            .confirmSelect(1), .steps("publishes", Array(repeating: .expectPublish(), count: 5)), .goodbye,
        ]) { channel, _ in
            var pending: [(Duration, Punctuality, AMQPPendingPublish)] = []
            for milliseconds in [400, 100, 300, 50, 200] {
                let timeout = Duration.milliseconds(milliseconds)
                let punctuality = Punctuality(timeout)
                let one = try await channel.enqueue(AMQPMessage("x"), to: .queue("q"), timeout: timeout)
                pending.append((timeout, punctuality, one))
            }
            for (_, punctuality, one) in pending.sorted(by: { $0.0 < $1.0 }) {
                #expect(await one.outcome == .unknown(reason: .timeout))
                #expect(await punctuality.lateness() <= Punctuality.allowance)
            }
        }
    }

    /// This side closes a channel with publishes that are never answered.
    @Test func aCloseThatIsNotAnswered() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .confirmSelect(1), .expectPublish(), .expectMethod(.channelClose),
            .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let pending = try await channel.enqueue(AMQPMessage("x"), to: .queue("q"))
        await channel.close(timeout: .milliseconds(100))
        #expect(await pending.outcome == .unknown(reason: .channelClosed))
        await connection.close(timeout: .milliseconds(100))
        await broker.stop()
    }

    /// The peer ends the connection with a reason: it is what the error of a publish says.
    @Test func theBrokersReason() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .confirmSelect(1), .expectPublish(),
            .sendConnectionClose(320, "CONNECTION_FORCED"), .expectMethod(.connectionCloseOK), .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let error = await amqpError { try await channel.publish(AMQPMessage("x"), to: .queue("q")) }
        #expect(error?.outcome == .unknown(reason: .connectionClosed))
        #expect(error?.code == .connectionClosedByPeer)
        #expect(error?.replyCode == 320)
        try await broker.finished()
    }
}
