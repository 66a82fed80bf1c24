/// Named values in an order: message headers, arguments of queues and exchanges, properties of the peer.
///
/// A table keeps the order of its entries, and two tables are equal when they hold equal entries in the same order.
/// An empty table allocates nothing. Looking up a key takes time in proportion to the number of entries.
///
/// Keys are limited to 255 bytes of UTF-8 (AMQP 0-9-1, section 4.2.5.5); a longer one is refused when the table is sent.
public struct AMQPTable: Sendable, Hashable {
    var entries: [Entry]

    struct Entry: Sendable, Hashable {
        var key: String
        var value: AMQPFieldValue
    }

    /// An empty table.
    public init() {
        entries = []
    }

    /// A table of the given entries in their order. A key that stands twice keeps its first place and its last value.
    public init(_ elements: some Sequence<(String, AMQPFieldValue)>) {
        self.init()
        for (key, value) in elements { self[key] = value }
    }

    /// A table of exactly these entries, for those who know that no key stands twice: takes no time to look for it.
    package init(exactly elements: some Sequence<(String, AMQPFieldValue)>) {
        entries = elements.map { Entry(key: $0.0, value: $0.1) }
    }

    /// A table of exactly these entries, for what came from the network: it may hold a key twice.
    init(entries: [Entry]) {
        self.entries = entries
    }

    /// The value of a key, `nil` where there is none; assigning `nil` removes the key.
    ///
    /// A table from the network may hold a key twice: this reads the first, and assigning replaces all of them.
    public subscript(key: String) -> AMQPFieldValue? {
        get {
            for entry in entries where entry.key == key { return entry.value }
            return nil
        }
        set {
            guard let newValue else {
                entries.removeAll { $0.key == key }
                return
            }
            guard let first = entries.firstIndex(where: { $0.key == key }) else {
                entries.append(Entry(key: key, value: newValue))
                return
            }
            entries[first].value = newValue
            let rest = entries.index(after: first)
            if entries[rest...].contains(where: { $0.key == key }) {
                entries[rest...].removeAll { $0.key == key }
            }
        }
    }
}

extension AMQPTable: ExpressibleByDictionaryLiteral {
    /// A table of the given entries in their order. A key that stands twice keeps its first place and its last value.
    public init(dictionaryLiteral elements: (String, AMQPFieldValue)...) {
        self.init(elements)
    }
}

extension AMQPTable: RandomAccessCollection {
    /// One entry of a table.
    public typealias Element = (key: String, value: AMQPFieldValue)

    public var startIndex: Int { entries.startIndex }
    public var endIndex: Int { entries.endIndex }

    /// The entry at a position, which must be one of `indices`.
    public subscript(position: Int) -> Element {
        let entry = entries[position]
        return (entry.key, entry.value)
    }
}
