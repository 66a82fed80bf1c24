import TestSupport
import Testing

@testable import SwiftAMQP

@Suite("Requeueing after failures", .timeLimit(.minutes(2))) struct RequeueTests {
    /// The contract: ten redeliveries a second of a message at most, and no endless loop.
    @Test(
        "a message that always fails comes at most ten times a second, N times, and is then dead-lettered",
        arguments: [AMQPRetryQueues.Kind.classic, .quorum], [true, false])
    func endsDeadLettered(kind: AMQPRetryQueues.Kind, hasID: Bool) async throws {
        let (queue, dead) = (uniqueName("loop"), uniqueName("dead"))
        let topology = AMQPTopology(queues: [.classic(dead), .work(kind, queue, deadLetterTo: dead)])
        try await withClient(topology: topology) { client in
            for text in ["a", "b", "c"] {
                let properties = AMQPProperties(messageID: hasID ? text : nil)
                try await withChannel { channel in
                    try await channel.publish(AMQPMessage(text, properties: properties), to: .queue(queue))
                }
            }
            // The least backoff there is: the floor holds.
            let policy = AMQPFailurePolicy.requeue(
                backoff: AMQPBackoff(initial: .milliseconds(1), maximum: .milliseconds(1)), limit: 5)
            let consumer = FailingConsumer(policy, queue: queue, client: client)
            try await withChannel { channel in
                try await consumer.whileFailing(on: channel) {
                    try await eventually("all are dead-lettered") {
                        try await client.status(ofQueue: dead).messageCount == 3
                    }
                }
                for text in ["a", "b", "c"] {
                    let arrivals = consumer.arrivals.filter { $0.text == text }
                    #expect(arrivals.count == 5)
                    #expect(arrivals.map(\.isRedelivered) == [false, true, true, true, true])
                    for (earlier, later) in zip(arrivals, arrivals.dropFirst()) {
                        #expect(later.time - earlier.time >= .milliseconds(100))
                    }
                }
                let deaths = try await channel.drain(dead, count: 3)
                #expect(Set(deaths.map(\.text)) == ["a", "b", "c"])
                for delivery in deaths {
                    let death = delivery.properties.headers["x-death"]?.array?.first?.table
                    #expect(death?["reason"] == "rejected")
                }
                #expect(try await channel.readyInOrder(queue) == 0)
            }
            await client.delete([queue, dead])
        }
    }
}
