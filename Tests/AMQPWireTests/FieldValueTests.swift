import AMQPWire
import Testing

@Suite("Field values and tables") struct FieldValueTests {
    /// Each kind with its bytes, from https://www.rabbitmq.com/amqp-0-9-1-errata.html#section_3
    static let golden: [(AMQPFieldValue, [UInt8])] = [
        (.bool(true), [0x74, 1]), (.bool(false), [0x74, 0]), (.int8(-2), [0x62, 0xFE]), (.uint8(254), [0x42, 0xFE]),
        (.int16(-2), [0x73, 0xFF, 0xFE]), (.uint16(0xABCD), [0x75, 0xAB, 0xCD]),
        (.int32(-2), [0x49, 0xFF, 0xFF, 0xFF, 0xFE]), (.uint32(1), [0x69, 0, 0, 0, 1]),
        (.int64(-2), [0x6C, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE]),
        (.uint64(.max), [0x4C, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        (.float(1), [0x66, 0x3F, 0x80, 0, 0]), (.double(-2), [0x64, 0xC0, 0, 0, 0, 0, 0, 0, 0]),
        (.decimal(AMQPDecimal(scale: 2, value: 314)), [0x44, 2, 0, 0, 1, 0x3A]),
        (.string("ä"), [0x53, 0, 0, 0, 2, 0xC3, 0xA4]), (.string(""), [0x53, 0, 0, 0, 0]),
        (.bytes([0xFF]), [0x78, 0, 0, 0, 1, 0xFF]), (.bytes([]), [0x78, 0, 0, 0, 0]),
        (.timestamp(AMQPTimestamp(secondsSinceEpoch: 1)), [0x54, 0, 0, 0, 0, 0, 0, 0, 1]),
        (.array([.void, .bool(true)]), [0x41, 0, 0, 0, 3, 0x56, 0x74, 1]), (.array([]), [0x41, 0, 0, 0, 0]),
        (.table(["x": .void]), [0x46, 0, 0, 0, 3, 1, 0x78, 0x56]), (.table([:]), [0x46, 0, 0, 0, 0]), (.void, [0x56]),
    ]

    @Test("every kind round-trips as a header", arguments: golden.map(\.0))
    func roundTrip(_ value: AMQPFieldValue) throws {
        let properties = AMQPProperties(headers: ["key": value, "list": .array([value, value])])
        #expect(try publish(properties).header == properties)
    }

    @Test("a NaN keeps its bits")
    func nan() throws {
        let bits: UInt64 = 0x7FF8_0000_0000_0123
        let decoded = try publish(AMQPProperties(headers: ["n": .double(Double(bitPattern: bits))])).header
        guard case .double(let value) = decoded.headers["n"] else {
            Issue.record("not a double")
            return
        }
        #expect(value.bitPattern == bits)
    }

    @Test("a long string that is not UTF-8 arrives as bytes")
    func notUTF8() throws {
        let table: [UInt8] = bigEndian(UInt32(8)) + [1, 0x6B, 0x53, 0, 0, 0, 1, 0xFF]
        let header = contentHeader([0x20, 0] + table)
        let content = try withExactBytes(header) { try WireDecoder().decodeContentHeader($0).properties }
        #expect(content.headers["k"] == .bytes([0xFF]))
    }

    @Test("literals")
    func literals() {
        let table: AMQPTable = [
            "s": "text", "i": -5, "b": true, "f": 1.5, "a": [1, "x"], "t": ["k": nil], "s2": "\(1 + 1)", "i": 6,
        ]
        #expect(table.map(\.key) == ["s", "i", "b", "f", "a", "t", "s2"])
        #expect(table["s"] == .string("text"))
        #expect(table["i"] == .int64(6))
        #expect(table["b"] == .bool(true))
        #expect(table["f"] == .double(1.5))
        #expect(table["a"] == .array([.int64(1), .string("x")]))
        #expect(table["t"] == .table(["k": .void]))
        #expect(table["s2"] == .string("2"))
        #expect(table["none"] == nil)
    }

    @Test("a table is ordered, and a value")
    func tableSemantics() {
        var table = AMQPTable()
        #expect(table.isEmpty)
        table["b"] = 1
        table["a"] = 2
        let copy = table
        table["b"] = 3
        #expect(table.map(\.key) == ["b", "a"])
        #expect(copy["b"] == 1)
        #expect(table["b"] == 3)
        table["b"] = nil
        #expect(table == ["a": 2])
        #expect(copy.count == 2)
        #expect(copy != ["a": 2, "b": 1])
        #expect(copy[0].key == "b")
    }

    @Test("a key that a peer sent twice reads as its first, and is replaced as one")
    func duplicateKeys() throws {
        let table: [UInt8] = bigEndian(UInt32(8)) + [1, 0x6B, 0x74, 1, 1, 0x6B, 0x74, 0]
        let header = contentHeader([0x20, 0] + table)
        var headers = try withExactBytes(header) { try WireDecoder().decodeContentHeader($0).properties.headers }
        #expect(headers.count == 2)
        #expect(headers["k"] == true)
        headers["k"] = 5
        #expect(headers == ["k": 5])
    }

    @Test("accessors")
    func accessors() {
        #expect(AMQPFieldValue.uint8(7).integer == 7)
        #expect(AMQPFieldValue.int16(-7).integer == -7)
        #expect(AMQPFieldValue.uint64(.max).integer == nil)
        #expect(AMQPFieldValue.string("7").integer == nil)
        #expect(AMQPFieldValue.string("7").string == "7")
        #expect(AMQPFieldValue.bool(true).bool == true)
        #expect(AMQPFieldValue.array([1]).array == [1])
        #expect(AMQPFieldValue.table(["a": 1]).table == ["a": 1])
    }

    @Test("what RabbitMQ cannot take is found, with its path")
    func unsupported() {
        #expect(AMQPTable().firstUnsupportedByRabbitMQ == nil)
        let fine: AMQPTable = ["a": .uint64(UInt64(Int64.max)), "b": 1.5, "c": ["d": [1, "x", nil]]]
        #expect(fine.firstUnsupportedByRabbitMQ == nil)
        let huge: AMQPTable = ["a": 1, "b": ["c": [1, .uint64(.max)]]]
        #expect(huge.firstUnsupportedByRabbitMQ?.path == "b.c.1")
        #expect((["n": .double(.nan)] as AMQPTable).firstUnsupportedByRabbitMQ?.path == "n")
        #expect((["n": .float(.infinity)] as AMQPTable).firstUnsupportedByRabbitMQ?.path == "n")
        #expect((["n": nested(levels: 31)] as AMQPTable).firstUnsupportedByRabbitMQ == nil)
        #expect((["n": nested(levels: 32)] as AMQPTable).firstUnsupportedByRabbitMQ != nil)
    }
}

/// Tables within tables: as the value of a table, it makes one of `levels` + 1.
func nested(levels: Int) -> AMQPFieldValue {
    var value: AMQPFieldValue = 1
    for level in 0..<levels { value = level.isMultiple(of: 2) ? ["k": value] : [value] }
    return value
}
