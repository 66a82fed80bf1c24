internal import CRabbitMQ

/// Copies strings and tables into one block of memory in the form that rabbitmq-c encodes from.
///
/// It is used in two passes over the same values: the first, without memory, validates and adds up the sizes; the second
/// writes into memory of that size. So nothing is built for arguments that are refused, and the memory can be on the stack.
struct WireArena {
    private let base: UnsafeMutableRawPointer?
    private let capacity: Int
    private let limits: WireLimits
    /// How much memory the second pass takes.
    private(set) var used = 0
    /// How many bytes the strings and tables take on the wire.
    private(set) var encodedSize = 0
    /// The first mistake of the caller that was found.
    private var mistake: Mistake?

    /// For the first pass.
    init(sizingWith limits: WireLimits = .standard) {
        base = nil
        capacity = 0
        self.limits = limits
    }

    /// For the second pass, in memory aligned to 16 bytes that outlives what is built.
    init(_ memory: UnsafeMutableRawBufferPointer) {
        base = memory.baseAddress
        capacity = memory.count
        limits = .standard
    }

    /// Plain data, so that the arena is too and costs no reference counting; the text is made when it is asked for.
    private enum Mistake {
        case shortString(StaticString, Int)
        case key(Int)
        case tooDeep
        case tooMany(Int)
        case tooLarge
        case changed
    }

    /// What is wrong with the values, `nil` when nothing is.
    var failure: WireError? {
        switch mistake {
        case nil: nil
        case .shortString(let what, let size): .tooLong("\(what)", size, .shortStringTooLong)
        case .key(let size): .tooLong("key of a table", size, .tableKeyTooLong)
        case .tooDeep: WireError(.tableTooDeep, "a table is nested deeper than \(limits.maxTableDepth) levels")
        case .tooMany(let count): WireError(.doesNotFitFrame, "a table or an array has \(count) entries")
        case .tooLarge:
            WireError(.doesNotFitFrame, "a table takes over \(WireLimits.maxTableSize) bytes")
        case .changed: WireError(.invalidArgument, "a value changed while it was encoded")
        }
    }

    var hasFailed: Bool { mistake != nil }

    /// No bytes, with a pointer that is not NULL in the second pass.
    var empty: amqp_bytes_t { amqp_bytes_t(len: 0, bytes: base) }

    @inline(__always)
    mutating func shortString(_ string: String, _ what: StaticString) -> amqp_bytes_t {
        let count = string.utf8.count
        if count > WireLimits.maxShortString { note(.shortString(what, count)) }
        encodedSize += 1 + count
        return copy(string, count)
    }

    mutating func string(_ string: String) -> amqp_bytes_t {
        let count = string.utf8.count
        encodedSize += 4 + count
        return copy(string, count)
    }

    mutating func bytes(_ bytes: [UInt8]) -> amqp_bytes_t {
        encodedSize += 4 + bytes.count
        guard let target = take(bytes.count) else { return empty }
        bytes.withUnsafeBytes {
            target.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(target), byteCount: $0.count)
        }
        return amqp_bytes_t(len: bytes.count, bytes: target)
    }

    mutating func table(_ table: AMQPTable) -> amqp_table_t {
        self.table(table, depth: 1)
    }

    // MARK: -

    @inline(__always)
    private mutating func copy(_ string: String, _ count: Int) -> amqp_bytes_t {
        guard let target = take(count) else { return empty }
        string.copyUTF8(to: target)
        return amqp_bytes_t(len: count, bytes: target)
    }

    /// Memory for `count` bytes, aligned for any of the C structs; `nil` in the first pass.
    @inline(__always)
    private mutating func take(_ count: Int) -> UnsafeMutableRawPointer? {
        let start = used
        used += (count + 7) & ~7
        guard let base else { return nil }
        guard used <= capacity else {
            note(.changed)
            return nil
        }
        return base + start
    }

    private mutating func note(_ mistake: Mistake) {
        if self.mistake == nil { self.mistake = mistake }
    }

    /// The depth is checked before each descent, which bounds the recursion here and in rabbitmq-c.
    private mutating func table(_ table: AMQPTable, depth: Int) -> amqp_table_t {
        encodedSize += 4
        let count = table.entries.count
        guard let rawCount = Int32(exactly: count) else {
            note(.tooMany(count))
            return amqp_table_t(num_entries: 0, entries: nil)
        }
        let memory = take(max(count, 1) * MemoryLayout<amqp_table_entry_t>.stride)
        let entries = memory?.bindMemory(to: amqp_table_entry_t.self, capacity: max(count, 1))
        var index = 0
        for entry in table.entries {
            if isTooLarge() { break }
            let size = entry.key.utf8.count
            if size > WireLimits.maxShortString { note(.key(size)) }
            encodedSize += 1 + size
            let key = copy(entry.key, size)
            let value = self.value(entry.value, depth: depth)
            if let entries { (entries + index).initialize(to: amqp_table_entry_t(key: key, value: value)) }
            index += 1
        }
        return amqp_table_t(num_entries: rawCount, entries: entries)
    }

    private mutating func array(_ elements: [AMQPFieldValue], depth: Int) -> amqp_array_t {
        encodedSize += 4
        guard let rawCount = Int32(exactly: elements.count) else {
            note(.tooMany(elements.count))
            return amqp_array_t(num_entries: 0, entries: nil)
        }
        let capacity = max(elements.count, 1)
        let memory = take(capacity * MemoryLayout<amqp_field_value_t>.stride)
        let entries = memory?.bindMemory(to: amqp_field_value_t.self, capacity: capacity)
        var index = 0
        for element in elements {
            if isTooLarge() { break }
            let value = self.value(element, depth: depth)
            if let entries { (entries + index).initialize(to: value) }
            index += 1
        }
        return amqp_array_t(num_entries: rawCount, entries: entries)
    }

    private mutating func value(_ value: AMQPFieldValue, depth: Int) -> amqp_field_value_t {
        var raw = amqp_field_value_t()
        let kind = value.kind
        raw.kind = kind.rawValue
        encodedSize += 1 + (kind.fixedSize ?? 0)
        switch value {
        case .bool(let value): raw.value.boolean = value ? 1 : 0
        case .int8(let value): raw.value.i8 = value
        case .uint8(let value): raw.value.u8 = value
        case .int16(let value): raw.value.i16 = value
        case .uint16(let value): raw.value.u16 = value
        case .int32(let value): raw.value.i32 = value
        case .uint32(let value): raw.value.u32 = value
        case .int64(let value): raw.value.i64 = value
        case .uint64(let value): raw.value.u64 = value
        // rabbitmq-c encodes floats as the integers that lie in the same memory.
        case .float(let value): raw.value.u32 = value.bitPattern
        case .double(let value): raw.value.u64 = value.bitPattern
        case .decimal(let value): raw.value.decimal = amqp_decimal_t(decimals: value.scale, value: value.value)
        case .string(let value): raw.value.bytes = string(value)
        case .bytes(let value): raw.value.bytes = bytes(value)
        case .timestamp(let value): raw.value.u64 = value.secondsSinceEpoch
        case .array(let value):
            if isTooDeep(depth) { break }
            raw.value.array = array(value, depth: depth + 1)
        case .table(let value):
            if isTooDeep(depth) { break }
            raw.value.table = table(value, depth: depth + 1)
        case .void: break
        }
        return raw
    }

    /// Values may share their storage, so that 30 small arrays within each other can stand for more bytes than there
    /// are atoms; counting them has to end.
    private mutating func isTooLarge() -> Bool {
        guard encodedSize > WireLimits.maxTableSize else { return false }
        note(.tooLarge)
        return true
    }

    private mutating func isTooDeep(_ depth: Int) -> Bool {
        guard depth >= limits.maxTableDepth else { return false }
        note(.tooDeep)
        return true
    }
}

extension AMQPFieldValue {
    var kind: FieldKind {
        switch self {
        case .bool: .bool
        case .int8: .int8
        case .uint8: .uint8
        case .int16: .int16
        case .uint16: .uint16
        case .int32: .int32
        case .uint32: .uint32
        case .int64: .int64
        case .uint64: .uint64
        case .float: .float
        case .double: .double
        case .decimal: .decimal
        case .string: .string
        case .bytes: .bytes
        case .timestamp: .timestamp
        case .array: .array
        case .table: .table
        case .void: .void
        }
    }
}

extension String {
    /// Copies the UTF-8 of the string; there must be room for all of it.
    @inline(__always)
    func copyUTF8(to target: UnsafeMutableRawPointer) {
        let copied: Void? = utf8.withContiguousStorageIfAvailable { source in
            if let start = source.baseAddress { target.copyMemory(from: start, byteCount: source.count) }
        }
        if copied == nil {
            for (offset, octet) in utf8.enumerated() {
                target.storeBytes(of: octet, toByteOffset: offset, as: UInt8.self)
            }
        }
    }
}
