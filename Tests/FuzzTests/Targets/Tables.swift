@testable import AMQPWire

extension FuzzTarget {
    /// Tables and arrays: the check before rabbitmq-c sees them finds what a recursive reading of the grammar finds, and
    /// what passes decodes to that many values, and encodes to the same again.
    static let tables = FuzzTarget(
        name: "tables", maxLength: 2048,
        run: { input in
            var choices = ByteChoices(input)
            let limits = WireLimits(maxTableDepth: choices.pick([32, 1, 2, 4, 64]))
            // Most inputs are what is in the table, so that a mutation does not have to get the outermost length right.
            let isRaw = choices.oneIn(4)
            let content = Array(choices.rest)
            let table = isRaw ? content : bigEndian(UInt32(content.count)) + content

            let expected = Grammar(table, maxDepth: limits.maxTableDepth)
            let end = try? withExactBytes(table) { try TablePrescan.check($0, at: 0, limits: limits) }
            try hold(end == expected.end, "checked to \(end as Any), and by the grammar to \(expected.end as Any)")

            // In connection.start: the versions, the table, two long strings.
            let start = bigEndian(AMQPMethodID.connectionStart.rawValue) + [0, 9] + table.prefix(end ?? table.count)
            let payload = start + [0, 0, 0, 0, 0, 0, 0, 0]
            let method = try? withExactBytes(payload) { try WireDecoder(limits: limits).decodeMethod($0) }
            guard case .connectionStart(let decoded) = method else {
                try hold(end == nil, "a table passed the check and does not decode")
                return
            }
            try hold(end != nil || isRaw, "a table was refused by the check and decodes")
            guard end != nil else { return }
            let count = values(in: decoded.serverProperties)
            try hold(count == expected.values, "\(count) values of \(expected.values)")
            _ = decoded.serverProperties.firstUnsupportedByRabbitMQ
            try checkStable(decoded.serverProperties, depth: expected.depth)
        },
        seeds: {
            let depths = [1, 2, 3, 31, 32, 33, 63].map { depth in
                (0..<depth).reduce([UInt8]()) { inner, level in
                    level % 2 == 0
                        ? [1, 0x6E, 0x46] + bigEndian(UInt32(inner.count)) + inner
                        : [1, 0x6E, 0x41] + bigEndian(UInt32(1 + 4)) + [0x46] + bigEndian(UInt32(0))
                }
            }
            let tables = try Samples.tables.map { table -> [UInt8] in
                let method = AMQPMethod.connectionStart(
                    .init(versionMajor: 0, versionMinor: 9, serverProperties: table, mechanisms: "", locales: ""))
                // Without method id and versions in front, and two empty long strings behind.
                return Array(try Seeds.payload(of: method).dropFirst(6).dropLast(8))
            }
            return tables.map { [0, 0] + $0 } + tables.map { [0, 1] + $0.dropFirst(4) } + depths.map { [4, 1] + $0 }
        })

    private static func values(in table: AMQPTable) -> Int { table.reduce(0) { $0 + values(in: $1.value) } }

    private static func values(in value: AMQPFieldValue) -> Int {
        switch value {
        case .table(let table): 1 + values(in: table)
        case .array(let elements): elements.reduce(1) { $0 + values(in: $1) }
        default: 1
        }
    }

    private static func checkStable(_ table: AMQPTable, depth: Int) throws {
        func frame(_ table: AMQPTable) throws(WireError) -> [UInt8] {
            try FrameEncoder.frame(
                .connectionStart(
                    .init(versionMajor: 0, versionMinor: 9, serverProperties: table, mechanisms: "", locales: "")),
                channel: 0, maxFrameSize: 1 << 20)
        }
        let encoded: [UInt8]
        do throws(WireError) {
            encoded = try frame(table)
        } catch {
            let isTooDeep = error.kind == .tableTooDeep && depth > WireLimits.standard.maxTableDepth
            try hold(error.kind == .tableKeyTooLong || isTooDeep, "a table of depth \(depth) does not encode: \(error)")
            return
        }
        let again = try withExactBytes(encoded.dropFirst(7).dropLast()) {
            try WireDecoder(limits: WireLimits(maxTableDepth: 64)).decodeMethod($0)
        }
        guard case .connectionStart(let start) = again else { throw Finding("connection.start became \(again)") }
        try hold(try frame(start.serverProperties) == encoded, "the second encoding differs")
    }
}

/// The grammar of tables, read by recursion: the second opinion.
private struct Grammar {
    private let bytes: [UInt8]
    private let maxDepth: Int
    private(set) var values = 0
    private(set) var depth = 0
    /// Where the table ends; `nil` if it is none.
    private(set) var end: Int?

    init(_ bytes: [UInt8], maxDepth: Int) {
        self.bytes = bytes
        self.maxDepth = maxDepth
        end = container(at: 0, limit: bytes.count, isTable: true, depth: 1)
    }

    private mutating func container(at start: Int, limit: Int, isTable: Bool, depth: Int) -> Int? {
        guard depth <= maxDepth, let end = sized(at: start, limit: limit) else { return nil }
        self.depth = max(self.depth, depth)
        var position = start + 4
        while position < end {
            if isTable {
                position += 1 + Int(bytes[position])
                guard position < end else { return nil }
            }
            guard let next = value(at: position, limit: end, depth: depth) else { return nil }
            position = next
        }
        return end
    }

    private mutating func value(at position: Int, limit: Int, depth: Int) -> Int? {
        values += 1
        let start = position + 1
        let size: Int
        switch bytes[position] {
        case UInt8(ascii: "V"): size = 0
        case UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "B"): size = 1
        case UInt8(ascii: "s"), UInt8(ascii: "u"): size = 2
        case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "f"): size = 4
        case UInt8(ascii: "D"): size = 5
        case UInt8(ascii: "l"), UInt8(ascii: "L"), UInt8(ascii: "d"), UInt8(ascii: "T"): size = 8
        case UInt8(ascii: "S"), UInt8(ascii: "x"): return sized(at: start, limit: limit)
        case UInt8(ascii: "A"): return container(at: start, limit: limit, isTable: false, depth: depth + 1)
        case UInt8(ascii: "F"): return container(at: start, limit: limit, isTable: true, depth: depth + 1)
        default: return nil
        }
        return start + size <= limit ? start + size : nil
    }

    private func sized(at start: Int, limit: Int) -> Int? {
        guard start + 4 <= limit else { return nil }
        let size = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
        return start + 4 + size <= limit ? start + 4 + size : nil
    }
}
