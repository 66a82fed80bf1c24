/// The kinds of field values by their letter on the wire (https://www.rabbitmq.com/amqp-0-9-1-errata.html#section_3).
enum FieldKind: UInt8, CaseIterable {
    case bool = 0x74  // t
    case int8 = 0x62  // b
    case uint8 = 0x42  // B
    case int16 = 0x73  // s
    case uint16 = 0x75  // u
    case int32 = 0x49  // I
    case uint32 = 0x69  // i
    case int64 = 0x6C  // l
    case uint64 = 0x4C  // L
    case float = 0x66  // f
    case double = 0x64  // d
    case decimal = 0x44  // D
    case string = 0x53  // S
    case bytes = 0x78  // x
    case timestamp = 0x54  // T
    case array = 0x41  // A
    case table = 0x46  // F
    case void = 0x56  // V

    /// The size of a value without its letter; `nil` where a length of 4 bytes comes first.
    @inline(__always) var fixedSize: Int? {
        switch self {
        case .void: 0
        case .bool, .int8, .uint8: 1
        case .int16, .uint16: 2
        case .int32, .uint32, .float: 4
        case .decimal: 5
        case .int64, .uint64, .double, .timestamp: 8
        case .string, .bytes, .array, .table: nil
        }
    }
}
