/// Is told what happens to a ``PolledConsumer``. Called on any thread, also on the one that serves the sockets, with no lock
/// held. It must not wait.
package protocol PolledConsumerListener: AnyObject, Sendable {
    /// There may be something to take.
    func hasDeliveries()
    /// One of the events of consumers, on the consumer's task.
    func didReport(_ event: AMQPClientEvent)
}

/// A supervised consumer whose deliveries are taken by whoever has no task to wait with.
package final class PolledConsumer: Sendable {
    private let consumer: SupervisedConsumer
    private let client: AMQPClient

    /// Begins to consume.
    ///
    /// - Throws: `.invalidConfiguration`; `.closed` once the client is being shut down.
    package init(
        _ client: AMQPClient, _ configuration: AMQPConsumerConfiguration, listener: any PolledConsumerListener
    ) throws(AMQPError) {
        self.client = client
        consumer = try client.core.makeConsumer(configuration) { [weak listener] in listener?.didReport($0) }
        consumer.source.onSurplus { [weak listener] in listener?.hasDeliveries() }
        consumer.ended.whenCompleted { [weak listener] _ in listener?.hasDeliveries() }
        client.core.start(consumer)
    }

    package var tag: String { consumer.tag }

    /// Takes what is there, up to `maximum`, in order.
    ///
    /// - Returns: Whether that was all for now. If not, the listener is not told of the rest.
    package func take(upTo maximum: Int, into taken: inout [AMQPDelivery]) -> Bool {
        consumer.source.take(upTo: maximum, into: &taken)
    }

    /// Has what was settled so far written, because nobody will ask for more for the moment.
    package func flush() { consumer.source.flush() }

    /// Whether the subscription is over: what can be taken now is the last. `.some(nil)` if this program ended it.
    package var ended: AMQPError?? {
        guard case .success(let error) = consumer.ended.outcome else { return nil }
        return .some(error)
    }

    /// Ends it in good order, and waits until what was taken is settled.
    ///
    /// - Returns: Whether it was by `deadline`.
    package func cancel(within deadline: Duration) async -> Bool {
        await client.core.cancel(consumer, within: deadline)
    }

    /// Ends it without waiting; what is not settled goes back.
    ///
    /// - Parameter listener: Is kept until it has been told of the end.
    package func abandon(holding listener: any PolledConsumerListener) {
        Task { [client, consumer] in
            await client.core.leave(consumer)
            listener.hasDeliveries()
        }
    }
}
