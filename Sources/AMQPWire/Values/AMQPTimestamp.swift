/// A point in time with a precision of one second, as AMQP carries it.
///
/// Source: AMQP 0-9-1, section 4.2.5.4: the 64-bit POSIX time. Neither the broker nor this library reads a meaning
/// into it.
public struct AMQPTimestamp: Sendable, Hashable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
    public var secondsSinceEpoch: UInt64

    /// A point in time, `secondsSinceEpoch` seconds after 1970-01-01T00:00:00Z.
    public init(secondsSinceEpoch: UInt64) {
        self.secondsSinceEpoch = secondsSinceEpoch
    }

    public static func < (left: AMQPTimestamp, right: AMQPTimestamp) -> Bool {
        left.secondsSinceEpoch < right.secondsSinceEpoch
    }
}
