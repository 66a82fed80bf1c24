/// What happens to a supervised client, for logs and metrics. What it is in, is its ``AMQPClient/state``.
public enum AMQPClientEvent: Sendable {
    /// An attempt to connect begins; `attempt` counts from 1 since the last connection.
    case connecting(AMQPLinkRole, endpoint: String, attempt: Int)
    /// An attempt failed.
    case connectFailed(AMQPLinkRole, AMQPError)
    /// The next round of attempts begins after this time.
    case waiting(AMQPLinkRole, Duration)
    /// Connected, and what has to be there is there or was reported.
    case opened(AMQPLinkRole, endpoint: String)
    /// The connection ended.
    case lost(AMQPLinkRole, AMQPError)
    /// The broker takes no publishes until further notice.
    case blocked(AMQPLinkRole, reason: String)
    /// The broker takes publishes again.
    case unblocked(AMQPLinkRole)
    /// What was declared was put in place on a new connection, or tried again.
    case topologyApplied(AMQPTopologyReport)
    /// The channel of a publisher ended; what it left behind is sent again on the next one.
    case publisherChannelLost(AMQPError)
    /// The broker has said consume-ok: a supervised consumer gets deliveries, on a new connection or again.
    case consumerSubscribed(tag: String, queue: String)
    /// The broker refused to subscribe a consumer, or ended it. It is tried again, unless `consumerEnded` follows.
    case consumerLost(tag: String, queue: String, AMQPError)
    /// A consumer takes nothing for this long, because too many of its handlers failed.
    case consumerPaused(tag: String, queue: String, Duration)
    /// A handler failed, and what became of its delivery.
    case deliveryFailed(AMQPFailureEvent)
    /// A handler runs for longer than its consumer's `handlerDeadline`. Its task was cancelled.
    case handlerOverdue(tag: String, queue: String, messageID: String?)
    /// A delivery is not settled, and the broker's `consumer_timeout` comes near, at which it closes the channel. The task of
    /// its handler, if it still runs, was cancelled.
    case acknowledgementOverdue(tag: String, queue: String, messageID: String?)
    /// A consumer has ended; `nil` if this program wanted it.
    case consumerEnded(tag: String, queue: String, AMQPError?)
    /// The client begins to shut down.
    case closing
    /// The client has ended.
    case closed(AMQPError)
}

/// Is told what happens to a client, for logs and metrics.
///
/// Called one event at a time per connection, on the client's own tasks, never with a lock held and never on the thread
/// that serves the sockets. A call that takes long delays the recovery of that client's connection, and its shutdown.
public protocol AMQPClientObserver: Sendable {
    func client(didReport event: AMQPClientEvent)
}
