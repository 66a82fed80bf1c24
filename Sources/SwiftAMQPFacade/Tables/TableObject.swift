internal import CSwiftAMQP
internal import SwiftAMQP

/// What a `samqp_table` is: entries in an order, with names or, in a list, without.
///
/// Invariant: `entries` is read by many threads, or changed by one, which is what the header asks of callers; a table that
/// is lent is never changed. That is why the class is `@unchecked Sendable`.
final class TableObject: @unchecked Sendable {
    private(set) var entries: ContiguousArray<TableEntry>

    init() { entries = [] }

    init(_ table: AMQPTable) {
        entries = ContiguousArray(table.map { TableEntry(key: $0.key, value: $0.value) })
    }

    init(_ elements: [AMQPFieldValue]) {
        entries = ContiguousArray(elements.map { TableEntry(key: nil, value: $0) })
    }

    /// Entries never change, so that a copy shares them.
    init(copying other: TableObject) { entries = other.entries }

    // MARK: As values

    /// As a table.
    ///
    /// - Throws: If there are entries without a name.
    func table() throws(Failure) -> AMQPTable {
        guard entries.allSatisfy({ $0.key != nil }) else {
            throw .invalidArgument("the table has entries without a name; a list can only be a value of another table")
        }
        return AMQPTable(exactly: entries.lazy.map { ($0.key ?? "", $0.value) })
    }

    /// As a list, without the names.
    var array: [AMQPFieldValue] { entries.map(\.value) }

    /// How deep it is nested: 1 without tables in it.
    var depth: Int { 1 + (entries.lazy.map(\.depth).max() ?? 0) }

    // MARK: Changing

    func set(_ key: String?, _ value: AMQPFieldValue, depth: Int = 0) {
        let entry = TableEntry(key: key, value: value, depth: depth)
        if let key, let index = entries.firstIndex(where: { $0.key == key }) {
            entries[index] = entry
        } else {
            entries.append(entry)
        }
    }

    /// Whether there was one.
    func remove(_ key: String) -> Bool {
        let count = entries.count
        entries.removeAll { $0.key == key }
        return entries.count < count
    }

    // MARK: Reading

    func entry(at index: Int) -> TableEntry? {
        entries.indices.contains(index) ? entries[index] : nil
    }

    func entry(named key: String) -> TableEntry? { entries.first { $0.key == key } }
}

extension AMQPTable {
    /// The table of a caller; `NULL` is an empty one.
    init(callerTable: OpaquePointer?) throws(Failure) {
        guard let object = Handle.get(callerTable, as: TableObject.self) else {
            self.init()
            return
        }
        self = try object.table()
    }
}

extension AMQPFieldValue {
    /// `SAMQP_KIND_*`.
    var kind: samqp_kind {
        switch self {
        case .bool: SAMQP_KIND_BOOL
        case .int8: SAMQP_KIND_INT8
        case .uint8: SAMQP_KIND_UINT8
        case .int16: SAMQP_KIND_INT16
        case .uint16: SAMQP_KIND_UINT16
        case .int32: SAMQP_KIND_INT32
        case .uint32: SAMQP_KIND_UINT32
        case .int64: SAMQP_KIND_INT64
        case .uint64: SAMQP_KIND_UINT64
        case .float: SAMQP_KIND_FLOAT
        case .double: SAMQP_KIND_DOUBLE
        case .decimal: SAMQP_KIND_DECIMAL
        case .string: SAMQP_KIND_STRING
        case .bytes: SAMQP_KIND_BYTES
        case .timestamp: SAMQP_KIND_TIMESTAMP
        case .array: SAMQP_KIND_ARRAY
        case .table: SAMQP_KIND_TABLE
        case .void: SAMQP_KIND_VOID
        }
    }

    /// An integer of this kind; `nil` if the kind is none of an integer, or the number does not fit into it.
    init?(integer value: Int64, kind: samqp_kind) {
        switch kind {
        case SAMQP_KIND_INT8: guard let value = Int8(exactly: value) else { return nil }; self = .int8(value)
        case SAMQP_KIND_UINT8: guard let value = UInt8(exactly: value) else { return nil }; self = .uint8(value)
        case SAMQP_KIND_INT16: guard let value = Int16(exactly: value) else { return nil }; self = .int16(value)
        case SAMQP_KIND_UINT16: guard let value = UInt16(exactly: value) else { return nil }; self = .uint16(value)
        case SAMQP_KIND_INT32: guard let value = Int32(exactly: value) else { return nil }; self = .int32(value)
        case SAMQP_KIND_UINT32: guard let value = UInt32(exactly: value) else { return nil }; self = .uint32(value)
        case SAMQP_KIND_INT64: self = .int64(value)
        case SAMQP_KIND_UINT64: guard let value = UInt64(exactly: value) else { return nil }; self = .uint64(value)
        default: return nil
        }
    }
}
