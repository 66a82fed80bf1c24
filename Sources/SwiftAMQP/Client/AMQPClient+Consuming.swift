extension AMQPClient {
    /// Consumes from a queue until the consumer is cancelled or the client ends, over as many connections as that takes.
    /// Begins at once.
    ///
    /// - Parameters:
    ///   - queue: The queue.
    ///   - prefetch: How many deliveries may be unsettled.
    ///   - maximumConcurrency: How many are handled at a time; with 1 strictly in order.
    ///   - handler: See ``AMQPConsumer``.
    /// - Returns: The consumer. It goes on when its handle is let go of.
    /// - Throws: `.invalidConfiguration`; `.closed` once the client is being shut down.
    @discardableResult
    public func consume(
        _ queue: String, prefetch: AMQPPrefetch = 64, maximumConcurrency: Int = 1,
        handler: @escaping AMQPConsumer.Handler
    ) throws(AMQPError) -> AMQPConsumer {
        try AMQPConsumer(
            self, queue: queue, prefetch: prefetch, maximumConcurrency: maximumConcurrency, handler: handler)
    }

    /// As ``consume(_:prefetch:maximumConcurrency:handler:)``, with everything that can be said of a consumer.
    @discardableResult
    public func consume(
        _ configuration: AMQPConsumerConfiguration, handler: @escaping AMQPConsumer.Handler
    ) throws(AMQPError) -> AMQPConsumer {
        try AMQPConsumer(self, configuration, handler: handler)
    }

    /// Consumes from a queue for the time of `body`, which iterates the deliveries of one connection after the other.
    ///
    /// When `body` returns or throws, the consumer is cancelled, and what the program was not given, or did not settle,
    /// goes back to the queue.
    ///
    /// - Parameters:
    ///   - queue: The queue.
    ///   - prefetch: How many deliveries may be unsettled.
    ///   - isolation: The actor to run on; the caller's.
    ///   - body: Iterates the deliveries, and settles them.
    /// - Throws: `.closed` once the client is being shut down; what `body` throws, which includes why the consumer ended.
    @discardableResult
    public func withConsumer<Value>(
        _ queue: String, prefetch: AMQPPrefetch = 64, isolation: isolated (any Actor)? = #isolation,
        _ body: (AMQPClientDeliveries) async throws -> Value
    ) async throws -> Value {
        var configuration = AMQPConsumerConfiguration(queue: queue)
        configuration.prefetch = prefetch
        return try await withConsumer(configuration, body)
    }

    /// As ``withConsumer(_:prefetch:isolation:_:)``, with everything that can be said of a consumer. What concerns handlers
    /// has no effect here.
    @discardableResult
    public func withConsumer<Value>(
        _ configuration: AMQPConsumerConfiguration, isolation: isolated (any Actor)? = #isolation,
        _ body: (AMQPClientDeliveries) async throws -> Value
    ) async throws -> Value {
        let consumer = try core.makeConsumer(configuration)
        core.start(consumer)
        do {
            let value = try await body(AMQPClientDeliveries(consumer: consumer, client: self))
            await core.leave(consumer)
            return value
        } catch {
            await core.leave(consumer)
            throw error
        }
    }
}
