import SwiftAMQP
import TestSupport
import Testing

@Suite("Automatic acknowledgement", .timeLimit(.minutes(1)))
struct AutomaticAckTests {
    @Test("deliveries are the consumer's without an ack, which is refused")
    func automatic() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            try await channel.publish(texts: (0..<1000).map { "\($0)" }, to: queue)
            var texts: [String] = []
            try await channel.withConsumer(queue, acknowledgement: .automatic) { deliveries in
                for try await delivery in deliveries {
                    texts.append(delivery.text)
                    await expectError(.alreadySettled) { try delivery.ack() }
                    if texts.count == 1000 { break }
                }
            }
            #expect(texts == (0..<1000).map { "\($0)" })
            #expect(try await channel.ready(queue) == 0)
        }
    }

    @Test("a small buffer slows the reading down and loses nothing")
    func backpressure() async throws {
        let broker = try await Broker.shared
        let queue = uniqueName("backpressure")
        let count = 20_000
        try await withChannel(to: broker) { channel in
            try await channel.declare(.classic(queue))
            try await channel.withPublisher { publisher in
                for number in 0..<count {
                    try await publisher.send(
                        AMQPMessage(body: Array("\(number)".utf8) + Array(repeating: 32, count: 1000)),
                        to: .queue(queue))
                }
            }
            try await withChannel(to: broker) { consuming in
                let limit = AMQPAcknowledgement.AutomaticLimit(maximumMessages: 4000, maximumBytes: 64 << 20)
                try await consuming.withConsumer(queue, acknowledgement: .automatic(bufferLimit: limit)) { deliveries in
                    var next = 0
                    for try await delivery in deliveries {
                        // Slower than the broker sends: the ready count tells that it was made to wait.
                        if next % 2000 == 0 { _ = try await channel.ready(queue) }
                        if !delivery.text.hasPrefix("\(next) ") {
                            Issue.record("\(delivery.text.prefix(8)) in place of \(next)")
                            break
                        }
                        next += 1
                        if next == count { break }
                    }
                    #expect(next == count)
                }
            }
            try await channel.delete(queue: queue)
        }
    }

    @Test("a consumer that falls behind further than its buffer ends, while the channel goes on answering")
    func overflow() async throws {
        let queue = uniqueName("overflow")
        try await withChannel { publishing in
            try await publishing.declare(.classic(queue))
            try await publishing.publish(texts: (0..<5000).map { "\($0)" }, to: queue)
            try await withChannel { channel in
                let limit = AMQPAcknowledgement.AutomaticLimit(maximumMessages: 100, maximumBytes: 1 << 20)
                let deliveries = try await channel.consume(queue, acknowledgement: .automatic(bufferLimit: limit))
                // Answers keep the connection reading, past the watermark.
                for _ in 0..<200 { _ = try await channel.status(ofQueue: queue) }
                var count = 0
                await expectError(.overflow) { for try await _ in deliveries { count += 1 } }
                #expect(count >= 100)
                #expect(channel.isOpen)
            }
            try await publishing.delete(queue: queue)
        }
    }
}
