/// Whether a message survives a restart of the broker, when its queue does.
///
/// Source: https://www.rabbitmq.com/docs/publishers#message-properties. It is a struct and not an enum, because a
/// publisher may put any octet here and the broker passes it on.
public struct AMQPDeliveryMode: RawRepresentable, Sendable, Hashable {
    /// The octet on the wire: 1 transient, 2 persistent. The broker treats every octet but 2 as transient.
    public var rawValue: UInt8

    /// The mode of an octet; any is accepted.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Kept in memory; lost when the broker restarts (1).
    public static let transient = AMQPDeliveryMode(rawValue: 1)
    /// Written to disk by durable queues (2).
    public static let persistent = AMQPDeliveryMode(rawValue: 2)
}
