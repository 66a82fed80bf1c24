import SwiftAMQP
import TestSupport
import Testing

/// Closing a connection, from both sides and from many tasks.
@Suite(.timeLimit(.minutes(2))) struct CloseTests {
    @Test func manyTasksOneFrame() async throws {
        let broker = try FakeBroker.start([.handshake(), .closeOK])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { await connection.close() } }
        }
        await connection.close()
        #expect(await connection.waitUntilClosed().code == .closed)
        guard case .closed(let error) = connection.state else {
            Issue.record("\(connection.state)")
            return
        }
        #expect(error.code == .closed)
        #expect(await amqpError { try await connection.openChannel() }?.code == .closed)
        #expect(try await broker.finished().count("connection.close") == 1)
    }

    @Test func closeOKNeverComes() async throws {
        let broker = try FakeBroker.start([.handshake(), .expectMethod(.connectionClose), .expectClose])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let start = ContinuousClock.now
        let punctuality = Punctuality(.milliseconds(200))
        await connection.close(timeout: .milliseconds(200))
        #expect(await punctuality.lateness() <= Punctuality.allowance)
        #expect(ContinuousClock.now - start >= .milliseconds(200))
        try await broker.finished()
    }

    @Test func thePeerHangsUpInsteadOfAnswering() async throws {
        let broker = try FakeBroker.start([.handshake(), .expectMethod(.connectionClose), .reset])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        await connection.close()
        _ = await connection.waitUntilClosed()
        try await broker.finished()
    }

    @Test func theServerCloses() async throws {
        let close = try FakeSignal()
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .hold(until: close),
            .sendConnectionClose(320, "CONNECTION_FORCED - broker forced connection closure"),
            .expectMethod(.connectionCloseOK, channel: 0), .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        var events = connection.events.makeAsyncIterator()
        close.fire()
        let error = await connection.waitUntilClosed()
        #expect(error.code == .connectionClosedByPeer)
        #expect(error.replyCode == 320)
        #expect(error.isRetriable)
        #expect(channel.closeReason?.replyCode == 320)
        guard case .closed(let reason) = await events.next() else {
            Issue.record("no event")
            return
        }
        #expect(reason?.replyCode == 320)
        #expect(await events.next() == nil)
        await connection.close()
        #expect(try await broker.finished().log.last == "connection.close-ok ch0")
    }

    /// Both close at once: the broker's close is answered, and nobody waits for an answer that may never come.
    @Test func closesCross() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .expectMethod(.connectionClose), .sendConnectionClose(320, "me too"),
            .expectMethod(.connectionCloseOK), .sendMethod(0, .connectionCloseOK), .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        await connection.close()
        #expect(
            try await broker.finished().session == [
                "connection.close ch0 replyCode=200 replyText='Goodbye' classID=0 methodID=0",
                "connection.close-ok ch0",
            ])
    }

    /// What was on its way when this side closed is dropped.
    @Test func framesBetweenCloseAndCloseOK() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .answerConsume(1, tag: "c"), .expectMethod(.connectionClose),
            .deliver(1, consumerTag: "c", tag: 1, body: [1, 2, 3]), .blocked("late"), .sendHeartbeat,
            .sendMethod(0, .connectionCloseOK), .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let deliveries = try await channel.consume("q", consumerTag: "c")
        await connection.close()
        let error = await amqpError { for try await delivery in deliveries { try delivery.ack() } }
        #expect(error == nil || error?.code == .stale || error?.code == .closed, "\(error as Any)")
        #expect(try await broker.finished().log.last?.hasPrefix("connection.close ") == true)
    }

    /// Publishes under way get their answers before the broker is told.
    @Test func publishesUnderWayAreAnsweredFirst() async throws {
        let published = try FakeSignal()
        let answer = try FakeSignal()
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .confirmSelect(1), .expectPublish(), .fire(published),
            .hold(until: answer), .ack(1, 1), .closeOK,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let pending = try await channel.enqueue(AMQPMessage("x"), to: .queue("q"))
        try await published.fired()
        let closing = Task { await connection.close() }
        try await until("the close to begin") { if case .closing = connection.state { true } else { false } }
        let late = await amqpError { try await channel.publish(AMQPMessage("late"), to: .queue("q")) }
        #expect(late?.code == .closed)
        #expect(late?.outcome == .notSent(reason: .connectionClosed))
        answer.fire()
        #expect(await pending.outcome == .confirmed)
        await closing.value
        #expect(try await broker.finished().count("basic.publish") == 1)
    }

    @Test func aHandleThatNobodyHolds() async throws {
        let broker = try FakeBroker.start([.handshake(), .closeOK])
        do { _ = try await AMQPConnection.connect(try broker.configuration()) }
        #expect(try await broker.finished().count("connection.close") == 1)
    }
}
