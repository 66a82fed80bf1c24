import Testing

@testable import AMQPWire

@Suite("Nesting") struct NestingTests {
    /// Tables within tables on the wire, `levels` deep, padded with what may not be reached.
    static func wireTable(levels: Int, kind: UInt8 = 0x46) -> [UInt8] {
        var table: [UInt8] = []
        // From the outside in: the length of what is left, then an entry with the empty key (none within arrays).
        let entry = kind == 0x46 ? 6 : 5
        for level in 0..<levels {
            let inner = (levels - 1 - level) * entry + (level == 0 && kind == 0x41 && levels > 1 ? 1 : 0)
            table += bigEndian(UInt32(inner))
            if level < levels - 1 { table += (kind == 0x46 || level == 0) ? [0, kind] : [kind] }
        }
        return table
    }

    @Test("tables and arrays at the limit pass, one level more is refused", arguments: [0x46, 0x41] as [UInt8])
    func inbound(_ kind: UInt8) throws {
        let decoder = WireDecoder()
        let allowed = contentHeader([0x20, 0] + Self.wireTable(levels: 32, kind: kind))
        _ = try withExactBytes(allowed) { try decoder.decodeContentHeader($0).properties }
        let refused = contentHeader([0x20, 0] + Self.wireTable(levels: 33, kind: kind))
        withExactBytes(refused) { bytes in
            let error = wireError { _ = try decoder.decodeContentHeader(bytes) }
            #expect(error?.text.contains("nested") == true)
            #expect(error?.scope == .message)
        }
    }

    @Test("a table of 100,000 levels is refused in a header and in connection.start")
    func hostile() {
        var table = Self.wireTable(levels: 100_000)
        table += [UInt8](repeating: 0, count: 1_048_576 - table.count)
        let header = contentHeader([0x20, 0] + table)
        let start: [UInt8] = [0, 10, 0, 10, 0, 9] + table
        withExactBytes(header) { bytes in
            #expect(wireError { _ = try WireDecoder().decodeContentHeader(bytes) }?.text.contains("nested") == true)
        }
        withExactBytes(start) { bytes in
            #expect(wireError { _ = try WireDecoder().decodeMethod(bytes) }?.text.contains("nested") == true)
        }
    }

    @Test("the limit can be set, up to 64")
    func configurable() throws {
        #expect(WireLimits(maxTableDepth: 1000).maxTableDepth == 64)
        #expect(WireLimits(maxTableDepth: -1).maxTableDepth == 1)
        let deep = contentHeader([0x20, 0] + Self.wireTable(levels: 64))
        let flat = contentHeader([0x20, 0] + Self.wireTable(levels: 2))
        _ = try withExactBytes(deep) {
            try WireDecoder(limits: WireLimits(maxTableDepth: 64)).decodeContentHeader($0).properties
        }
        withExactBytes(flat) { bytes in
            let decoder = WireDecoder(limits: WireLimits(maxTableDepth: 1))
            #expect(wireError { _ = try decoder.decodeContentHeader(bytes) } != nil)
        }
    }

    @Test("a nested table may not run past the end of the one it lies in")
    func overrun() {
        // The outer table has 6 bytes, and the inner one in it claims one byte that belongs to what follows.
        let table: [UInt8] = bigEndian(UInt32(6)) + [0, 0x46] + bigEndian(UInt32(1)) + [0, 0, 0, 0]
        let header = contentHeader([0x20, 0] + table)
        withExactBytes(header) { bytes in
            #expect(wireError { _ = try WireDecoder().decodeContentHeader(bytes) }?.kind == .syntaxError)
        }
    }

    @Test("what a program nests too deep is refused when it is sent")
    func outbound() throws {
        let allowed = AMQPProperties(headers: ["k": nested(levels: 31)])
        #expect(try publish(allowed).header == allowed)
        for levels in [32, 5000] {
            let refused = AMQPProperties(headers: ["k": nested(levels: levels)])
            #expect(wireError { _ = try publish(refused) }?.kind == .tableTooDeep)
            let method = AMQPMethod.queueDeclare(.init(queue: "q", arguments: refused.headers))
            #expect(wireError { _ = try method.payload() }?.kind == .tableTooDeep)
        }
    }

    @Test("arrays that share their storage and stand for far too many bytes are refused in time")
    func shared() {
        var value: AMQPFieldValue = 1
        for _ in 0..<30 { value = .array([AMQPFieldValue](repeating: value, count: 16)) }
        let properties = AMQPProperties(headers: ["k": value])
        let method = AMQPMethod.queueDeclare(.init(queue: "q", arguments: properties.headers))
        #expect(wireError { _ = try method.payload(maxFrameSize: .max) }?.kind == .doesNotFitFrame)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
        defer { buffer.deallocate() }
        let error = wireError {
            _ = try FrameEncoder.encodePublishPrefix(
                channel: 1, exchange: "", routingKey: "", mandatory: false, immediate: false, properties: properties,
                bodySize: 0, maxFrameSize: 4096, into: buffer)
        }
        #expect(error?.kind == .doesNotFitFrame)
    }
}
