import SwiftAMQP
import TestSupport
import Testing

@Suite("The deliveries of a supervised client as a sequence", .timeLimit(.minutes(2)))
struct ClientDeliveriesTests {
    @Test("go on over lost connections")
    func reconnects() async throws {
        let broker = try await Broker.shared
        let queue = uniqueName("sequence")
        try await ChaosProxy.withProxy(target: broker.port, seed: 5) { proxy in
            try await withClient(port: proxy.port, topology: AMQPTopology(queues: [.classic(queue)])) { client in
                try await client.connect()
                try await withChannel { channel in
                    try await channel.publish(texts: (0..<1000).map(String.init), to: queue)
                }
                var seen: Set<String> = []
                var taken = 0
                try await client.withConsumer(queue, prefetch: 20) { deliveries in
                    for try await delivery in deliveries {
                        taken += 1
                        if taken % 200 == 0 { await proxy.reset() }
                        // What is stale comes again.
                        if try delivery.ackUnlessStale() { seen.insert(delivery.text) }
                        if seen.count == 1000 { break }
                    }
                }
                #expect(seen.count == 1000)
                #expect(client.health().consumers.isEmpty)
                // Of what was not acknowledged in time the broker keeps a copy.
                try await client.delete(queue: queue)
            }
        }
    }

    @Test("end with nil when the client is shut down, after what was given out is settled")
    func shutdown() async throws {
        let queue = uniqueName("sequence")
        try await withChannel { channel in
            try await channel.declare(.classic(queue))
            try await channel.publish(texts: (0..<10).map(String.init), to: queue)
        }
        try await withClient { client in
            let gate = Gate()
            let loop = Task {
                var count = 0
                try await client.withConsumer(queue) { deliveries in
                    for try await delivery in deliveries {
                        count += 1
                        await gate.pass()
                        try delivery.ack()
                    }
                }
                return count
            }
            try await eventually("one is being handled") { gate.arrivals == 1 }
            async let report = client.shutdown(deadline: .seconds(20))
            // Nothing more is handed out then.
            try await eventually("it is unsubscribed") { client.health().consumers.isEmpty }
            gate.open()
            #expect(await !report.isTimedOut)
            #expect(try await loop.value == 1)
        }
        try await withChannel { channel in
            #expect(try await channel.readyInOrder(queue) == 9)
            try await channel.delete(queue: queue)
        }
    }

    @Test("a cancelled task leaves at once, and what it was given goes back")
    func cancelled() async throws {
        let queue = uniqueName("sequence")
        try await withClient(topology: AMQPTopology(queues: [.classic(queue)])) { client in
            try await client.publish(AMQPMessage("x"), to: .queue(queue))
            let taken = Gate()
            taken.open()
            let loop = Task {
                try await client.withConsumer(queue) { deliveries in
                    for try await _ in deliveries { await taken.pass() }
                }
            }
            try await eventually("it has the message") { taken.arrivals == 1 }
            loop.cancel()
            await expectError(.cancelled) { try await loop.value }
            try await eventually("the message is back") {
                try await client.status(ofQueue: queue).messageCount == 1
            }
            try await client.delete(queue: queue)
        }
    }
}
