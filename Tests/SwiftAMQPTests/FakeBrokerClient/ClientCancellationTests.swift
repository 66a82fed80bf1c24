import SwiftAMQP
import TestSupport
import Testing

/// A cancelled task returns at once, wherever its publish is, and the publish has its one outcome.
@Suite(.timeLimit(.minutes(2))) struct ClientCancellationTests {
    private static let queue = AMQPAddress.queue("q")
    private static let allowance = Duration.milliseconds(50) * Deadline.scale

    private static func cancel(
        _ task: Task<AMQPPublishReceipt, any Error>
    ) async -> (error: AMQPError?, duration: Duration) {
        let start = ContinuousClock.now
        task.cancel()
        let error = await amqpError { try await task.value }
        return (error, .now - start)
    }

    @Test func whileConnecting() async throws {
        let broker = try FakeBroker.start([.expectProtocolHeader, .expectClose])
        let client = try AMQPClient(configuration: .fake(broker))
        let task = Task { try await client.publish(AMQPMessage("x"), to: Self.queue) }
        try await until("the publish to wait") { client.health().unconfirmedMessages == 1 }
        let (error, duration) = await Self.cancel(task)
        #expect(duration <= Self.allowance)
        #expect(error?.code == .cancelled)
        #expect(error?.outcome == .notSent(reason: .cancelled))
        #expect(client.health().unconfirmedMessages == 0)
        await client.shutdown(deadline: .zero)
        await broker.stop()
    }

    @Test func whileBlocked() async throws {
        try await withFakeClient([[.publishingChannel, .blocked("memory"), .goodbye]]) { client in
            let publisher = try client.publisher()
            try await client.reaches { $0.isBlocked }
            let first = Task { try await publisher.publish(AMQPMessage("x"), to: Self.queue) }
            let second = Task { try await publisher.publish(AMQPMessage("y"), to: Self.queue) }
            try await until("both to wait") { publisher.unconfirmedCount == 2 }
            for task in [first, second] {
                let (error, duration) = await Self.cancel(task)
                #expect(duration <= Self.allowance)
                #expect(error?.outcome == .notSent(reason: .cancelled))
            }
        }
    }

    @Test func onItsWay() async throws {
        let arrived = try FakeSignal()
        try await withFakeClient([
            [
                .publishingChannel, .expectPublish(), .fire(arrived), .expectPublish(), .ack(1, 2, multiple: true),
                .goodbye,
            ]
        ]) { client in
            let task = Task { try await client.publish(AMQPMessage("x"), to: Self.queue) }
            try await arrived.fired()
            let (error, duration) = await Self.cancel(task)
            #expect(duration <= Self.allowance)
            #expect(error?.outcome == .unknown(reason: .cancelled))
            #expect(error?.code == .cancelled)
            try await client.publish(AMQPMessage("y"), to: Self.queue)
            #expect(client.publishCounts.total == 2)
        }
    }

    /// After a loss the attempt before may have arrived, and the error still says that the task was cancelled.
    @Test func whileRecovering() async throws {
        let broker = try FakeBroker.start([.publishingChannel, .expectPublish(), .reset])
        let client = try AMQPClient(configuration: .fake(broker))
        let task = Task { try await client.publish(AMQPMessage("x"), to: Self.queue) }
        try await client.reaches { $0.isRecovering }
        let (error, duration) = await Self.cancel(task)
        #expect(duration <= Self.allowance)
        #expect(error?.outcome == .unknown(reason: .cancelled))
        #expect(error?.code == .cancelled)
        await client.shutdown(deadline: .zero)
        try await broker.finished()
    }

    /// Those who wait for room come in when there is some, also when the one before them was taken back, or could not be
    /// sent at all.
    @Test func outside() async throws {
        try await withFakeClient([
            [.publishingChannel, .blocked("memory"), .goodbye]
        ]) { client in
            let publisher = try client.publisher(window: 1)
            try await client.reaches { $0.isBlocked }
            let inside = Task { try await publisher.publish(AMQPMessage("a"), to: Self.queue) }
            try await until("the first to wait") { publisher.unconfirmedCount == 1 }
            let waiting = Task { try await publisher.publish(AMQPMessage("b"), to: Self.queue) }
            let enqueueing = Task { try await publisher.enqueue(AMQPMessage("c"), to: Self.queue) }
            for _ in 0..<100 { await Task.yield() }
            let (error, duration) = await Self.cancel(waiting)
            #expect(duration <= Self.allowance)
            #expect(error?.outcome == .notSent(reason: .cancelled))
            #expect(await Self.cancel(inside).error?.outcome == .notSent(reason: .cancelled))
            // Its room is free now.
            let pending = try await enqueueing.value
            let receipt = Task { try await pending.receipt() }
            #expect(await Self.cancel(receipt).error?.outcome == .notSent(reason: .cancelled))
            #expect(publisher.unconfirmedCount == 0)
        }
    }

    /// One that came in and cannot be encoded makes room for the next, although nothing else happens.
    @Test func theNextComesInWhenOneIsRefusedHere() async throws {
        let arrived = try FakeSignal()
        let waiting = try FakeSignal()
        try await withFakeClient([
            [
                .publishingChannel, .expectPublish(), .fire(arrived), .hold(until: waiting), .ack(1, 1),
                .expectPublish(), .ack(1, 2), .goodbye,
            ]
        ]) { client in
            let publisher = try client.publisher(window: 1)
            let first = try await publisher.enqueue(AMQPMessage("a"), to: Self.queue)
            try await arrived.fired()
            // Longer than a routing key may be: known when it is encoded.
            let bad = Task {
                try await publisher.publish(AMQPMessage("bad"), to: .queue(String(repeating: "k", count: 300)))
            }
            for _ in 0..<1000 { await Task.yield() }
            let good = Task { try await publisher.publish(AMQPMessage("b"), to: Self.queue, timeout: .seconds(4)) }
            for _ in 0..<1000 { await Task.yield() }
            waiting.fire()
            _ = try await first.receipt()
            let error = await amqpError { try await bad.value }
            #expect(error?.outcome == .notSent(reason: .rejected))
            #expect(error?.code == .invalidArgument)
            #expect(try await good.value.attempts == 1)
        }
    }
}
