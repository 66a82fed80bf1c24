/// A decimal number of a field table: `value` divided by ten to the power of `scale`.
///
/// RabbitMQ reads both numbers as unsigned (`rabbit_binary_parser`, field kind `D`), and so does this library.
public struct AMQPDecimal: Sendable, Hashable {
    /// How many digits of ``value`` stand after the decimal point, 0 to 255.
    public var scale: UInt8
    /// The digits, 0 to 4,294,967,295.
    public var value: UInt32

    /// A decimal of `value` divided by ten to the power of `scale`.
    public init(scale: UInt8, value: UInt32) {
        self.scale = scale
        self.value = value
    }
}
