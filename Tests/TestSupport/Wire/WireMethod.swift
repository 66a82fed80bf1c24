/// A method taken apart: its name and its arguments by name.
package struct WireMethod: Sendable, Hashable {
    package var id: WireMethodID
    /// For example `basic.ack`.
    package var name: String
    /// Without the reserved ones.
    package var arguments: [WireField]

    /// The argument of that name, for example `method["tag"]?.integer`.
    package subscript(name: String) -> WireValue? { arguments.first { $0.name == name }?.value }

    /// Reads the payload of a METHOD frame. Bytes that are left over are an error.
    package init(payload: [UInt8]) throws(HarnessError) {
        var reader = WireReader(payload)
        id = WireMethodID(try reader.u16(), try reader.u16())
        guard let entry = WireMethodCatalog.entries[id] else {
            throw HarnessError(.malformed, "unknown method \(id.classID).\(id.methodID)")
        }
        name = entry.name
        do throws(HarnessError) {
            arguments = try reader.arguments(entry.arguments)
            if !reader.isAtEnd { throw HarnessError(.malformed, "bytes are left over") }
        } catch {
            throw HarnessError(.malformed, "\(entry.name): \(error.text)")
        }
    }
}

/// The header of a message taken apart.
package struct WireContentHeader: Sendable, Hashable {
    package var classID: UInt16
    package var bodySize: UInt64
    package var properties: [WireField]

    /// The property of that name, for example `header["deliveryMode"]?.integer`; `nil` where it is not set.
    package subscript(name: String) -> WireValue? { properties.first { $0.name == name }?.value }

    /// Reads the payload of a HEADER frame. Bytes that are left over are an error.
    package init(payload: [UInt8]) throws(HarnessError) {
        var reader = WireReader(payload)
        classID = try reader.u16()
        _ = try reader.u16()
        bodySize = try reader.u64()
        let flags = try reader.u16()
        guard flags & 0b11 == 0 else { throw HarnessError(.malformed, "a content header with reserved flags") }
        let present = WireMethodCatalog.properties.enumerated().filter { flags & (0x8000 >> UInt16($0.offset)) != 0 }
        properties = try reader.arguments(present.map(\.element))
        if !reader.isAtEnd { throw HarnessError(.malformed, "a content header with bytes left over") }
    }
}

extension WireReader {
    fileprivate mutating func arguments(
        _ list: [WireMethodCatalog.Argument]
    ) throws(HarnessError) -> [WireField] {
        var fields: [WireField] = []
        // Bits that follow each other share a byte.
        var bits: UInt8 = 0
        var used = 8
        for argument in list {
            let value: WireValue
            if argument.kind == .bit {
                if used == 8 {
                    bits = try u8()
                    used = 0
                }
                value = .bool(bits & (1 << UInt8(used)) != 0)
                used += 1
            } else {
                used = 8
                value = try self.value(argument.kind)
            }
            if argument.name != "-" { fields.append(WireField(argument.name, value)) }
        }
        return fields
    }

    private mutating func value(_ kind: WireMethodCatalog.Kind) throws(HarnessError) -> WireValue {
        switch kind {
        case .bit: .bool(try u8() & 1 != 0)
        case .u8: .uint8(try u8())
        case .u16: .uint16(try u16())
        case .u32: .uint32(try u32())
        case .u64: .uint64(try u64())
        case .shortString: try shortString()
        case .longString: try longString()
        case .table: try table()
        case .timestamp: .timestamp(try u64())
        }
    }
}
