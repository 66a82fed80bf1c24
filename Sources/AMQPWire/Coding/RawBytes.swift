internal import CRabbitMQ

/// Reading what rabbitmq-c decoded. Its bytes may be (0, NULL) or (0, pointer), and live in our buffer: copy at once.
extension amqp_bytes_t {
    var buffer: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : len)
    }

    /// As text, with U+FFFD in place of what is not UTF-8.
    var text: String { String(decoding: buffer, as: UTF8.self) }

    var octets: [UInt8] { Array(buffer) }

    /// As text, `nil` when it is not UTF-8.
    var validText: String? {
        guard let bytes, len > 0 else { return "" }
        let octets = UnsafeBufferPointer(start: bytes.assumingMemoryBound(to: UInt8.self), count: len)
        return String(validating: octets, as: UTF8.self)
    }
}

extension AMQPTable {
    /// Copies a decoded table. The prescan has bounded its depth, which bounds the recursion here.
    init(_ raw: amqp_table_t) throws(WireError) {
        guard let first = raw.entries, raw.num_entries > 0 else {
            self.init()
            return
        }
        let rawEntries = UnsafeBufferPointer(start: first, count: Int(raw.num_entries))
        var entries: [Entry] = []
        entries.reserveCapacity(rawEntries.count)
        for entry in rawEntries {
            entries.append(Entry(key: entry.key.text, value: try AMQPFieldValue(entry.value)))
        }
        self.init(entries: entries)
    }
}

extension AMQPFieldValue {
    init(_ raw: amqp_field_value_t) throws(WireError) {
        switch FieldKind(rawValue: raw.kind) {
        case .bool: self = .bool(raw.value.boolean != 0)
        case .int8: self = .int8(raw.value.i8)
        case .uint8: self = .uint8(raw.value.u8)
        case .int16: self = .int16(raw.value.i16)
        case .uint16: self = .uint16(raw.value.u16)
        case .int32: self = .int32(raw.value.i32)
        case .uint32: self = .uint32(raw.value.u32)
        case .int64: self = .int64(raw.value.i64)
        case .uint64: self = .uint64(raw.value.u64)
        // rabbitmq-c decodes floats as integers into the same memory.
        case .float: self = .float(Float(bitPattern: raw.value.u32))
        case .double: self = .double(Double(bitPattern: raw.value.u64))
        case .decimal:
            self = .decimal(AMQPDecimal(scale: raw.value.decimal.decimals, value: raw.value.decimal.value))
        case .string:
            if let text = raw.value.bytes.validText {
                self = .string(text)
            } else {
                self = .bytes(raw.value.bytes.octets)
            }
        case .bytes: self = .bytes(raw.value.bytes.octets)
        case .timestamp: self = .timestamp(AMQPTimestamp(secondsSinceEpoch: raw.value.u64))
        case .array: self = .array(try Self.array(raw.value.array))
        case .table: self = .table(try AMQPTable(raw.value.table))
        case .void: self = .void
        case nil: throw WireError(.syntaxError, "a table holds a value of unknown kind \(raw.kind)")
        }
    }

    private static func array(_ raw: amqp_array_t) throws(WireError) -> [AMQPFieldValue] {
        guard let first = raw.entries, raw.num_entries > 0 else { return [] }
        let rawElements = UnsafeBufferPointer(start: first, count: Int(raw.num_entries))
        var elements: [AMQPFieldValue] = []
        elements.reserveCapacity(rawElements.count)
        for element in rawElements { elements.append(try AMQPFieldValue(element)) }
        return elements
    }
}
