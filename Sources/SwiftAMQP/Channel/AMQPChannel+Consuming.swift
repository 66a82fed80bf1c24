internal import AMQPTransport
public import AMQPWire
internal import Synchronization

extension AMQPChannel {
    /// Consumes from a queue for the time of `body`.
    ///
    /// When `body` returns or throws, the consumer is cancelled, and what the program was not given goes back to the
    /// queue. What it was given and did not settle stays unsettled until the channel closes.
    ///
    /// - Parameters:
    ///   - queue: The queue.
    ///   - prefetch: How many deliveries may be unsettled; 64 by default. For auto-ack it has no effect.
    ///   - acknowledgement: By default the program settles each delivery.
    ///   - consumerTag: The consumer's name on this channel; one is made up if there is none.
    ///   - isExclusive: Whether no one else may consume from the queue (403 if somebody does).
    ///   - arguments: Further arguments, for example `x-priority` or a stream's `x-stream-offset`.
    ///   - isolation: The actor to run on; the caller's.
    ///   - body: Iterates the deliveries.
    /// - Throws: `.channelException` 404 if there is no such queue; why the consumer ended, from the iteration; what
    ///   `body` throws.
    @discardableResult
    public func withConsumer<Value>(
        _ queue: String, prefetch: AMQPPrefetch = 64, acknowledgement: AMQPAcknowledgement = .manual,
        consumerTag: String? = nil, isExclusive: Bool = false, arguments: AMQPTable = [:],
        isolation: isolated (any Actor)? = #isolation, _ body: (AMQPDeliveries) async throws -> Value
    ) async throws -> Value {
        let deliveries = try await consume(
            queue, prefetch: prefetch, acknowledgement: acknowledgement, consumerTag: consumerTag,
            isExclusive: isExclusive, arguments: arguments)
        do {
            let value = try await body(deliveries)
            await cancel(deliveries)
            return value
        } catch {
            await cancel(deliveries)
            throw error
        }
    }

    /// Consumes from a queue until ``cancel(_:)``; ``withConsumer(_:prefetch:acknowledgement:consumerTag:isExclusive:arguments:isolation:_:)``
    /// cancels by itself.
    ///
    /// - Throws: `.invalidArgument` for a prefetch of 0 or a tag that is in use; `.channelException`; `.timeout`;
    ///   `.cancelled`.
    public func consume(
        _ queue: String, prefetch: AMQPPrefetch = 64, acknowledgement: AMQPAcknowledgement = .manual,
        consumerTag: String? = nil, isExclusive: Bool = false, arguments: AMQPTable = [:]
    ) async throws(AMQPError) -> AMQPDeliveries {
        try check(arguments)
        let consumer = try await core.subscribe(
            .init(
                queue: queue, tag: consumerTag.flatMap { $0.isEmpty ? nil : $0 } ?? ConsumerTags.next(),
                acknowledgement: acknowledgement, prefetch: try prefetch.wireCount, isExclusive: isExclusive,
                arguments: arguments))
        return AMQPDeliveries(consumer: consumer, channel: self)
    }

    /// Cancels a consumer: awaits the broker's answer, after which nothing more is delivered, and gives back to the
    /// queue what the program was not handed. The sequence ends. Cancelling the task does not cut it short.
    public func cancel(_ deliveries: AMQPDeliveries) async {
        await core.unsubscribe(deliveries.consumer)
    }

    /// Takes one message from a queue (`basic.get`). For tools and tests: a consumer is many times faster.
    ///
    /// - Parameters:
    ///   - queue: The queue.
    ///   - acknowledgement: By default the program settles the delivery.
    /// - Returns: The delivery and how many messages remain, or `nil` if the queue is empty.
    /// - Throws: `.channelException` 404 if there is no such queue.
    public func get(
        _ queue: String, acknowledgement: AMQPAcknowledgement = .manual
    ) async throws(AMQPError) -> (delivery: AMQPDelivery, remaining: UInt32)? {
        let method = AMQPMethod.basicGet(.init(queue: queue, noAck: acknowledgement != .manual))
        if acknowledgement == .manual { core.lock.withLock { core.settles.note(queue: queue) } }
        guard case .message(let delivery, let remaining) = try await core.call(method) else {
            throw Self.unexpectedReply
        }
        return delivery.map { ($0, remaining) }
    }
}

/// Consumer tags of this process. Never left to the broker: a delivery may overtake the answer that would tell the tag.
enum ConsumerTags {
    private static let counter = Atomic<UInt64>(0)

    static func next() -> String {
        "swiftamqp-\(counter.wrappingAdd(1, ordering: .relaxed).newValue)"
    }
}
