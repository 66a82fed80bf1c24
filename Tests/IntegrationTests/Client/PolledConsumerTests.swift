import SwiftAMQP
import TestSupport
import Testing

/// What interfaces without tasks take their deliveries from.
@Suite("A consumer that is polled", .timeLimit(.minutes(1)))
struct PolledConsumerTests {
    private final class Listener: PolledConsumerListener {
        let calls = Locked(0)
        func hasDeliveries() { calls.withLock { $0 += 1 } }
        func didReport(_ event: AMQPClientEvent) {}
    }

    /// What the program was never given is not its to settle, however short the time.
    @Test("is cancelled in no time unless something that was taken is unsettled", arguments: [false, true])
    func cancelledAtOnce(settles: Bool) async throws {
        let queue = uniqueName("polled")
        try await withClient(topology: AMQPTopology(queues: [.classic(queue)])) { client in
            try await client.connect()
            try await withChannel { channel in
                try await channel.publish(texts: (0..<10).map(String.init), to: queue)
                let listener = Listener()
                var configuration = AMQPConsumerConfiguration(queue: queue)
                configuration.prefetch = 5
                let consumer = try PolledConsumer(client, configuration, listener: listener)
                var taken: [AMQPDelivery] = []
                try await eventually("one can be taken") {
                    _ = consumer.take(upTo: 1, into: &taken)
                    return !taken.isEmpty
                }
                try await eventually("the others are there") { try await channel.ready(queue) == 5 }
                if settles { try taken[0].ack() }
                #expect(await consumer.cancel(within: .zero) == settles)
                // The broker gives back what a channel held in its own time.
                let left = settles ? 9 : 10
                try await eventually("the rest is back") { try await channel.ready(queue) == left }
            }
            try await client.delete(queue: queue)
        }
    }
}
