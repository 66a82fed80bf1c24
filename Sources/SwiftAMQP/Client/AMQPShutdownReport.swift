/// What a shutdown came to.
public struct AMQPShutdownReport: Sendable, Hashable, CustomStringConvertible {
    /// How the publishes ended that were handed in before and had no outcome yet.
    public var publishes = AMQPPublishCounts()
    /// How many of them were given up because the deadline had passed: not sent if nothing of them went out, else
    /// unknown.
    public var abandoned = 0
    /// What became of the deliveries of supervised consumers while the client was being shut down. What was not handled
    /// goes back to its queue; here as requeued as far as this side did it, not by the end of the connection.
    public var deliveries = AMQPDeliveryCounts()
    /// How many handlers had not come back by the deadline. Their tasks were cancelled, and what they settle is stale.
    public var unfinishedHandlers = 0
    /// Whether the deadline cut the shutdown short.
    public var isTimedOut = false

    public var description: String {
        "publishes: \(publishes); deliveries: \(deliveries)"
            + (isTimedOut
                ? "; the deadline passed with \(abandoned) publishes and \(unfinishedHandlers) handlers unfinished"
                : "")
    }
}
