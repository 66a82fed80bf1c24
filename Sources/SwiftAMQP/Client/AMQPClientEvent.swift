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
