// How much memory decoded values take. A table on the wire can be thirty times smaller than in memory (an array of voids
// takes a byte for each), so bounds on what is buffered count this and not what came.

extension AMQPProperties {
    /// About how many bytes of memory the properties take, apart from their own struct.
    package var footprint: Int {
        guard let fields = storage?.fields else { return 0 }
        // Up to eleven short strings of at most 255 bytes are not worth counting one by one.
        return MemoryLayout<Fields>.size + fields.headers.footprint
    }
}

extension AMQPTable {
    fileprivate var footprint: Int {
        entries.reduce(0) { $0 + MemoryLayout<Entry>.stride + $1.key.utf8.count + $1.value.footprint }
    }
}

extension AMQPFieldValue {
    /// What the value holds elsewhere. The depth of what came from the network is bounded, and so is the recursion.
    fileprivate var footprint: Int {
        switch self {
        case .string(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        case .array(let elements): elements.reduce(0) { $0 + MemoryLayout<AMQPFieldValue>.stride + $1.footprint }
        case .table(let table): table.footprint
        default: 0
        }
    }
}
