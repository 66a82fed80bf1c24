internal import AMQPTransport
internal import SwiftAMQP

/// One entry of a table, which never changes: setting a key makes another one.
///
/// Its forms for C are made when they are first asked for, and live as long as the entry: several threads may ask at once.
final class TableEntry: Sendable {
    /// `nil` in a list.
    let key: String?
    let value: AMQPFieldValue
    /// How deep tables and arrays are nested in it; 0 for every other value.
    let depth: Int
    private let keyText = LazyReference<CText>()
    private let contents = LazyReference<CBytes>()
    private let nested = LazyReference<TableObject>()

    init(key: String?, value: AMQPFieldValue, depth: Int) {
        self.key = key
        self.value = value
        self.depth = depth
    }

    /// For what came from elsewhere.
    convenience init(key: String?, value: AMQPFieldValue) {
        self.init(key: key, value: value, depth: value.depth)
    }

    /// "" in a list.
    var name: CText {
        guard let key, !key.isEmpty else { return .empty }
        return keyText.load() ?? keyText.storeIfNil(CText(key))
    }

    /// The bytes of a text or of bytes; `nil` for other kinds.
    var bytes: CBytes? {
        if let known = contents.load() { return known }
        switch value {
        case .string(let text): return contents.storeIfNil(CBytes(text.utf8))
        case .bytes(let bytes): return contents.storeIfNil(CBytes(bytes))
        default: return nil
        }
    }

    /// The table of a table or a list; `nil` for other kinds.
    var table: TableObject? {
        if let known = nested.load() { return known }
        switch value {
        case .table(let table): return nested.storeIfNil(TableObject(table))
        case .array(let elements): return nested.storeIfNil(TableObject(elements))
        default: return nil
        }
    }
}

extension AMQPFieldValue {
    /// How deep tables and arrays are nested in it, itself included; 0 for every other value. Recursive: what comes from the
    /// network or from a caller nests ``WireLimits/standard`` levels at most.
    fileprivate var depth: Int {
        switch self {
        case .table(let table): 1 + (table.lazy.map(\.value.depth).max() ?? 0)
        case .array(let elements): 1 + (elements.lazy.map(\.depth).max() ?? 0)
        default: 0
        }
    }
}

/// Bytes with a zero behind them, that live as long as this object.
///
/// Invariant of the pointer: allocated in `init` with one byte more than there are, never changed, freed in `deinit`.
final class CBytes: @unchecked Sendable {
    let pointer: UnsafePointer<CChar>
    let count: Int
    /// How many there are before the first zero.
    let textCount: Int

    init(_ bytes: some Collection<UInt8>) {
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        var end = memory
        var zero: Int?
        for byte in bytes {
            if byte == 0, zero == nil { zero = memory.distance(to: end) }
            end.initialize(to: CChar(bitPattern: byte))
            end += 1
        }
        end.initialize(to: 0)
        count = memory.distance(to: end)
        textCount = zero ?? count
        pointer = UnsafePointer(memory)
    }

    deinit { pointer.deallocate() }
}
