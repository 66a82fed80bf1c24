import SwiftAMQP
import TestSupport
import Testing

@Suite("A supervised consumer whose handlers fail", .timeLimit(.minutes(2)))
struct ConsumerFailureTests {
    private struct Refused: Error {}

    @Test(
        "a message that always fails comes ten times a second at most, and is dead-lettered after five",
        arguments: [false, true])
    func poison(isQuorum: Bool) async throws {
        let (queue, dead) = (uniqueName("poison"), uniqueName("dead"))
        let kind: AMQPQueue =
            isQuorum
            ? .quorum(queue, deadLetterExchange: "", deadLetterRoutingKey: dead)
            : .classic(queue, deadLetterExchange: "", deadLetterRoutingKey: dead)
        try await withClient(topology: AMQPTopology(queues: [kind, .classic(dead)])) { client in
            let times = Locked<[ContinuousClock.Instant]>([])
            let handled = Locked(0)
            let consumer = try client.consume(queue, maximumConcurrency: 2) { delivery in
                if delivery.text != "poison" {
                    handled.withLock { $0 += 1 }
                    return .ack
                }
                times.withLock { $0.append(.now) }
                throw Refused()
            }
            try await client.publish(AMQPMessage("poison"), to: .queue(queue))
            for _ in 0..<20 { try await client.publish(AMQPMessage("good"), to: .queue(queue)) }
            try await eventually("it is dead-lettered") {
                try await client.status(ofQueue: dead).messageCount == 1
            }
            let seen = times.withLock { $0 }
            #expect(seen.count == 5)
            for (earlier, later) in zip(seen, seen.dropFirst()) { #expect(later - earlier >= .milliseconds(100)) }
            // What does not fail is not held up by it.
            #expect(handled.withLock { $0 } == 20)
            #expect(consumer.counts.failed == 5)
            #expect(consumer.counts.requeued == 4)
            #expect(consumer.counts.rejected == 1)
            try await client.delete(queue: queue)
            try await client.delete(queue: dead)
        }
    }

    @Test("with retry queues it waits at the broker, and is parked in the end")
    func retries() async throws {
        let queue = uniqueName("retries")
        let parked = queue + ".parked"
        try await withClient(topology: AMQPTopology(queues: [.quorum(queue)])) { client in
            var retries = AMQPRetryQueues()
            retries.delays = [.milliseconds(100), .milliseconds(300)]
            retries.limit = 3
            var configuration = AMQPConsumerConfiguration(queue: queue)
            configuration.failures = .retry(retries)
            let counts = Locked<[Int]>([])
            let consumer = try client.consume(configuration) { delivery in
                counts.withLock { $0.append(delivery.retryCount) }
                return .retry
            }
            try await client.publish(AMQPMessage("x"), to: .queue(queue))
            try await eventually("it is parked") {
                (try? await client.status(ofQueue: parked).messageCount) == 1
            }
            #expect(counts.withLock { $0 } == [0, 1, 2])
            #expect(consumer.counts.retried == 2)
            #expect(consumer.counts.parked == 1)
            for name in client.topology.queues.map(\.name) where name.hasPrefix(queue) {
                try await client.delete(queue: name)
            }
        }
    }

    @Test("a consumer of which everything fails pauses, and goes on when the trouble is over")
    func circuitBreaker() async throws {
        let queue = uniqueName("breaker")
        try await withClient(topology: AMQPTopology(queues: [.classic(queue)])) { client in
            let isBroken = Locked(true)
            var configuration = AMQPConsumerConfiguration(queue: queue)
            configuration.prefetch = 5
            configuration.failures = .requeue(limit: nil)
            configuration.circuitBreaker = AMQPCircuitBreaker(
                window: 10, minimumResults: 5,
                pause: AMQPBackoff(initial: .milliseconds(500), maximum: .milliseconds(500)))
            let events = client.events()
            let consumer = try client.consume(configuration) { _ in
                if isBroken.withLock({ $0 }) { throw Refused() }
                return .ack
            }
            for number in 0..<20 { try await client.publish(AMQPMessage("\(number)"), to: .queue(queue)) }
            for await event in events { if case .consumerPaused = event { break } }
            isBroken.withLock { $0 = false }
            // Nobody consumes, and everything is back in the queue: nothing fails meanwhile.
            try await eventually("it is unsubscribed") {
                let status = try await client.status(ofQueue: queue)
                return status.consumerCount == 0 && status.messageCount == 20
            }
            #expect(client.health().consumers.first?.isPaused == true)
            try await eventually("everything is handled") { consumer.counts.acked == 20 }
            #expect(client.health().consumers.first?.subscriptionCount == 2)
            try await client.delete(queue: queue)
        }
    }

    @Test("the pause of a consumer that an auto-delete queue lives by keeps its subscription")
    func breakerOfTheLastConsumer() async throws {
        let queue = uniqueName("breaker")
        let topology = AMQPTopology(queues: [.classic(queue, autoDelete: true)])
        try await withClient(topology: topology) { client in
            let isBroken = Locked(true)
            var configuration = AMQPConsumerConfiguration(queue: queue)
            configuration.failures = .requeue(limit: nil)
            configuration.circuitBreaker = AMQPCircuitBreaker(
                window: 10, minimumResults: 5,
                pause: AMQPBackoff(initial: .milliseconds(300), maximum: .milliseconds(300)))
            let events = client.events()
            let consumer = try client.consume(configuration) { _ in
                if isBroken.withLock({ $0 }) { throw Refused() }
                return .ack
            }
            try await client.connect()
            for number in 0..<20 { try await client.publish(AMQPMessage("\(number)"), to: .queue(queue)) }
            for await event in events { if case .consumerPaused = event { break } }
            isBroken.withLock { $0 = false }
            try await eventually("everything is handled") { consumer.counts.acked == 20 }
            #expect(client.health().consumers.first?.subscriptionCount == 1)
        }
    }

    @Test("a handler past its deadline is told of, its task cancelled, and only its task")
    func handlerDeadline() async throws {
        let queue = uniqueName("overdue")
        try await withClient(topology: AMQPTopology(queues: [.classic(queue)])) { client in
            var configuration = AMQPConsumerConfiguration(queue: queue)
            configuration.maximumConcurrency = 2
            configuration.failures = .reject
            configuration.deadlines.handlerDeadline = .milliseconds(200)
            let cancelled = Locked<[String]>([])
            let events = client.events()
            let consumer = try client.consume(configuration) { delivery in
                guard delivery.text == "slow" else {
                    if Task.isCancelled { cancelled.withLock { $0.append(delivery.text) } }
                    return .ack
                }
                // Heeds the cancellation, as code that waits for something does.
                do {
                    try await Task.sleep(for: .seconds(60))
                } catch {
                    cancelled.withLock { $0.append(delivery.text) }
                    throw error
                }
                return .ack
            }
            try await client.publish(AMQPMessage("slow"), to: .queue(queue))
            for number in 0..<50 { try await client.publish(AMQPMessage("\(number)"), to: .queue(queue)) }
            for await event in events { if case .handlerOverdue = event { break } }
            for number in 50..<100 { try await client.publish(AMQPMessage("\(number)"), to: .queue(queue)) }
            try await eventually("everything else is handled") { consumer.counts.acked == 100 }
            try await eventually("the slow one is rejected") { consumer.counts.rejected == 1 }
            #expect(cancelled.withLock { $0 } == ["slow"])
            try await client.delete(queue: queue)
        }
    }
}
