/// Writes the protocol's data types, right or wrong: every length can be given other than it is.
package struct WireWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func u8(_ value: UInt8) { bytes.append(value) }
    package mutating func u16(_ value: UInt16) { integer(value) }
    package mutating func u32(_ value: UInt32) { integer(value) }
    package mutating func u64(_ value: UInt64) { integer(value) }
    package mutating func raw(_ more: [UInt8]) { bytes += more }

    /// Eight flags to a byte, the first in the lowest bit.
    package mutating func bits(_ flags: Bool...) {
        var value: UInt8 = 0
        for (index, flag) in flags.enumerated() {
            if index > 0 && index % 8 == 0 {
                u8(value)
                value = 0
            }
            if flag { value |= 1 << UInt8(index % 8) }
        }
        if !flags.isEmpty { u8(value) }
    }

    package mutating func shortString(_ text: String, length: UInt8? = nil) {
        u8(length ?? UInt8(truncatingIfNeeded: text.utf8.count))
        bytes += text.utf8
    }

    package mutating func longString(_ text: String, length: UInt32? = nil) {
        longString(Array(text.utf8), length: length)
    }

    package mutating func longString(_ content: [UInt8], length: UInt32? = nil) {
        u32(length ?? UInt32(truncatingIfNeeded: content.count))
        bytes += content
    }

    package mutating func table(_ fields: [WireField], length: UInt32? = nil) {
        var inner = WireWriter()
        for field in fields {
            inner.shortString(field.name)
            inner.fieldValue(field.value)
        }
        longString(inner.bytes, length: length)
    }

    /// A value with its kind byte in front, as in tables and arrays.
    package mutating func fieldValue(_ value: WireValue) {
        switch value {
        case .bool(let value): tagged("t") { $0.u8(value ? 1 : 0) }
        case .int8(let value): tagged("b") { $0.u8(UInt8(bitPattern: value)) }
        case .uint8(let value): tagged("B") { $0.u8(value) }
        case .int16(let value): tagged("s") { $0.u16(UInt16(bitPattern: value)) }
        case .uint16(let value): tagged("u") { $0.u16(value) }
        case .int32(let value): tagged("I") { $0.u32(UInt32(bitPattern: value)) }
        case .uint32(let value): tagged("i") { $0.u32(value) }
        case .int64(let value): tagged("l") { $0.u64(UInt64(bitPattern: value)) }
        case .uint64(let value): tagged("L") { $0.u64(value) }
        case .float(let bits): tagged("f") { $0.u32(bits) }
        case .double(let bits): tagged("d") { $0.u64(bits) }
        case .decimal(let scale, let value):
            tagged("D") {
                $0.u8(scale)
                $0.u32(value)
            }
        case .shortString(let text), .string(let text): tagged("S") { $0.longString(text) }
        case .bytes(let content): tagged("x") { $0.longString(content) }
        case .array(let values):
            var inner = WireWriter()
            for value in values { inner.fieldValue(value) }
            tagged("A") { $0.longString(inner.bytes) }
        case .timestamp(let seconds): tagged("T") { $0.u64(seconds) }
        case .table(let fields): tagged("F") { $0.table(fields) }
        case .void: tagged("V") { _ in }
        case .raw(let kind, let content):
            u8(kind)
            raw(content)
        }
    }

    private mutating func tagged(_ kind: Unicode.Scalar, _ body: (inout WireWriter) -> Void) {
        u8(UInt8(truncatingIfNeeded: kind.value))
        body(&self)
    }

    private mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
    }
}
