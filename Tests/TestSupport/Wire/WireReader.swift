/// Reads the protocol's data types; throws `malformed` where the bytes end too early or mean nothing.
package struct WireReader: Sendable {
    private let bytes: [UInt8]
    private var position = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var isAtEnd: Bool { position == bytes.count }

    package mutating func u8() throws(HarnessError) -> UInt8 { try integer() }
    package mutating func u16() throws(HarnessError) -> UInt16 { try integer() }
    package mutating func u32() throws(HarnessError) -> UInt32 { try integer() }
    package mutating func u64() throws(HarnessError) -> UInt64 { try integer() }

    package mutating func take(_ count: Int) throws(HarnessError) -> [UInt8] {
        guard count <= bytes.count - position else {
            throw HarnessError(.malformed, "\(count) bytes expected at \(position), \(bytes.count - position) left")
        }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    package mutating func shortString() throws(HarnessError) -> WireValue {
        let content = try take(Int(try u8()))
        return String(validating: content, as: UTF8.self).map { .shortString($0) } ?? .bytes(content)
    }

    package mutating func longString() throws(HarnessError) -> WireValue {
        let content = try take(Int(try u32()))
        return String(validating: content, as: UTF8.self).map { .string($0) } ?? .bytes(content)
    }

    package mutating func table() throws(HarnessError) -> WireValue {
        var inner = WireReader(try take(Int(try u32())))
        var fields: [WireField] = []
        while !inner.isAtEnd {
            let name = try inner.shortString()
            fields.append(WireField(name.text ?? name.description, try inner.fieldValue()))
        }
        return .table(fields)
    }

    package mutating func fieldValue() throws(HarnessError) -> WireValue {
        let kind = try u8()
        switch Unicode.Scalar(kind) {
        case "t": return .bool(try u8() != 0)
        case "b": return .int8(Int8(bitPattern: try u8()))
        case "B": return .uint8(try u8())
        case "s": return .int16(Int16(bitPattern: try u16()))
        case "u": return .uint16(try u16())
        case "I": return .int32(Int32(bitPattern: try u32()))
        case "i": return .uint32(try u32())
        case "l": return .int64(Int64(bitPattern: try u64()))
        case "L": return .uint64(try u64())
        case "f": return .float(try u32())
        case "d": return .double(try u64())
        case "D": return .decimal(scale: try u8(), try u32())
        case "S": return try longString()
        case "x": return .bytes(try take(Int(try u32())))
        case "T": return .timestamp(try u64())
        case "F": return try table()
        case "V": return .void
        case "A":
            var inner = WireReader(try take(Int(try u32())))
            var values: [WireValue] = []
            while !inner.isAtEnd { values.append(try inner.fieldValue()) }
            return .array(values)
        default: throw HarnessError(.malformed, "unknown field kind \(kind)")
        }
    }

    private mutating func integer<Value: FixedWidthInteger>() throws(HarnessError) -> Value {
        try take(Value.bitWidth / 8).reduce(0) { $0 << 8 | Value($1) }
    }
}
