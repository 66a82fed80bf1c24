import SwiftAMQP
import TestSupport
import Testing

@Suite("A supervised consumer", .timeLimit(.minutes(2)))
struct ConsumerTests {
    /// Publishes numbers from 0, each confirmed.
    private func publish(_ count: Int, to queue: String, from start: Int = 0) async throws {
        try await withChannel { channel in
            try await channel.publish(texts: (start..<start + count).map(String.init), to: queue)
        }
    }

    @Test("handles everything in order, one at a time, and acknowledges it")
    func inOrder() async throws {
        let queue = uniqueName("consumer")
        try await withClient(topology: AMQPTopology(queues: [.classic(queue)])) { client in
            try await client.connect()
            let seen = Locked<[String]>([])
            let (running, most) = (Locked(0), Locked(0))
            let consumer = try client.consume(queue) { delivery in
                let now = running.withLock {
                    $0 += 1; return $0
                }
                most.withLock { $0 = max($0, now) }
                await Task.yield()
                seen.withLock { $0.append(delivery.text) }
                running.withLock { $0 -= 1 }
                return .ack
            }
            try await publish(500, to: queue)
            try await eventually("everything is handled") { seen.withLock { $0.count } == 500 }
            #expect(seen.withLock { $0 } == (0..<500).map(String.init))
            #expect(most.withLock { $0 } == 1)
            let counts = await consumer.cancel()
            #expect(counts.handled == 500)
            #expect(counts.acked == 500)
            #expect(try await client.status(ofQueue: queue).messageCount == 0)
            #expect(client.health().consumers.isEmpty)
            try await client.delete(queue: queue)
        }
    }

    @Test("handles as many at a time as it may, no more")
    func concurrently() async throws {
        let queue = uniqueName("consumer")
        try await withClient(topology: AMQPTopology(queues: [.classic(queue)])) { client in
            let gate = Gate()
            let consumer = try client.consume(queue, prefetch: 20, maximumConcurrency: 8) { _ in
                await gate.pass()
                return .ack
            }
            try await client.connect()
            try await publish(30, to: queue)
            try await eventually("eight are being handled") { gate.arrivals == 8 }
            #expect(client.health().consumers.first?.handling == 8)
            // All that the prefetch allows is here, so a ninth could have begun.
            try await eventually("the prefetch is used up") {
                try await client.status(ofQueue: queue).messageCount == 10
            }
            #expect(gate.arrivals == 8)
            gate.open()
            try await eventually("everything is handled") { consumer.counts.acked == 30 }
            #expect(gate.arrivals == 30)
            try await client.delete(queue: queue)
        }
    }

    @Test("is one subscription, whatever happened to its connections, and handles everything")
    func reconnects() async throws {
        let broker = try await Broker.shared
        let queue = uniqueName("consumer")
        try await ChaosProxy.withProxy(target: broker.port, seed: 3) { proxy in
            try await withClient(port: proxy.port, topology: AMQPTopology(queues: [.quorum(queue)])) { client in
                let seen = Locked<Set<String>>([])
                let consumer = try client.consume(queue, prefetch: 50, maximumConcurrency: 4) { delivery in
                    seen.withLock { _ = $0.insert(delivery.text) }
                    return .ack
                }
                try await client.connect()
                #expect(client.health().consumers.first?.isSubscribed == true)
                for round in 0..<10 {
                    try await publish(200, to: queue, from: round * 200)
                    await proxy.reset()
                }
                try await eventually("everything is handled") { seen.withLock { $0.count } == 2000 }
                await client.expectOpen()
                // The broker has heard of every loss, so what it lists now is what there is.
                try await eventually("one consumer is left") {
                    try await broker.ctl(["list_consumers", "queue_name", "--no-table-headers", "--silent"])
                        .split(separator: "\n").count { $0 == queue } == 1
                }
                #expect(client.health().consumers.first?.subscriptionCount ?? 0 > 1)
                await consumer.cancel()
                try await eventually("everything is settled") {
                    try await client.status(ofQueue: queue).messageCount == 0
                }
                try await client.delete(queue: queue)
            }
        }
    }

    @Test("a client with consumers is open only when they are subscribed")
    func barrier() async throws {
        let broker = try await Broker.shared
        let queue = uniqueName("consumer")
        try await ChaosProxy.withProxy(target: broker.port) { proxy in
            try await withClient(port: proxy.port, topology: AMQPTopology(queues: [.classic(queue)])) { client in
                try client.consume(queue) { _ in .ack }
                try await client.connect([.consuming])
                let consuming = try #require(proxy.status.live.first)
                try await client.publish(AMQPMessage("x"), to: .queue(queue))
                // The second consume-ok does not come through for now, and nothing behind it: of what that connection
                // does a publisher that connects anew would have to wait for the topology.
                let rule = try await proxy.add("s2c:60.21:1:hold")
                await proxy.reset(connection: consuming)
                try await rule.fired()
                #expect(client.state.description == "recovering")
                // Publishers do not wait for consumers.
                try await client.publish(AMQPMessage("x"), to: .queue(queue))
                await proxy.release(rule)
                await client.expectOpen()
                try await client.delete(queue: queue)
            }
        }
    }

    @Test("comes back when the broker cancels it, as often as that happens, with the queue put back")
    func cancelledByBroker() async throws {
        let queue = uniqueName("consumer")
        try await withClient(topology: AMQPTopology(queues: [.classic(queue)])) { client in
            let seen = Locked<[String]>([])
            try client.consume(queue) { delivery in
                seen.withLock { $0.append(delivery.text) }
                return .ack
            }
            try await client.connect()
            for round in 0..<5 {
                try await withChannel { channel in try await channel.delete(queue: queue) }
                try await eventually("the consumer is back") {
                    client.health().consumers.first?.subscriptionCount == UInt64(round + 2)
                }
                try await client.publish(AMQPMessage("\(round)"), to: .queue(queue))
                try await eventually("the message is handled") { seen.withLock { $0.last } == "\(round)" }
            }
            await client.expectOpen()
            try await client.delete(queue: queue)
        }
    }

    @Test("ends with the broker's cancel where that is asked for")
    func endsWhenCancelled() async throws {
        let queue = uniqueName("consumer")
        try await withClient { client in
            try await client.declare(.classic(queue))
            var configuration = AMQPConsumerConfiguration(queue: queue)
            configuration.whenCancelledByBroker = .end
            let consumer = try client.consume(configuration) { _ in .ack }
            try await client.connect()
            try await eventually("it is subscribed") { client.health().consumers.first?.isSubscribed == true }
            try await client.delete(queue: queue)
            await expectError(.cancelledByBroker) { try await consumer.run() }
            try await eventually("it is forgotten") { client.health().consumers.isEmpty }
        }
    }

    @Test("a queue that is not there is a failure that shows, and no end")
    func missingQueue() async throws {
        let queue = uniqueName("consumer")
        try await withClient { client in
            let seen = Locked<[String]>([])
            try client.consume(queue) { delivery in
                seen.withLock { $0.append(delivery.text) }
                return .ack
            }
            let failure = try #require(await client.failures().first)
            #expect(failure.error.replyCode == 404)
            #expect(failure.entity.description.hasSuffix("of queue '\(queue)'"))
            try await client.declare(.classic(queue))
            try await client.publish(AMQPMessage("x"), to: .queue(queue))
            try await eventually("the message is handled") { seen.withLock { $0 } == ["x"] }
            await client.expectOpen()
            try await client.delete(queue: queue)
        }
    }

    @Test("waits while another consumer has the queue for itself")
    func exclusive() async throws {
        let queue = uniqueName("consumer")
        try await withClient { client in
            try await client.declare(.classic(queue))
            try await withConnection { connection in
                let channel = try await connection.openChannel()
                let holder = try await channel.consume(queue, isExclusive: true)
                var configuration = AMQPConsumerConfiguration(queue: queue)
                configuration.isExclusive = true
                configuration.refusalLimit = 1
                let consumer = try client.consume(configuration) { _ in .ack }
                #expect(await client.failures().first?.error.replyCode == 403)
                await channel.cancel(holder)
                try await eventually("it is subscribed") { client.health().consumers.first?.isSubscribed == true }
                await consumer.cancel()
            }
            try await client.delete(queue: queue)
        }
    }

    @Test("what a handler settles after the connection has gone hits no other message")
    func stale() async throws {
        let broker = try await Broker.shared
        let queue = uniqueName("consumer")
        try await ChaosProxy.withProxy(target: broker.port) { proxy in
            try await withClient(port: proxy.port, topology: AMQPTopology(queues: [.classic(queue)])) { client in
                let gate = Gate()
                let isSecond = Locked(false)
                let consumer = try client.consume(queue, maximumConcurrency: 4) { _ in
                    if isSecond.withLock({ $0 }) { return .settledByHandler }
                    await gate.pass()
                    return .ack
                }
                try await client.connect()
                try await publish(2, to: queue)
                try await eventually("both are being handled") { gate.arrivals == 2 }
                isSecond.withLock { $0 = true }
                await proxy.reset()
                try await eventually("both came again, under the tags that they had") { consumer.counts.handled == 2 }
                gate.open()
                try await eventually("all four were handled") { consumer.counts.handled == 4 }
                #expect(consumer.counts.stale == 2)
                #expect(consumer.counts.acked == 0)
                // Not settled by anybody, so that both go back.
                await consumer.cancel(deadline: .zero)
                try await eventually("both are there") { try await client.status(ofQueue: queue).messageCount == 2 }
                try await client.delete(queue: queue)
            }
        }
    }

    @Test("with automatic acknowledgement it has a connection of its own, and loses nothing when it ends")
    func automatic() async throws {
        let queue = uniqueName("consumer")
        try await withClient(topology: AMQPTopology(queues: [.classic(queue)])) { client in
            var configuration = AMQPConsumerConfiguration(queue: queue)
            configuration.acknowledgement = .automatic
            let consumer = try client.consume(configuration) { _ in
                await Task.yield()
                return .ack
            }
            try await client.connect([.consuming, .consumingAutomatically])
            #expect(client.health().consumingAutomatically?.isOpen == true)
            try await publish(3000, to: queue)
            try await eventually("the broker has sent everything") {
                try await client.status(ofQueue: queue).messageCount == 0
            }
            let counts = await consumer.cancel()
            #expect(counts.handled == 3000)
            try await client.delete(queue: queue)
        }
    }

    @Test("bad values are refused with what is wrong")
    func validation() async throws {
        try await withClient { client in
            await expectError(.invalidConfiguration) { try client.consume("") { _ in .ack } }
            await expectError(.invalidConfiguration) { try client.consume("q", prefetch: 0) { _ in .ack } }
            await expectError(.invalidConfiguration) { try client.consume("q", maximumConcurrency: 0) { _ in .ack } }
            await client.shutdown(deadline: .zero)
            await expectError(.closed) { try client.consume("q") { _ in .ack } }
        }
    }
}
