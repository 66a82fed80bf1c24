import SwiftAMQP
import TestSupport

/// Everything in the public interface that waits, on a channel or a connection that others use too.
enum RandomOperation: CaseIterable, Sendable {
    case openChannel, declare, bind, publish, publishUnconfirmed, enqueue, outcome, publisher, consumer, next, get
    case confirmSelect, recover, qos, updateSecret, events, returns, closeChannel, flush

    /// Runs it to its end. Where it waits for what never comes, it waits until it is cancelled or the connection ends.
    func run(on connection: AMQPConnection, _ channel: AMQPChannel, _ live: LiveObjects) async throws {
        let message = AMQPMessage("m")
        let address = AMQPAddress.queue("q")
        switch self {
        case .openChannel: live.note(try await connection.openChannel())
        case .declare: try await channel.declare(AMQPQueue(name: "q"))
        case .bind: try await channel.bind(queue: "q", to: "e")
        case .publish: try await channel.publish(message, to: address)
        case .publishUnconfirmed: try await channel.publishUnconfirmed(message, to: address)
        case .enqueue: _ = try await channel.enqueue(message, to: address)
        case .outcome: _ = await (try await channel.enqueue(message, to: address)).outcome
        case .publisher:
            try await channel.withPublisher(window: 3) { publisher in
                for _ in 0..<10 { try await publisher.send(message, to: address) }
            }
        case .flush:
            try await channel.withPublisher(window: 3) { publisher in
                try await publisher.send(message, to: address)
                _ = await publisher.flush()
            }
        case .consumer:
            try await channel.withConsumer("q", prefetch: 3) { deliveries in
                for try await delivery in deliveries {
                    try delivery.ack()
                    if delivery.deliveryTag % 3 == 0 { break }
                }
            }
        case .next:
            // More than there will ever be.
            try await channel.withConsumer("q", prefetch: 3) { deliveries in
                for try await delivery in deliveries { try delivery.nack(requeue: true) }
            }
        case .get: try await channel.get("q")?.delivery.ack()
        case .confirmSelect: try await channel.confirmSelect()
        case .recover: try await channel.recover()
        case .qos: try await channel.qos(prefetch: 5)
        case .updateSecret: try await connection.updateSecret("guest", reason: "test")
        case .events: _ = await connection.events.first { _ in false }
        case .returns: _ = await channel.returns.first { _ in false }
        case .closeChannel:
            let own = try await connection.openChannel()
            live.note(own)
            await own.close()
        }
    }

    /// Whether it waits for what may never come: only a cancellation, or the end of the connection, ends it.
    var isEndless: Bool {
        switch self {
        case .next, .events, .returns, .consumer: true
        default: false
        }
    }
}
