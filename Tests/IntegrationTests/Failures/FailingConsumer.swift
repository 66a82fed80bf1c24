import TestSupport

@testable import SwiftAMQP

/// A consumer whose handler always fails, on a connection of its own; copies go through a supervised client.
final class FailingConsumer: Sendable {
    /// One delivery that arrived, and when.
    struct Arrival: Sendable {
        var text: String
        var retryCount: Int
        var isRedelivered: Bool
        var messageID: String?
        var time: ContinuousClock.Instant
    }

    let queue: String
    let failures: FailedDeliveries
    private let log = Locked<[Arrival]>([])
    private let events: Locked<[AMQPFailureEvent]>

    var arrivals: [Arrival] { log.withLock { $0 } }

    var actions: [AMQPFailureEvent.Action] { events.withLock { $0.map(\.action) } }

    /// The queues that copies were confirmed in, in order.
    var targets: [String] {
        actions.compactMap { action in
            switch action {
            case .retried(let queue), .parked(let queue): queue
            case .requeued, .rejected, .publishFailed: nil
            }
        }
    }

    init(
        _ policy: AMQPFailurePolicy, queue: String, client: AMQPClient,
        afterPublish: @escaping @Sendable () async -> Void = {}
    ) {
        self.queue = queue
        let events = Locked<[AMQPFailureEvent]>([])
        self.events = events
        failures = FailedDeliveries(policy: policy, queue: queue) { (message, address) throws(AMQPError) in
            try await client.publish(message, to: address)
            await afterPublish()
        } report: { event in
            events.withLock { $0.append(event) }
        }
    }

    /// Fails what comes until `isOver`, looked at after each delivery and each event of the broker.
    func run(on channel: AMQPChannel) async throws {
        try await channel.withConsumer(queue, prefetch: 10) { deliveries in
            for try await delivery in deliveries {
                log.withLock {
                    $0.append(
                        Arrival(
                            text: delivery.text, retryCount: delivery.retryCount,
                            isRedelivered: delivery.isRedelivered, messageID: delivery.properties.messageID,
                            time: .now))
                }
                failures.take(delivery, error: AMQPHandlerFailure(kind: "Broken", text: "it broke"))
            }
        }
    }

    /// Runs `body` while everything that comes fails.
    func whileFailing(on channel: AMQPChannel, _ body: () async throws -> Void) async throws {
        let task = Task { try await run(on: channel) }
        defer { task.cancel() }
        try await body()
        task.cancel()
        _ = await task.result
        await failures.idle()
    }
}

extension AMQPQueue {
    /// The kinds of queue that work is taken from.
    static func work(_ kind: AMQPRetryQueues.Kind, _ name: String, deadLetterTo queue: String? = nil) -> AMQPQueue {
        let exchange = queue.map { _ in "" }
        return kind == .quorum
            ? .quorum(name, deadLetterExchange: exchange, deadLetterRoutingKey: queue)
            : .classic(name, deadLetterExchange: exchange, deadLetterRoutingKey: queue)
    }
}

extension AMQPClient {
    /// Deletes the queues of a test.
    func delete(_ queues: [String]) async {
        for queue in queues { _ = try? await delete(queue: queue) }
    }
}
