import SwiftAMQP
import TestSupport
import Testing

@Suite("Shutting a client with consumers down", .timeLimit(.minutes(2)))
struct ConsumerShutdownTests {
    @Test("handlers come to their end, publish and settle; what was not begun goes back")
    func drains() async throws {
        let (queue, results) = (uniqueName("drain"), uniqueName("results"))
        try await withChannel { channel in
            try await channel.declare(.classic(queue))
            try await channel.declare(.classic(results))
            try await channel.publish(texts: (0..<20).map(String.init), to: queue)
        }
        let gate = Gate()
        let report = try await withClient { client in
            try client.consume(queue, prefetch: 10, maximumConcurrency: 4) { delivery in
                await gate.pass()
                try await client.publish(AMQPMessage("done"), to: .queue(results))
                return .ack
            }
            try await eventually("four are being handled") { gate.arrivals == 4 }
            async let report = client.shutdown(deadline: .seconds(20))
            // Nothing more is begun then.
            try await eventually("it is unsubscribed") { client.health().consumers.isEmpty }
            #expect(client.state.description == "closing")
            await expectError(.closed) { try client.consume(queue) { _ in .ack } }
            gate.open()
            return await report
        }
        #expect(!report.isTimedOut, "\(report)")
        #expect(report.deliveries.handled == 4)
        #expect(report.deliveries.acked == 4)
        #expect(report.deliveries.requeued == 6)
        #expect(report.publishes.confirmed == 4)
        #expect(report.unfinishedHandlers == 0)
        try await withChannel { channel in
            let left = try await channel.drain(queue, count: 16)
            #expect(left.map(\.text) == (4..<20).map(String.init))
            #expect(try await channel.ready(results) == 4)
            try await channel.delete(queue: queue)
            try await channel.delete(queue: results)
        }
    }

    @Test("a handler that hangs costs the deadline, no more, and its message goes back")
    func hangs() async throws {
        let queue = uniqueName("drain")
        try await withChannel { channel in
            try await channel.declare(.classic(queue))
            try await channel.publish(texts: ["x"], to: queue)
        }
        let gate = Gate()
        let wasCancelled = Locked(false)
        let time = try await withClient { client in
            try client.consume(queue) { _ in
                await gate.pass()
                wasCancelled.withLock { $0 = Task.isCancelled }
                return .ack
            }
            try await eventually("it is being handled") { gate.arrivals == 1 }
            return await elapsed {
                let report = await client.shutdown(deadline: .milliseconds(300))
                #expect(report.isTimedOut)
                #expect(report.unfinishedHandlers == 1)
                #expect(report.deliveries.acked == 0)
            }
        }
        #expect(time <= .milliseconds(550) * Deadline.scale)
        gate.open()
        try await eventually("the handler was cancelled") { wasCancelled.withLock { $0 } }
        try await withChannel { channel in
            let again = try await channel.drain(queue, count: 1)
            #expect(again.first?.isRedelivered == true)
            try await channel.delete(queue: queue)
        }
    }

    @Test("a service runs until it is cancelled, and shuts down in good order then")
    func service() async throws {
        let queue = uniqueName("drain")
        let broker = try await Broker.shared
        let client = try AMQPClient(
            configuration: AMQPClientConfiguration(AMQPConfiguration(url: broker.url)),
            topology: AMQPTopology(queues: [.classic(queue)]))
        let consumer = try client.consume(queue) { _ in .ack }
        let service = Task { try await client.run() }
        try await client.publish(AMQPMessage("x"), to: .queue(queue))
        try await eventually("it is handled") { consumer.counts.acked == 1 }
        service.cancel()
        try await service.value
        #expect(client.state.description.hasPrefix("closed"))
        try await consumer.run()
        try await withChannel { channel in try await channel.delete(queue: queue) }
    }
}
