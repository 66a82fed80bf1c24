/// Consumes from a queue with a handler, over as many connections as it takes.
///
/// ```swift
/// let consumer = try AMQPConsumer(client, queue: "orders", prefetch: 64, maximumConcurrency: 16) { delivery in
///     try await process(delivery)
///     return .ack
/// }
/// ```
///
/// After a lost connection, a cancel by the broker or a channel exception it subscribes again, once, under the same tag. What
/// was delivered before and not settled comes again, marked as redelivered; a handler that is still busy with it then settles
/// nothing. A message may so be handled twice, never not at all.
///
/// A handler runs in a task of the consumer's own. It may publish, declare and consume with the same client. The consumer
/// belongs to its client and goes on when this handle is let go of. A handler that holds the client, or this handle, keeps
/// the client until the consumer is cancelled or the client shut down; then everything is let go of.
public final class AMQPConsumer: Sendable {
    /// Handles one delivery and says what becomes of it. Throwing is the same as returning ``AMQPSettlement/retry``.
    public typealias Handler = @Sendable (AMQPDelivery) async throws -> AMQPSettlement

    private let core: SupervisedConsumer
    private let client: AMQPClient

    /// Begins to consume.
    ///
    /// - Parameters:
    ///   - client: Whose connection to use; it connects if it has not yet.
    ///   - queue: The queue.
    ///   - prefetch: How many deliveries may be unsettled.
    ///   - maximumConcurrency: How many are handled at a time; with 1 strictly in order.
    ///   - handler: Handles one delivery.
    /// - Throws: `.invalidConfiguration`; `.closed` once the client is being shut down.
    public convenience init(
        _ client: AMQPClient, queue: String, prefetch: AMQPPrefetch = 64, maximumConcurrency: Int = 1,
        handler: @escaping Handler
    ) throws(AMQPError) {
        var configuration = AMQPConsumerConfiguration(queue: queue)
        configuration.prefetch = prefetch
        configuration.maximumConcurrency = maximumConcurrency
        try self.init(client, configuration, handler: handler)
    }

    /// Begins to consume, with everything that can be said of a consumer.
    ///
    /// - Throws: As ``init(_:queue:prefetch:maximumConcurrency:handler:)``.
    public convenience init(
        _ client: AMQPClient, _ configuration: AMQPConsumerConfiguration, handler: @escaping Handler
    ) throws(AMQPError) {
        try self.init(client, configuration, watcher: nil, handler: handler)
    }

    /// - Parameter watcher: Is told the events of this consumer, on its task.
    package init(
        _ client: AMQPClient, _ configuration: AMQPConsumerConfiguration,
        watcher: (@Sendable (AMQPClientEvent) -> Void)?, handler: @escaping Handler
    ) throws(AMQPError) {
        core = try client.core.makeConsumer(configuration, watcher: watcher)
        self.client = client
        client.core.start(core, handler)
    }

    /// The consumer's name at the broker, the same on every connection.
    public var tag: String { core.tag }

    /// What became of its deliveries so far.
    public var counts: AMQPDeliveryCounts { core.counters.snapshot }

    /// Waits until the consumer has ended, and cancels it when the task is cancelled: for programs whose parts are tasks.
    ///
    /// - Throws: Why the broker has ended it for good, or why the client ended. Not if this program ended either.
    public func run() async throws(AMQPError) {
        let outcome = await withTaskCancellationHandler {
            await core.ended.wait()
        } onCancel: { [self] in
            Task { await cancel() }
        }
        // Handlers may run on: the consumer is over when they are.
        if Task.isCancelled { await cancel() }
        if case .success(let error?) = outcome { throw error }
    }

    /// Ends the consumer: the broker delivers nothing more, what was not handled goes back to the queue, handlers that run
    /// come to their end and settle. Later calls wait as well.
    ///
    /// Called by a handler of this very consumer it waits for that handler, too, and so for the deadline: start a task for
    /// it instead.
    ///
    /// - Parameter deadline: By when; what is not settled then goes back to the queue, and the tasks of handlers that still
    ///   run are cancelled.
    /// - Returns: What became of its deliveries, from beginning to end.
    @discardableResult
    public func cancel(deadline: Duration = .seconds(30)) async -> AMQPDeliveryCounts {
        _ = await cancel(within: deadline)
        return core.counters.snapshot
    }

    /// As ``cancel(deadline:)``.
    ///
    /// - Returns: Whether everything was settled in time.
    package func cancel(within deadline: Duration) async -> Bool {
        await client.core.cancel(core, within: deadline)
    }
}
