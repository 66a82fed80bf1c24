extension AMQPTable {
    /// A value that RabbitMQ would misread or choke on, and where it stands.
    public struct Unsupported: Sendable, Hashable {
        /// The keys and indices that lead to the value, outermost first, for example `x-limits.2.max`.
        public var path: String
        /// What is wrong with it, in a sentence.
        public var reason: String
    }

    /// The first value that RabbitMQ cannot take over as it is, `nil` when there is none.
    ///
    /// Source: `rabbit_binary_parser.erl`, and tried on RabbitMQ 3.10: it reads `L` as a signed number, and its
    /// pattern for floating point numbers does not match infinities and NaN, which closes the connection with 541.
    /// Values nested deeper than ``WireLimits/standard`` allows are reported as well.
    public var firstUnsupportedByRabbitMQ: Unsupported? {
        firstUnsupported(depth: 1)
    }

    /// The depth is checked before each descent, so that a table of any depth is safe to ask.
    private func firstUnsupported(depth: Int) -> Unsupported? {
        for entry in entries {
            if var found = entry.value.unsupported(depth: depth) {
                found.path = found.path.isEmpty ? entry.key : "\(entry.key).\(found.path)"
                return found
            }
        }
        return nil
    }

    fileprivate static func find(in table: AMQPTable, depth: Int) -> Unsupported? {
        table.firstUnsupported(depth: depth)
    }
}

extension AMQPFieldValue {
    fileprivate func unsupported(depth: Int) -> AMQPTable.Unsupported? {
        switch self {
        case .uint64(let value) where value > UInt64(Int64.max):
            return AMQPTable.Unsupported(
                path: "", reason: "RabbitMQ reads 64-bit numbers as signed: \(value) would arrive as a negative number")
        case .float(let value) where !value.isFinite:
            return AMQPTable.Unsupported(path: "", reason: "RabbitMQ cannot read the floating point number \(value)")
        case .double(let value) where !value.isFinite:
            return AMQPTable.Unsupported(path: "", reason: "RabbitMQ cannot read the floating point number \(value)")
        case .table, .array:
            guard depth < WireLimits.standard.maxTableDepth else {
                return AMQPTable.Unsupported(
                    path: "", reason: "nested deeper than \(WireLimits.standard.maxTableDepth) levels")
            }
            return unsupportedInside(depth: depth + 1)
        case .bool, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .float, .double, .decimal,
            .string, .bytes, .timestamp, .void:
            return nil
        }
    }

    private func unsupportedInside(depth: Int) -> AMQPTable.Unsupported? {
        if case .table(let table) = self { return AMQPTable.find(in: table, depth: depth) }
        guard case .array(let elements) = self else { return nil }
        for (index, element) in elements.enumerated() {
            if var found = element.unsupported(depth: depth) {
                found.path = found.path.isEmpty ? "\(index)" : "\(index).\(found.path)"
                return found
            }
        }
        return nil
    }
}
