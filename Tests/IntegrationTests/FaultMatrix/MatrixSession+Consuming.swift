import SwiftAMQP
import TestSupport
import Testing

/// What a fault does to a consumer with manual acknowledgement.
enum ConsumingEffect: Sendable {
    /// Its connection is gone: it goes on with the next one, and what was not settled comes again.
    case newConnection
    /// Its channel is gone: the same, on the same connection.
    case newChannel
    /// It waits, or not even that: nothing comes again.
    case none
}

extension MatrixSession {
    /// How many messages a handler holds while a fault comes.
    static let heldCount = 4
    static let prefetch: UInt16 = 10

    /// As ``run(_:heartbeat:queue:connects:isOrdered:configure:_:)``. Several handlers run at a time, and what comes again
    /// comes out of order.
    static func runConsuming(
        _ broker: Broker? = nil, heartbeat: Duration = .seconds(1), queue: (String) -> AMQPQueue = { .classic($0) },
        configure: (inout AMQPClientConfiguration) -> Void = { _ in }, _ body: (MatrixSession) async throws -> Void
    ) async throws {
        try await run(
            broker, heartbeat: heartbeat, queue: queue, isOrdered: false, configure: configure, body)
    }

    /// A consumer of the queue that is published to. It is subscribed when this returns.
    func consume(
        _ change: (inout AMQPConsumerConfiguration) -> Void = { _ in },
        onHold: @escaping @Sendable (MatrixConsumer.Arrival) async throws -> Void = { _ in }
    ) async throws -> MatrixConsumer {
        var configuration = AMQPConsumerConfiguration(queue: queue)
        configuration.prefetch = .count(Self.prefetch)
        configuration.maximumConcurrency = Int(Self.prefetch)
        change(&configuration)
        let consumer = try MatrixConsumer(client, configuration, log: log, onHold: onHold)
        try await eventually("the consumer is subscribed") { client.health().consumers.last?.isSubscribed == true }
        return consumer
    }

    /// A consumer that holds some messages and has handled some others; gives `body` the consumer and how many there are.
    func withBusyConsumer(
        _ change: (inout AMQPConsumerConfiguration) -> Void = { _ in }, _ body: (MatrixConsumer) async throws -> Void
    ) async throws {
        let consumer = try await consume(change)
        defer { consumer.release() }
        expectConfirmed(try await publish(as: MatrixConsumer.held, count: Self.heldCount))
        try await consumer.expectHeld(Self.heldCount)
        expectConfirmed(try await publish(as: 2, count: Self.handledCount))
        try await consumer.expectHandled(Self.handledCount)
        try await body(consumer)
    }

    /// How many it has handled then.
    static let handledCount = 5

    /// A consumer that is busy meets a fault, while more is published.
    ///
    /// - Parameters:
    ///   - count: How many are published during the fault.
    ///   - size: Of their bodies.
    ///   - fault: The fault.
    ///   - relief: What ends it, while publishes are under way.
    func expectConsumer(
        _ effect: ConsumingEffect, count: Int = 20, size: Int = 64,
        change: (inout AMQPConsumerConfiguration) -> Void = { _ in },
        sourceLocation: SourceLocation = #_sourceLocation, fault: () async throws -> Void,
        relief: () async throws -> Void = {}
    ) async throws {
        try await withBusyConsumer(change) { consumer in
            try await fault()
            let pending = try await enqueue(as: 3, count: count, size: size)
            // Their outcomes come when they come, and are written down then.
            async let outcomes = outcomes(of: pending)
            try await relief()
            switch effect {
            case .newConnection, .newChannel:
                try await consumer.expectStale(Self.heldCount, sourceLocation: sourceLocation)
            case .none: try await consumer.expectAcks(Self.heldCount, sourceLocation: sourceLocation)
            }
            expectConfirmed(await outcomes, sourceLocation: sourceLocation)
            try await consumer.expectHandled(Self.heldCount + Self.handledCount + count, sourceLocation: sourceLocation)
            try await expectEnd(of: consumer, effect, sourceLocation: sourceLocation)
        }
    }

    /// What holds at the end, whatever happened: the consumer is there, once, has done nothing that it may not, and leaves
    /// nothing behind.
    func expectEnd(
        of consumer: MatrixConsumer, _ effect: ConsumingEffect, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let state = await client.state { state in
            // A client is open with its consumers only: looked at in the very moment.
            guard case .open = state else { return false }
            let health = client.health().consumers.first { $0.tag == consumer.consumer.tag }
            #expect(health?.isSubscribed == true, "open without its consumer", sourceLocation: sourceLocation)
            return true
        }
        #expect(state.description == "open", sourceLocation: sourceLocation)
        let health = client.health()
        let own = health.consumers.first { $0.tag == consumer.consumer.tag }
        switch effect {
        case .newConnection:
            #expect(health.consuming?.connectionCount ?? 0 > 1, sourceLocation: sourceLocation)
            #expect(own?.subscriptionCount ?? 0 > 1, sourceLocation: sourceLocation)
        case .newChannel:
            #expect(health.consuming?.connectionCount == 1, sourceLocation: sourceLocation)
            #expect(own?.subscriptionCount ?? 0 > 1, sourceLocation: sourceLocation)
        case .none:
            #expect(health.consuming?.connectionCount == 1, sourceLocation: sourceLocation)
            #expect(own?.subscriptionCount == 1, sourceLocation: sourceLocation)
            consumer.expectNothingRedelivered(sourceLocation: sourceLocation)
        }
        consumer.expectSound(sourceLocation: sourceLocation)
        try await expectOneConsumer(of: own?.queue ?? queue, sourceLocation: sourceLocation)
        try await expectEnd(of: consumer, sourceLocation: sourceLocation)
    }

    /// Nothing is left to settle, so that the consumer ends without waiting for its deadline, and leaves nothing behind.
    func expectEnd(
        of consumer: MatrixConsumer, prefetch: UInt16 = prefetch, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let deadline = Duration.seconds(20) * Deadline.scale
        var counts = AMQPDeliveryCounts()
        let time = await elapsed { counts = await consumer.consumer.cancel(deadline: deadline) }
        #expect(time < deadline, "\(counts), \(proxy.journal)", sourceLocation: sourceLocation)
        #expect(counts.handled == UInt64(consumer.all.count), sourceLocation: sourceLocation)
        try await eventually("nothing is left", sourceLocation: sourceLocation) {
            try await withChannel(to: broker) { try await $0.ready(queue) } == 0
        }
        expectCleanFrames(prefetch: prefetch, sourceLocation: sourceLocation)
    }

    /// The broker knows of one consumer: none has stayed behind on a connection that is gone.
    func expectOneConsumer(of queue: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually("the broker has one consumer", sourceLocation: sourceLocation) {
            try await withChannel(to: broker) { try await $0.status(ofQueue: queue).consumerCount } == 1
        }
    }

    /// No ack, nack or reject went out for what was not delivered on its channel, or twice; the prefetch was kept.
    func expectCleanFrames(prefetch: UInt16 = prefetch, sourceLocation: SourceLocation = #_sourceLocation) {
        let audit = proxy.journal.audit
        #expect(audit.wrongTags.isEmpty, "\(audit.wrongTags) \(proxy.journal)", sourceLocation: sourceLocation)
        #expect(audit.overPrefetch.isEmpty, "\(audit.overPrefetch)", sourceLocation: sourceLocation)
        #expect(audit.mostUnsettled <= Int(prefetch), sourceLocation: sourceLocation)
        #expect(audit.mostUnsettled >= Self.heldCount, "the audit saw nothing", sourceLocation: sourceLocation)
    }
}
