/// A field value of AMQP 0-9-1 as RabbitMQ encodes it, and the arguments of methods.
///
/// This and everything next to it is written from the protocol's text alone and shares no code with the library: it is
/// the second opinion that the library's encoder and decoder are compared with. It also writes what is not allowed.
package indirect enum WireValue: Sendable, Hashable {
    case bool(Bool)
    case int8(Int8)
    case uint8(UInt8)
    case int16(Int16)
    case uint16(UInt16)
    case int32(Int32)
    case uint32(UInt32)
    case int64(Int64)
    case uint64(UInt64)
    case float(UInt32)
    case double(UInt64)
    case decimal(scale: UInt8, UInt32)
    /// A string of at most 255 bytes: an argument of a method, never a field value.
    case shortString(String)
    case string(String)
    /// What is not UTF-8.
    case bytes([UInt8])
    case array([WireValue])
    case timestamp(UInt64)
    case table([WireField])
    case void
    /// Any kind byte with any bytes after it.
    case raw(kind: UInt8, [UInt8])
}

/// A named value in a table. Tables are lists here: the wire has an order, and may repeat a name.
package struct WireField: Sendable, Hashable {
    package var name: String
    package var value: WireValue

    package init(_ name: String, _ value: WireValue) {
        self.name = name
        self.value = value
    }
}

extension WireValue {
    /// The value as an integer, where it is one.
    package var integer: UInt64? {
        switch self {
        case .uint8(let value): UInt64(value)
        case .uint16(let value): UInt64(value)
        case .uint32(let value): UInt64(value)
        case .uint64(let value), .timestamp(let value): value
        case .int8(let value): UInt64(exactly: value)
        case .int16(let value): UInt64(exactly: value)
        case .int32(let value): UInt64(exactly: value)
        case .int64(let value): UInt64(exactly: value)
        default: nil
        }
    }

    /// The value as text, where it is text.
    package var text: String? {
        switch self {
        case .shortString(let text), .string(let text): text
        default: nil
        }
    }

    /// The value as a Boolean, where it is one.
    package var flag: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The fields of a table, where it is one.
    package var fields: [WireField]? { if case .table(let fields) = self { fields } else { nil } }

    /// The first field of that name, where the value is a table that has one.
    package subscript(name: String) -> WireValue? { fields?.first { $0.name == name }?.value }
}

extension WireValue: CustomStringConvertible {
    package var description: String {
        switch self {
        case .bool(let value): "\(value)"
        case .int8(let value): "\(value)"
        case .uint8(let value): "\(value)"
        case .int16(let value): "\(value)"
        case .uint16(let value): "\(value)"
        case .int32(let value): "\(value)"
        case .uint32(let value): "\(value)"
        case .int64(let value): "\(value)"
        case .uint64(let value): "\(value)"
        case .float(let bits): "\(Float(bitPattern: bits))"
        case .double(let bits): "\(Double(bitPattern: bits))"
        case .decimal(let scale, let value): "\(value)e-\(scale)"
        case .shortString(let text), .string(let text): "'\(text)'"
        case .bytes(let bytes): "<\(bytes.count) bytes>"
        case .array(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
        case .timestamp(let seconds): "@\(seconds)"
        case .table(let fields): "{" + fields.map { "\($0.name)=\($0.value)" }.joined(separator: ", ") + "}"
        case .void: "void"
        case .raw(let kind, let bytes): "<kind \(kind), \(bytes.count) bytes>"
        }
    }
}
