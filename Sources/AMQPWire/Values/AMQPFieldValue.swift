/// A value of an ``AMQPTable``: a message header, a queue argument, a property of the server.
///
/// Every kind that RabbitMQ reads or writes exists here, with the letter it has on the wire
/// (https://www.rabbitmq.com/amqp-0-9-1-errata.html#section_3).
///
/// Nested values are limited to ``WireLimits/standard`` levels: a deeper one from the network is refused before it
/// is built, and a deeper one from a program when it is sent.
public enum AMQPFieldValue: Sendable, Hashable {
    /// `t`
    case bool(Bool)
    /// `b`
    case int8(Int8)
    /// `B`
    case uint8(UInt8)
    /// `s`
    case int16(Int16)
    /// `u`
    case uint16(UInt16)
    /// `I`
    case int32(Int32)
    /// `i`
    case uint32(UInt32)
    /// `l`
    case int64(Int64)
    /// `L`. RabbitMQ reads it as signed, so that numbers over `Int64.max` turn negative:
    /// see ``AMQPTable/firstUnsupportedByRabbitMQ``.
    case uint64(UInt64)
    /// `f`. RabbitMQ cannot read infinities and NaN.
    case float(Float)
    /// `d`. RabbitMQ cannot read infinities and NaN.
    case double(Double)
    /// `D`
    case decimal(AMQPDecimal)
    /// `S`, of UTF-8 text. An `S` from the network that is not UTF-8 arrives as ``bytes(_:)``.
    case string(String)
    /// `x`
    case bytes([UInt8])
    /// `T`
    case timestamp(AMQPTimestamp)
    /// `A`
    case array([AMQPFieldValue])
    /// `F`
    case table(AMQPTable)
    /// `V`
    case void
}
