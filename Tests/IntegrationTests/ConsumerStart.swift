import SwiftAMQP

func consumerStart(url: String) async throws -> AMQPShutdownReport {
    let client = try AMQPClient(
        configuration: AMQPClientConfiguration(try AMQPConfiguration(url: url)),
        topology: AMQPTopology(queues: [.quorum("swiftamqp-jobs"), .classic("swiftamqp-results")]))

    // Handles four at a time. A handler that throws gets the message again after a while, five times at most.
    let consumer = try client.consume("swiftamqp-jobs", prefetch: 64, maximumConcurrency: 4) { delivery in
        try await client.publish(AMQPMessage("done: \(delivery.text)"), to: .queue("swiftamqp-results"))
        return .ack
    }
    for number in 1...100 { try await client.publish(AMQPMessage("job \(number)"), to: .queue("swiftamqp-jobs")) }
    while consumer.counts.acked < 100 { try await Task.sleep(for: .milliseconds(10)) }

    // Takes no more deliveries, lets handlers come to their end and settle, finishes what they published, and says how it went.
    return await client.shutdown(deadline: .seconds(10))
}
