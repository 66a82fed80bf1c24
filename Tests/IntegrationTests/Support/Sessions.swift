import SwiftAMQP
import Synchronization
import TestSupport

private let nameCounter = Atomic<Int>(0)

/// A name that no other test of any process uses.
func uniqueName(_ base: String) -> String {
    "\(base)-\(UInt32.random(in: .min ... .max))-\(nameCounter.add(1, ordering: .relaxed).newValue)"
}

/// A connection to a broker.
@discardableResult
func withConnection<Value>(
    to broker: Broker? = nil, configure: (inout AMQPConfiguration) -> Void = { _ in },
    _ body: (AMQPConnection) async throws -> Value
) async throws -> Value {
    let broker = if let broker { broker } else { try await Broker.shared }
    var configuration = try AMQPConfiguration(url: broker.url)
    configure(&configuration)
    return try await AMQPConnection.withConnection(configuration) { connection in try await body(connection) }
}

/// A connection with one channel.
@discardableResult
func withChannel<Value>(
    to broker: Broker? = nil, configure: (inout AMQPConfiguration) -> Void = { _ in },
    _ body: (AMQPChannel) async throws -> Value
) async throws -> Value {
    try await withConnection(to: broker, configure: configure) { connection in
        try await connection.withChannel { channel in try await body(channel) }
    }
}

extension AMQPChannel {
    /// An empty queue of this connection's own; gives its name.
    func ownQueue(arguments: AMQPTable = [:]) async throws -> String {
        try await declare(.serverNamed(arguments: arguments)).name
    }

    /// Publishes texts, each confirmed.
    func publish(texts: some Sequence<String>, to queue: String) async throws {
        try await withPublisher { publisher in
            for text in texts { try await publisher.send(AMQPMessage(text), to: .queue(queue)) }
        }
    }

    /// Takes and acknowledges this many messages.
    func drain(_ queue: String, count: Int, prefetch: AMQPPrefetch = 200) async throws -> [AMQPDelivery] {
        try await take(queue, count: count, prefetch: prefetch) { delivery in try delivery.ack() }
    }

    /// Takes this many messages.
    func take(
        _ queue: String, count: Int, prefetch: AMQPPrefetch = 200, _ settle: (AMQPDelivery) throws -> Void = { _ in }
    ) async throws -> [AMQPDelivery] {
        var taken: [AMQPDelivery] = []
        guard count > 0 else { return taken }
        try await withConsumer(queue, prefetch: prefetch) { deliveries in
            for try await delivery in deliveries {
                taken.append(delivery)
                try settle(delivery)
                if taken.count == count { break }
            }
        }
        return taken
    }

    /// How many messages of a queue are ready to be delivered.
    ///
    /// The broker may count before it does what this channel told it without asking for an answer (acks, publishes
    /// without a confirm): in a queue's process that question has priority. ``readyInOrder(_:)`` has not.
    func ready(_ queue: String) async throws -> Int { Int(try await status(ofQueue: queue).messageCount) }

    /// How many messages are ready, after everything that this channel did before. Flags the first as redelivered.
    func readyInOrder(_ queue: String) async throws -> Int {
        guard let (delivery, remaining) = try await get(queue) else { return 0 }
        try delivery.nack(requeue: true)
        return Int(remaining) + 1
    }
}
