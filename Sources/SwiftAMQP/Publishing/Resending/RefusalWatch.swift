/// When to give up a channel on which the broker refuses everything. Pure; times are nanoseconds.
///
/// RabbitMQ 3.10 looks for the leader of a quorum queue once a channel (rabbit_fifo_client): one whose first publish to the
/// queue comes while there is no leader is refused for as long as the old one is away, while another channel gets through.
/// Where the refusals have another reason, such as a full queue, another channel does no good and little harm, so it is
/// tried less and less often.
struct RefusalWatch {
    static let firstPatience: Int64 = 1_000_000_000
    static let mostPatience: Int64 = 30_000_000_000

    /// The first refusal since the last confirm, on the channel of now.
    private var since: Int64?
    private var patience = firstPatience

    @inline(__always)
    mutating func confirmed() {
        guard since != nil else { return }
        since = nil
        patience = Self.firstPatience
    }

    /// - Returns: Whether it is time for another channel.
    mutating func refused(now: Int64) -> Bool {
        guard let since else {
            since = now
            return false
        }
        let (time, overflow) = now.subtractingReportingOverflow(since)
        guard !overflow, time >= patience else { return false }
        self.since = nil
        patience = min(patience * 2, Self.mostPatience)
        return true
    }

    /// Publishes go to another channel.
    mutating func channelChanged() { since = nil }
}
