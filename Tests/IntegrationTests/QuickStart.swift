import SwiftAMQP

func quickStart(url: String) async throws -> [String] {
    // The connection is closed when the closure returns, throws or is cancelled.
    try await AMQPConnection.withConnection(AMQPConfiguration(url: url)) { connection in
        try await connection.withChannel { channel in
            let orders = try await channel.declare(.classic("swiftamqp-quick-start"))

            // Returns once the broker has confirmed the message; throws if it did not.
            try await channel.publish(AMQPMessage("first"), to: .queue(orders.name))

            // Pipelined: up to 1,000 messages wait for their confirms at a time; the scope awaits all of them.
            try await channel.withPublisher(window: 1000) { publisher in
                for number in 1...99 {
                    try await publisher.send(AMQPMessage("order \(number)"), to: .queue(orders.name))
                }
            }

            // Leaving the loop cancels the consumer; what was not handed out goes back to the queue.
            return try await channel.withConsumer(orders.name, prefetch: 200) { deliveries in
                var texts: [String] = []
                for try await delivery in deliveries {
                    texts.append(delivery.text)
                    try delivery.ack()
                    if texts.count == 100 { break }
                }
                return texts
            }
        }
    }
}
