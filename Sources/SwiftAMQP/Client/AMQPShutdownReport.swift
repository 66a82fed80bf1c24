/// What a shutdown came to.
public struct AMQPShutdownReport: Sendable, Hashable, CustomStringConvertible {
    /// How the publishes ended that were handed in before and had no outcome yet.
    public var publishes = AMQPPublishCounts()
    /// How many of them were given up because the deadline had passed: not sent if nothing of them went out, else
    /// unknown.
    public var abandoned = 0
    /// Whether the deadline cut the shutdown short.
    public var isTimedOut = false

    public var description: String {
        "\(publishes)" + (isTimedOut ? "; the deadline passed with \(abandoned) unfinished" : "")
    }
}
