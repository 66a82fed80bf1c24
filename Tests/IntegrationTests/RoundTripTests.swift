import SwiftAMQP
import TestSupport
import Testing

@Suite("Publish and consume against a real broker")
struct RoundTripTests {
    @Test("a message goes through a queue and is acknowledged")
    func roundTrip() async throws {
        let broker = try await Broker.shared
        try await AMQPConnection.withConnection(AMQPConfiguration(url: broker.url)) { connection in
            try await connection.withChannel { channel in
                let queue = try await channel.declare(.serverNamed())
                try await channel.publish(AMQPMessage("hello"), to: .queue(queue.name))
                try await channel.withPublisher(window: 100) { publisher in
                    for number in 0..<10_000 {
                        try await publisher.send(AMQPMessage("\(number)"), to: .queue(queue.name))
                    }
                }
                let texts = try await channel.withConsumer(queue.name, prefetch: 200) { deliveries in
                    var texts: [String] = []
                    for try await delivery in deliveries {
                        texts.append(delivery.text)
                        try delivery.ack()
                        if texts.count == 10_001 { break }
                    }
                    return texts
                }
                #expect(texts == ["hello"] + (0..<10_000).map { "\($0)" })
                let status = try await channel.status(ofQueue: queue.name)
                #expect(status.messageCount == 0)
            }
        }
    }
}
