import SwiftAMQP
import TestSupport
import Testing

@Suite("What arguments make of queues", .timeLimit(.minutes(1)))
struct QueueKindTests {
    @Test("what expires is dead-lettered, with the reason in its headers")
    func expiry() async throws {
        try await withChannel { channel in
            let dead = try await channel.ownQueue()
            let queue = try await channel.ownQueue(arguments: [
                "x-dead-letter-exchange": "", "x-dead-letter-routing-key": .string(dead),
                "x-message-ttl": .int32(10),
            ])
            try await channel.publish(AMQPMessage("late"), to: .queue(queue))
            let delivery = try await channel.drain(dead, count: 1)[0]
            #expect(delivery.text == "late")
            let death = delivery.properties.headers["x-death"]?.array?.first?.table
            #expect(death?["reason"]?.string == "expired")
            #expect(death?["queue"]?.string == queue)
            #expect(death?["count"]?.integer == 1)
        }
    }

    @Test("a full queue drops its head")
    func dropHead() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue(arguments: ["x-max-length": .int32(3)])
            try await channel.publish(texts: (0..<10).map { "\($0)" }, to: queue)
            #expect(try await channel.drain(queue, count: 3).map(\.text) == ["7", "8", "9"])
        }
    }

    @Test("a priority queue gives the urgent out first")
    func priorities() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue(arguments: ["x-max-priority": .int32(10)])
            for priority in [UInt8(1), 9, 5, 0] {
                try await channel.publish(
                    AMQPMessage("\(priority)", properties: .init(priority: priority)), to: .queue(queue))
            }
            #expect(try await channel.drain(queue, count: 4).map(\.text) == ["9", "5", "1", "0"])
        }
    }

    @Test("a quorum queue counts deliveries and gives up on a message")
    func deliveryLimit() async throws {
        try await withChannel { channel in
            let dead = try await channel.ownQueue()
            let name = uniqueName("quorum")
            try await channel.declare(
                .quorum(name, deliveryLimit: 2, deadLetterExchange: "", deadLetterRoutingKey: dead))
            try await channel.publish(AMQPMessage("poison"), to: .queue(name))
            var counts: [Int64] = []
            try await channel.withConsumer(name, prefetch: 1) { deliveries in
                for try await delivery in deliveries {
                    counts.append(delivery.properties.headers["x-delivery-count"]?.integer ?? 0)
                    #expect(delivery.isRedelivered == (counts.count > 1))
                    try delivery.nack(requeue: true)
                    if counts.count == 3 { break }
                }
            }
            #expect(counts == [0, 1, 2])
            #expect(try await channel.drain(dead, count: 1)[0].text == "poison")
            try await channel.delete(queue: name)
        }
    }

    @Test("a stream is read from its beginning as often as one likes")
    func stream() async throws {
        try await withChannel { channel in
            let name = uniqueName("stream")
            try await channel.declare(.stream(name, maximumLengthBytes: 10_000_000))
            try await channel.publish(texts: (0..<500).map { "\($0)" }, to: name)
            for start in [Int64(0), 0, 400] {
                let texts = try await channel.withConsumer(
                    name, prefetch: 50, arguments: ["x-stream-offset": .int64(start)]
                ) { deliveries in
                    var texts: [String] = []
                    for try await delivery in deliveries {
                        try delivery.ack()
                        // A stream hands out whole chunks: what comes before the offset is skipped by the reader.
                        let offset = try #require(delivery.properties.headers["x-stream-offset"]?.integer)
                        if offset >= start { texts.append(delivery.text) }
                        if delivery.text == "499" { break }
                    }
                    return texts
                }
                #expect(texts == (Int(start)..<500).map { "\($0)" })
            }
            try await channel.delete(queue: name)
        }
    }
}
