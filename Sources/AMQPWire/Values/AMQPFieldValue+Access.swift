extension AMQPFieldValue {
    /// The number, of any of the integer kinds; `nil` for other kinds and for numbers over `Int64.max`.
    public var integer: Int64? {
        switch self {
        case .int8(let value): Int64(value)
        case .uint8(let value): Int64(value)
        case .int16(let value): Int64(value)
        case .uint16(let value): Int64(value)
        case .int32(let value): Int64(value)
        case .uint32(let value): Int64(value)
        case .int64(let value): value
        case .uint64(let value): Int64(exactly: value)
        case .bool, .float, .double, .decimal, .string, .bytes, .timestamp, .array, .table, .void: nil
        }
    }

    /// The text of a ``string(_:)``; `nil` for other kinds.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The truth value of a ``bool(_:)``; `nil` for other kinds.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The elements of an ``array(_:)``; `nil` for other kinds.
    public var array: [AMQPFieldValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The table of a ``table(_:)``; `nil` for other kinds.
    public var table: AMQPTable? {
        if case .table(let value) = self { value } else { nil }
    }
}
