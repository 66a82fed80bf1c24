/// The deliveries of a supervised consumer, as a sequence that goes on over lost connections.
///
/// A delivery belongs to the connection it came on. If that is lost before the delivery is settled, settling throws `.stale`,
/// nothing is written, and the message comes again, marked as redelivered: a loop that should go on then uses
/// ``AMQPDelivery/ackUnlessStale(multiple:)``, or catches that error.
///
/// Taking the next delivery does not suspend while some are there. The sequence ends with `nil` when the client is shut down,
/// and throws when the broker has ended the consumer for good, or the task is cancelled. Any number of tasks may iterate: each
/// delivery goes to one of them.
public struct AMQPClientDeliveries: AsyncSequence, Sendable {
    let consumer: SupervisedConsumer
    /// The client goes on as long as its deliveries may be taken.
    private let client: AMQPClient

    init(consumer: SupervisedConsumer, client: AMQPClient) {
        self.consumer = consumer
        self.client = client
    }

    /// The tag of the consumer, the same on every connection.
    public var consumerTag: String { consumer.tag }

    /// Ends the subscription before its scope does: awaits the broker's answer, after which nothing more is delivered, and
    /// gives back what was not given out. What was can be settled until the scope ends. Cancelling the task does not cut it
    /// short; the request has its deadline.
    public func cancel() async { await consumer.unsubscribeForGood() }

    public func makeAsyncIterator() -> Iterator { Iterator(consumer: consumer) }

    public struct Iterator: AsyncIteratorProtocol {
        private let consumer: SupervisedConsumer
        private var budget = TimeBudget()

        init(consumer: SupervisedConsumer) { self.consumer = consumer }

        /// The next delivery, or `nil` when the client is shut down.
        ///
        /// - Throws: Why the broker has ended the consumer for good; `.cancelled`; why the client ended.
        public mutating func next() async throws(AMQPError) -> AMQPDelivery? {
            try await next(isolation: nil)
        }

        /// As ``next()``. It runs where its caller runs, whatever `actor` says.
        public nonisolated(nonsending) mutating func next(
            isolation actor: (any Actor)?
        ) async throws(AMQPError) -> AMQPDelivery? {
            if budget.isSpent() { await Task.yield() }
            if let delivery = await consumer.source.next() { return delivery }
            if case .failed(let error) = consumer.source.ended { throw error }
            guard consumer.source.ended == nil else { return nil }
            throw AMQPError(
                .cancelled, "the task that consumed from queue '\(consumer.configuration.queue)' was cancelled")
        }
    }
}
