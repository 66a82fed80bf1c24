import CSwiftAMQP
import SwiftAMQP
import Testing

@testable import SwiftAMQPFacade

@Suite("Tables of C")
struct TableTests {
    @Test("every kind of integer takes what fits into it, and gives it back")
    func integers() throws {
        let kinds: [(samqp_kind, Int64, Int64)] = [
            (SAMQP_KIND_INT8, -128, 127), (SAMQP_KIND_UINT8, 0, 255), (SAMQP_KIND_INT16, -32_768, 32_767),
            (SAMQP_KIND_UINT16, 0, 65_535), (SAMQP_KIND_INT32, -2_147_483_648, 2_147_483_647),
            (SAMQP_KIND_UINT32, 0, 4_294_967_295), (SAMQP_KIND_INT64, .min, .max), (SAMQP_KIND_UINT64, 0, .max),
        ]
        try withTable { table in
            for (kind, lowest, highest) in kinds {
                for value in [lowest, highest] {
                    #expect(samqp_table_set_int(table, "n", value, kind) == SAMQP_OK)
                    #expect(samqp_table_kind(table, "n") == kind)
                    var read: Int64 = 0
                    #expect(samqp_table_get_int(table, "n", 0, &read) == SAMQP_OK)
                    #expect(read == value)
                    var unsigned: UInt64 = 7
                    let expected = value < 0 ? SAMQP_ERR_WRONG_TYPE : SAMQP_OK
                    #expect(samqp_table_get_uint64(table, "n", 0, &unsigned) == expected)
                    #expect(unsigned == (value < 0 ? 7 : UInt64(value)))
                }
                if lowest > .min {
                    #expect(samqp_table_set_int(table, "n", lowest - 1, kind) == SAMQP_ERR_INVALID_ARGUMENT)
                }
                if highest < .max {
                    #expect(samqp_table_set_int(table, "n", highest + 1, kind) == SAMQP_ERR_INVALID_ARGUMENT)
                }
            }
            #expect(samqp_table_count(table) == 1)
            for kind in [SAMQP_KIND_BOOL, SAMQP_KIND_STRING, SAMQP_KIND_DOUBLE, 0, -1, .max] {
                #expect(samqp_table_set_int(table, "n", 1, kind) == SAMQP_ERR_INVALID_ARGUMENT)
            }
            #expect(samqp_table_set_uint64(table, "u", .max) == SAMQP_OK)
            var unsigned: UInt64 = 0
            var signed: Int64 = 7
            #expect(samqp_table_get_uint64(table, "u", 0, &unsigned) == SAMQP_OK)
            #expect(unsigned == .max)
            #expect(samqp_table_get_int(table, "u", 0, &signed) == SAMQP_ERR_WRONG_TYPE)
            #expect(signed == 7)
        }
    }

    @Test("the other kinds come back as they were set")
    func others() throws {
        try withTable { table in
            #expect(samqp_table_set_bool(table, "bool", 5) == SAMQP_OK)
            #expect(samqp_table_set_double(table, "double", 0.1, SAMQP_KIND_DOUBLE) == SAMQP_OK)
            #expect(samqp_table_set_double(table, "float", 0.5, SAMQP_KIND_FLOAT) == SAMQP_OK)
            #expect(samqp_table_set_decimal(table, "decimal", 255, .max) == SAMQP_OK)
            #expect(samqp_table_set_string(table, "string", "grüße") == SAMQP_OK)
            #expect(samqp_table_set_bytes(table, "bytes", [1, 0, 255] as [UInt8], 3) == SAMQP_OK)
            #expect(samqp_table_set_bytes(table, "none", nil, 0) == SAMQP_OK)
            #expect(samqp_table_set_timestamp(table, "time", .max) == SAMQP_OK)
            #expect(samqp_table_set_void(table, "void") == SAMQP_OK)
            let object = try #require(Handle.get(table, as: TableObject.self))
            #expect(
                try object.table() == [
                    "bool": true, "double": .double(0.1), "float": .float(0.5),
                    "decimal": .decimal(AMQPDecimal(scale: 255, value: .max)), "string": "grüße",
                    "bytes": .bytes([1, 0, 255]), "none": .bytes([]),
                    "time": .timestamp(AMQPTimestamp(secondsSinceEpoch: .max)), "void": .void,
                ])

            var flag: Int32 = 0
            #expect(samqp_table_get_bool(table, "bool", 0, &flag) == SAMQP_OK && flag == 1)
            var number = 0.0
            #expect(samqp_table_get_double(table, "double", 0, &number) == SAMQP_OK && number == 0.1)
            #expect(samqp_table_get_double(table, "float", 0, &number) == SAMQP_OK && number == 0.5)
            var scale: UInt8 = 0
            var digits: UInt32 = 0
            #expect(samqp_table_get_decimal(table, "decimal", 0, &scale, &digits) == SAMQP_OK)
            #expect(scale == 255 && digits == .max)
            var string: UnsafePointer<CChar>?
            var length = 0
            #expect(samqp_table_get_string(table, "string", 0, &string, &length) == SAMQP_OK)
            #expect(text(string) == "grüße" && length == 7)
            var bytes: UnsafeRawPointer?
            #expect(samqp_table_get_bytes(table, "bytes", 0, &bytes, &length) == SAMQP_OK)
            #expect(Array(UnsafeRawBufferPointer(start: bytes, count: length)) == [1, 0, 255])
            #expect(samqp_table_get_bytes(table, "none", 0, &bytes, &length) == SAMQP_OK)
            #expect(bytes != nil && length == 0)
            #expect(samqp_table_get_bytes(table, "string", 0, &bytes, &length) == SAMQP_OK && length == 7)
            var seconds: UInt64 = 0
            #expect(samqp_table_get_timestamp(table, "time", 0, &seconds) == SAMQP_OK && seconds == .max)
            #expect(samqp_table_kind(table, "void") == SAMQP_KIND_VOID)
        }
    }

    @Test("what no broker can read is refused")
    func unreadable() throws {
        try withTable { table in
            for value in [Double.nan, .infinity, -.infinity] {
                for kind in [SAMQP_KIND_DOUBLE, SAMQP_KIND_FLOAT] {
                    #expect(samqp_table_set_double(table, "d", value, kind) == SAMQP_ERR_INVALID_ARGUMENT)
                }
            }
            #expect(samqp_table_set_double(table, "d", 1e300, SAMQP_KIND_FLOAT) == SAMQP_ERR_INVALID_ARGUMENT)
            #expect(samqp_table_set_double(table, "d", 1, SAMQP_KIND_INT8) == SAMQP_ERR_INVALID_ARGUMENT)
            #expect(samqp_table_set_string(table, badText, "x") == SAMQP_ERR_INVALID_ARGUMENT)
            #expect(samqp_table_set_string(table, "k", badText) == SAMQP_ERR_INVALID_ARGUMENT)
            #expect(samqp_table_set_string(table, "k", nil) == SAMQP_ERR_INVALID_ARGUMENT)
            #expect(samqp_table_set_string(table, longText, "x") == SAMQP_ERR_INVALID_ARGUMENT)
            #expect(samqp_table_set_bytes(table, "k", nil, 1) == SAMQP_ERR_INVALID_ARGUMENT)
            #expect(samqp_table_set_bytes(table, "k", "x", -1) == SAMQP_ERR_INVALID_ARGUMENT)
            #expect(samqp_table_count(table) == 0)
            #expect(samqp_table_set_string(table, String(longText.dropLast()), longText) == SAMQP_OK)
            var value: Int32 = 0
            #expect(samqp_table_get_bool(table, badText, 0, &value) == SAMQP_ERR_INVALID_ARGUMENT)
        }
    }

    @Test("a value of another kind is refused, and nothing is written")
    func wrongTypes() throws {
        try withTable { table in
            #expect(samqp_table_set_string(table, "s", "1") == SAMQP_OK)
            #expect(samqp_table_set_int(table, "n", 1, SAMQP_KIND_INT8) == SAMQP_OK)
            var (flag, signed, unsigned, number) = (Int32(9), Int64(9), UInt64(9), 9.0)
            var (scale, digits, length) = (UInt8(9), UInt32(9), 9)
            var string: UnsafePointer<CChar>?
            var bytes: UnsafeRawPointer?
            var nested: OpaquePointer?
            #expect(samqp_table_get_bool(table, "n", 0, &flag) == SAMQP_ERR_WRONG_TYPE)
            #expect(samqp_table_get_int(table, "s", 0, &signed) == SAMQP_ERR_WRONG_TYPE)
            #expect(samqp_table_get_uint64(table, "s", 0, &unsigned) == SAMQP_ERR_WRONG_TYPE)
            #expect(samqp_table_get_double(table, "n", 0, &number) == SAMQP_ERR_WRONG_TYPE)
            #expect(samqp_table_get_decimal(table, "n", 0, &scale, &digits) == SAMQP_ERR_WRONG_TYPE)
            #expect(samqp_table_get_string(table, "n", 0, &string, &length) == SAMQP_ERR_WRONG_TYPE)
            #expect(samqp_table_get_bytes(table, "n", 0, &bytes, &length) == SAMQP_ERR_WRONG_TYPE)
            #expect(samqp_table_get_timestamp(table, "n", 0, &unsigned) == SAMQP_ERR_WRONG_TYPE)
            #expect(samqp_table_get_table(table, "n", 0, &nested) == SAMQP_ERR_WRONG_TYPE)
            #expect(samqp_table_get_int(table, "x", 0, &signed) == SAMQP_ERR_NOT_FOUND)
            for index in [2, -1, .max] {
                #expect(samqp_table_get_int(table, nil, index, &signed) == SAMQP_ERR_NOT_FOUND)
                #expect(samqp_table_key_at(table, index) == nil)
                #expect(samqp_table_kind_at(table, index) == 0)
            }
            #expect(
                flag == 9 && signed == 9 && unsigned == 9 && number == 9 && scale == 9 && digits == 9 && length == 9)
            #expect(string == nil && bytes == nil && nested == nil)
        }
    }

    @Test("setting a key that is there keeps its place; removing takes it out")
    func order() throws {
        try withTable { table in
            for key in ["a", "b", "c"] { #expect(samqp_table_set_string(table, key, key) == SAMQP_OK) }
            #expect(samqp_table_set_bool(table, "b", 0) == SAMQP_OK)
            #expect((0..<3).map { text(samqp_table_key_at(table, $0)) } == ["a", "b", "c"])
            #expect(samqp_table_kind_at(table, 1) == SAMQP_KIND_BOOL)
            #expect(samqp_table_remove(table, "a") == SAMQP_OK)
            #expect(samqp_table_remove(table, "a") == SAMQP_ERR_NOT_FOUND)
            #expect(samqp_table_remove(table, nil) == SAMQP_ERR_INVALID_ARGUMENT)
            #expect((0..<2).map { text(samqp_table_key_at(table, $0)) } == ["b", "c"])

            let copy = samqp_table_copy(table)
            #expect(samqp_table_set_void(table, "b") == SAMQP_OK)
            #expect(samqp_table_kind(copy, "b") == SAMQP_KIND_BOOL)
            samqp_table_free(copy)
        }
    }

    @Test("lists and tables nest, are lent, and outlive what they were copied from")
    func nesting() throws {
        try withTable { table in
            try withTable { list in
                #expect(samqp_table_set_string(list, nil, "one") == SAMQP_OK)
                #expect(samqp_table_set_int(list, nil, 2, SAMQP_KIND_INT32) == SAMQP_OK)
                #expect(text(samqp_table_key_at(list, 0)) == "")
                #expect(samqp_table_set_array(table, "list", list) == SAMQP_OK)
                // It has no names.
                #expect(samqp_table_set_table(table, "table", list) == SAMQP_ERR_INVALID_ARGUMENT)
                #expect(samqp_table_set_table(table, "table", nil) == SAMQP_ERR_INVALID_ARGUMENT)
            }
            #expect(samqp_table_set_table(table, "self", table) == SAMQP_OK)
            var list: OpaquePointer?
            #expect(samqp_table_get_table(table, "list", 0, &list) == SAMQP_OK)
            #expect(samqp_table_kind(table, "list") == SAMQP_KIND_ARRAY && samqp_table_count(list) == 2)
            var string: UnsafePointer<CChar>?
            #expect(samqp_table_get_string(list, nil, 0, &string, nil) == SAMQP_OK && text(string) == "one")
            var own: OpaquePointer?
            #expect(samqp_table_get_table(table, "self", 0, &own) == SAMQP_OK)
            #expect(samqp_table_kind(table, "self") == SAMQP_KIND_TABLE && samqp_table_count(own) == 1)
            var again: OpaquePointer?
            #expect(samqp_table_get_table(table, nil, 1, &again) == SAMQP_OK && again == own)
        }
    }

    @Test("tables nest as deep as they can be sent, and no deeper")
    func depth() throws {
        var deepest = try #require(samqp_table_new())
        for _ in 1..<WireLimits.standard.maxTableDepth {
            let next = try #require(samqp_table_new())
            #expect(samqp_table_set_table(next, "t", deepest) == SAMQP_OK)
            samqp_table_free(deepest)
            deepest = next
        }
        defer { samqp_table_free(deepest) }
        #expect(try AMQPTable(callerTable: deepest).firstUnsupportedByRabbitMQ == nil)
        try withTable { table in
            #expect(samqp_table_set_table(table, "t", deepest) == SAMQP_ERR_INVALID_ARGUMENT)
            #expect(samqp_table_set_array(table, "t", deepest) == SAMQP_ERR_INVALID_ARGUMENT)
            // One that came from the broker is measured, too, and its tables may be put into others.
            let received = TableObject(try AMQPTable(callerTable: deepest))
            #expect(received.depth == WireLimits.standard.maxTableDepth)
            #expect(samqp_table_set_table(table, "t", Handle.lend(received)) == SAMQP_ERR_INVALID_ARGUMENT)
            let nested = try #require(received.entry(at: 0)?.table)
            #expect(samqp_table_set_table(table, "t", Handle.lend(nested)) == SAMQP_OK)
        }
    }

    @Test("a text of the broker ends at its first zero; its bytes are all there; a key may stand twice")
    func received() throws {
        let wire = AMQPTable(exactly: [("a", "x\0y"), ("a", .array([.table(["k": 1])])), ("\0", 1)])
        let object = TableObject(wire)
        #expect(try object.table() == wire)
        let table = Handle.lend(object)
        var string: UnsafePointer<CChar>?
        var length = 0
        #expect(samqp_table_get_string(table, "a", 0, &string, &length) == SAMQP_OK)
        #expect(text(string) == "x" && length == 1)
        var bytes: UnsafeRawPointer?
        #expect(samqp_table_get_bytes(table, nil, 0, &bytes, &length) == SAMQP_OK)
        #expect(Array(UnsafeRawBufferPointer(start: bytes, count: length)) == Array("x\0y".utf8))
        #expect(samqp_table_kind_at(table, 1) == SAMQP_KIND_ARRAY)
        #expect(text(samqp_table_key_at(table, 2)) == "")
        withExtendedLifetime(object) {}
    }

    @Test("many threads that read get the same borrowed text")
    func readers() async throws {
        let object = TableObject(["text": "a text that many ask for", "table": .table(["k": "v"])])
        let pointers = await withTaskGroup(of: [UInt].self) { group in
            for _ in 0..<16 {
                group.addTask {
                    var string: UnsafePointer<CChar>?
                    var nested: OpaquePointer?
                    _ = samqp_table_get_string(Handle.lend(object), "text", 0, &string, nil)
                    _ = samqp_table_get_table(Handle.lend(object), "table", 0, &nested)
                    let key = samqp_table_key_at(Handle.lend(object), 0)
                    return [UInt(bitPattern: string), UInt(bitPattern: nested), UInt(bitPattern: key)]
                }
            }
            return await group.reduce(into: Set<[UInt]>()) { $0.insert($1) }
        }
        #expect(pointers.count == 1)
        #expect(pointers.first?.contains(0) == false)
    }

    @Test("NULL is refused everywhere, and freeing it does nothing")
    func null() throws {
        samqp_table_free(nil)
        #expect(samqp_table_copy(nil) == nil && samqp_table_count(nil) == 0)
        #expect(
            samqp_table_key_at(nil, 0) == nil && samqp_table_kind_at(nil, 0) == 0 && samqp_table_kind(nil, "k") == 0)
        var statuses = [
            samqp_table_set_bool(nil, "k", 1), samqp_table_set_int(nil, "k", 1, SAMQP_KIND_INT8),
            samqp_table_set_uint64(nil, "k", 1), samqp_table_set_double(nil, "k", 1, SAMQP_KIND_DOUBLE),
            samqp_table_set_decimal(nil, "k", 1, 1), samqp_table_set_string(nil, "k", "v"),
            samqp_table_set_bytes(nil, "k", "v", 1), samqp_table_set_timestamp(nil, "k", 1),
            samqp_table_set_void(nil, "k"), samqp_table_set_table(nil, "k", nil), samqp_table_set_array(nil, "k", nil),
            samqp_table_remove(nil, "k"),
        ]
        var (flag, signed, unsigned, number) = (Int32(9), Int64(9), UInt64(9), 9.0)
        var (scale, digits, length) = (UInt8(9), UInt32(9), 9)
        var string: UnsafePointer<CChar>?
        var bytes: UnsafeRawPointer?
        var nested: OpaquePointer?
        statuses += [
            samqp_table_get_bool(nil, "k", 0, &flag), samqp_table_get_int(nil, "k", 0, &signed),
            samqp_table_get_uint64(nil, "k", 0, &unsigned), samqp_table_get_double(nil, "k", 0, &number),
            samqp_table_get_decimal(nil, "k", 0, &scale, &digits),
            samqp_table_get_string(nil, "k", 0, &string, &length),
            samqp_table_get_bytes(nil, "k", 0, &bytes, &length), samqp_table_get_timestamp(nil, "k", 0, &unsigned),
            samqp_table_get_table(nil, "k", 0, &nested),
        ]
        try withTable { table in
            #expect(samqp_table_kind(table, nil) == 0)
            statuses += [
                samqp_table_get_bool(table, "k", 0, nil), samqp_table_get_int(table, "k", 0, nil),
                samqp_table_get_uint64(table, "k", 0, nil), samqp_table_get_double(table, "k", 0, nil),
                samqp_table_get_decimal(table, "k", 0, nil, &digits),
                samqp_table_get_decimal(table, "k", 0, &scale, nil),
                samqp_table_get_string(table, "k", 0, nil, nil), samqp_table_get_bytes(table, "k", 0, nil, &length),
                samqp_table_get_bytes(table, "k", 0, &bytes, nil), samqp_table_get_timestamp(table, "k", 0, nil),
                samqp_table_get_table(table, "k", 0, nil), samqp_table_set_array(table, "k", nil),
            ]
        }
        #expect(statuses == [samqp_status](repeating: SAMQP_ERR_INVALID_ARGUMENT, count: statuses.count))
    }
}
