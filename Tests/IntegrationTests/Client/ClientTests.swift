import SwiftAMQP
import TestSupport
import Testing

@Suite("The supervised client", .timeLimit(.minutes(2)))
struct ClientTests {
    @Test("publishes to what it declared, and says how it went")
    func publishing() async throws {
        let queue = uniqueName("client")
        let topology = AMQPTopology(queues: [.classic(queue)])
        try await withClient(topology: topology) { client in
            let receipt = try await client.publish(AMQPMessage("one"), to: .queue(queue))
            #expect(receipt.attempts == 1)
            #expect(receipt.messageID != nil)
            let own = try await client.publish(
                AMQPMessage("two", properties: .with(messageID: "mine")), to: .queue(queue))
            #expect(own.messageID == "mine")
            #expect(client.publishCounts.confirmed == 2)
            #expect(client.health().isReady)
            #expect(client.health().isLive())
            #expect(try await client.status(ofQueue: queue).messageCount == 2)
            try await client.delete(queue: queue)
            #expect(client.topology.isEmpty)
        }
    }

    @Test("an unroutable message is returned, not sent again")
    func unroutable() async throws {
        try await withClient { client in
            let error = await #expect(throws: AMQPError.self) {
                try await client.publish(AMQPMessage("x"), to: .queue(uniqueName("nowhere")))
            }
            #expect(error?.code == .returned)
            #expect(error?.outcome == .returned(replyCode: 312, replyText: "NO_ROUTE"))
        }
    }

    @Test("a window of publishes goes through in order")
    func window() async throws {
        let queue = uniqueName("client")
        try await withClient(topology: AMQPTopology(queues: [.classic(queue)])) { client in
            let publisher = try client.publisher(window: 100)
            for number in 0..<5000 { try await publisher.enqueue(AMQPMessage("\(number)"), to: .queue(queue)) }
            await publisher.flush()
            #expect(client.publishCounts.confirmed == 5000)
            await publisher.close()
            let error = await #expect(throws: AMQPError.self) {
                try await publisher.enqueue(AMQPMessage("x"), to: .queue(queue))
            }
            #expect(error?.code == .closed)
            // What was not taken is in the report of those who must know that it was not, and in no count.
            #expect(await publisher.flush().counts.notSent == 1)
            #expect(client.publishCounts.notSent == 0)
            try await withChannel { channel in
                let taken = try await channel.drain(queue, count: 5000)
                #expect(taken.map(\.message.text) == (0..<5000).map(String.init))
            }
            try await client.delete(queue: queue)
        }
    }
}

extension AMQPProperties {
    fileprivate static func with(messageID: String) -> AMQPProperties {
        var properties = AMQPProperties.persistent
        properties.messageID = messageID
        return properties
    }
}
