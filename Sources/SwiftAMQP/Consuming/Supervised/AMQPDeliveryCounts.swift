/// What became of the deliveries of a supervised consumer.
public struct AMQPDeliveryCounts: Sendable, Hashable, CustomStringConvertible {
    /// Handlers that came back, whatever they said.
    public var handled: UInt64 = 0
    /// Acknowledged.
    public var acked: UInt64 = 0
    /// Given back to the queue: by the handler, by the failure policy, or because the consumer ended before it was handled.
    public var requeued: UInt64 = 0
    /// Rejected: dead-lettered where the queue says so, else dropped.
    public var rejected: UInt64 = 0
    /// Moved to a retry queue, where they wait for another try.
    public var retried: UInt64 = 0
    /// Moved to the queue for messages that failed too often.
    public var parked: UInt64 = 0
    /// Handlers that threw, or asked for another try.
    public var failed: UInt64 = 0
    /// Handled after the connection had gone: nothing was settled, and the broker delivers them again.
    public var stale: UInt64 = 0

    /// No deliveries.
    public init() {}

    public var description: String {
        "\(handled) handled, \(acked) acked, \(requeued) requeued, \(rejected) rejected, \(retried) retried, "
            + "\(parked) parked, \(failed) failed, \(stale) stale"
    }

    static func + (left: Self, right: Self) -> Self { combine(left, right, &+) }
    static func - (left: Self, right: Self) -> Self { combine(left, right, &-) }

    private static func combine(_ left: Self, _ right: Self, _ operation: (UInt64, UInt64) -> UInt64) -> Self {
        var result = AMQPDeliveryCounts()
        for field in fields { result[keyPath: field] = operation(left[keyPath: field], right[keyPath: field]) }
        return result
    }

    private static var fields: [WritableKeyPath<Self, UInt64>] {
        [\.handled, \.acked, \.requeued, \.rejected, \.retried, \.parked, \.failed, \.stale]
    }
}
