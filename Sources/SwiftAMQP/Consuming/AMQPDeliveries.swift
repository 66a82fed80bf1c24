internal import Synchronization

/// The deliveries of one consumer, as a sequence.
///
/// Taking the next delivery does not suspend while some are buffered. The sequence ends with `nil` when this program
/// cancelled the consumer or closed the channel, and throws where something else ended it: `.cancelledByBroker`,
/// `.channelException`, the loss of the connection, `.overflow`; a cancelled task gets `.cancelled`. What the program
/// was not given by then goes back to the queue.
///
/// A sequence has one iterator: to handle deliveries in parallel, start tasks from the loop.
public struct AMQPDeliveries: AsyncSequence, Sendable {
    public typealias Element = AMQPDelivery

    let consumer: ConsumerCore

    /// The tag of the consumer.
    public var consumerTag: String { consumer.tag }
    /// The queue that it consumes from.
    public var queue: String { consumer.queue }

    public func makeAsyncIterator() -> Iterator { Iterator(consumer: consumer) }

    /// Takes deliveries out in batches and hands them out one by one.
    public struct Iterator: AsyncIteratorProtocol {
        private let consumer: ConsumerCore
        private var batch: [AMQPDelivery?] = []
        private var position = 0
        private var budget = TimeBudget()
        private var isClaimed = false

        init(consumer: ConsumerCore) { self.consumer = consumer }

        /// The next delivery, or `nil` at the end.
        ///
        /// - Throws: ``AMQPError`` with why the consumer ended, or `.cancelled`.
        public mutating func next() async throws(AMQPError) -> AMQPDelivery? {
            try await next(isolation: nil)
        }

        /// The next delivery, or `nil` at the end, on the executor of the caller.
        ///
        /// - Throws: ``AMQPError`` with why the consumer ended, or `.cancelled`.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(AMQPError) -> AMQPDelivery? {
            if position < batch.count, !consumer.isDiscarded, !Task.isCancelled, !budget.isSpent() { return pop() }
            return try await refillAndPop(isolation: actor)
        }

        @inline(__always)
        private mutating func pop() -> AMQPDelivery? {
            let delivery = batch[position].take()
            position &+= 1
            if let delivery { consumer.handedOut.store(delivery.deliveryTag, ordering: .releasing) }
            return delivery
        }

        private mutating func refillAndPop(
            isolation actor: isolated (any Actor)?
        ) async throws(AMQPError) -> AMQPDelivery? {
            guard isClaimed || consumer.claimIterator() else {
                throw AMQPError(
                    .invalidArgument,
                    "the deliveries of consumer '\(consumer.tag)' are iterated already; a sequence has one iterator")
            }
            isClaimed = true
            if Task.isCancelled { throw cancelled }
            if position < batch.count, !consumer.isDiscarded {
                await Task.yield()
                return pop()
            }
            while true {
                batch.removeAll(keepingCapacity: batch.capacity <= 4096)
                position = 0
                switch consumer.refill(&batch) {
                case .filled:
                    // A busy queue would otherwise never let the pool's other tasks run.
                    if budget.isSpent() { await Task.yield() }
                    return pop()
                case .ended(.cancelled): return nil
                case .ended(.failed(let error)): throw error
                case .empty:
                    budget.restart()
                    await consumer.waitForMore()
                    if Task.isCancelled { throw cancelled }
                }
            }
        }

        private var cancelled: AMQPError {
            AMQPError(.cancelled, "the task that consumed from queue '\(consumer.queue)' was cancelled")
        }
    }
}
