extension AMQPFieldValue: ExpressibleByStringLiteral {
    /// A ``string(_:)``.
    public init(stringLiteral value: String) { self = .string(value) }
}

extension AMQPFieldValue: ExpressibleByStringInterpolation {}

extension AMQPFieldValue: ExpressibleByIntegerLiteral {
    /// An ``int64(_:)``, whatever the number: a kind that changed with the value would make two equal headers differ,
    /// and RabbitMQ takes any integer kind where it wants an integer.
    public init(integerLiteral value: Int64) { self = .int64(value) }
}

extension AMQPFieldValue: ExpressibleByBooleanLiteral {
    /// A ``bool(_:)``.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension AMQPFieldValue: ExpressibleByFloatLiteral {
    /// A ``double(_:)``.
    public init(floatLiteral value: Double) { self = .double(value) }
}

extension AMQPFieldValue: ExpressibleByArrayLiteral {
    /// An ``array(_:)``.
    public init(arrayLiteral elements: AMQPFieldValue...) { self = .array(elements) }
}

extension AMQPFieldValue: ExpressibleByDictionaryLiteral {
    /// A ``table(_:)``. A key that stands twice keeps its first place and its last value.
    public init(dictionaryLiteral elements: (String, AMQPFieldValue)...) { self = .table(AMQPTable(elements)) }
}

extension AMQPFieldValue: ExpressibleByNilLiteral {
    /// A ``void``. Note that `table["key"] = nil` removes the key; to store a void, assign `.void`.
    public init(nilLiteral: ()) { self = .void }
}
