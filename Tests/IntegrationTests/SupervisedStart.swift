import SwiftAMQP

func supervisedStart(url: String) async throws -> AMQPShutdownReport {
    // Connects when it is first needed, comes back when it is lost, and then declares all of this before anything else.
    let client = try AMQPClient(
        configuration: AMQPClientConfiguration(try AMQPConfiguration(url: url)),
        topology: AMQPTopology(
            exchanges: [.topic("swiftamqp-events")],
            queues: [.classic("swiftamqp-audit")],
            bindings: [.queue("swiftamqp-audit", to: "swiftamqp-events", routingKey: "order.#")]))

    // Returns once the broker has confirmed it, over as many connections as that takes, within 30 s.
    let address = AMQPAddress.exchange("swiftamqp-events", routingKey: "order.created")
    let receipt = try await client.publish(AMQPMessage("first"), to: address)
    print("\(receipt.messageID ?? "") took \(receipt.attempts) attempt(s)")

    // A stream: up to 1,000 messages wait for their confirms at a time.
    let publisher = try client.publisher(window: 1000)
    for number in 1...99 { try await publisher.enqueue(AMQPMessage("order \(number)"), to: address) }
    print(await publisher.flush().counts)

    // Takes nothing new, finishes what was handed in, and says how it went.
    return await client.shutdown(deadline: .seconds(10))
}
