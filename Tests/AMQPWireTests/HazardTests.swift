import TestSupport
import Testing

@testable import AMQPWire

/// The hazards of rabbitmq-c, one test each. Hazard 9, the two layouts of its headers, is one of the build: see shim.h.
@Suite("Hazards") struct HazardTests {
    @Test("hazard 1: keys and short strings over 255 bytes are refused, not encoded corruptly", arguments: [255, 256])
    func longKeys(_ count: Int) throws {
        let table = AMQPTable([(String(repeating: "k", count: count), .int64(1))])
        let inner: AMQPTable = ["outer": [.table(table)]]
        for table in [table, inner] {
            let properties = AMQPProperties(headers: table)
            let method = AMQPMethod.queueDeclare(.init(queue: "q", arguments: table))
            if count == 255 {
                #expect(try publish(properties).header == properties)
                #expect(try decode(method.payload()) == method)
            } else {
                #expect(wireError { _ = try publish(properties) }?.kind == .tableKeyTooLong)
                #expect(wireError { _ = try method.payload() }?.kind == .tableKeyTooLong)
            }
        }
    }

    @Test("hazard 2: absent properties are absent, whatever was decoded before into the same memory")
    func staleProperties() throws {
        let decoder = WireDecoder()
        let full = contentHeader(try publish(Samples.allProperties).properties)
        for properties in Samples.eachProperty + [AMQPProperties()] {
            _ = try withExactBytes(full) { try decoder.decodeContentHeader($0).properties }
            let header = contentHeader(try publish(properties).properties)
            let decoded = try withExactBytes(header) { try decoder.decodeContentHeader($0).properties }
            #expect(decoded == properties)
        }
    }

    @Test("hazard 3: what is decoded outlives the bytes and the pool")
    func copies() throws {
        let decoder = WireDecoder()
        let method = AMQPMethod.queueBind(
            .init(queue: "a queue with a long name", exchange: "e", routingKey: "k", arguments: Samples.everyKind))
        var bytes = try method.payload()
        let decoded = try bytes.withUnsafeBytes { try decoder.decodeMethod($0, from: .client) }
        for index in bytes.indices { bytes[index] = 0xEE }
        decoder.pool.recycle(afterDecoding: .max)
        #expect(decoded == method)
    }

    @Test("hazard 4: empty bytes, strings, tables and arrays both ways")
    func empties() throws {
        let methods: [AMQPMethod] = [
            .connectionStart(
                .init(versionMajor: 0, versionMinor: 9, serverProperties: [:], mechanisms: "", locales: "")),
            .connectionStartOK(.init(clientProperties: [:], mechanism: "", response: [], locale: "")),
            .connectionSecure(.init(challenge: [])), .connectionUpdateSecret(.init(newSecret: [], reason: "")),
            .queueDeclare(.init(queue: "", arguments: ["": "", "a": [], "t": [:], "b": .bytes([])])),
        ]
        for method in methods { #expect(try decode(method.payload()) == method) }
        let properties = AMQPProperties(contentType: "", messageID: "")
        #expect(try publish(exchange: "", routingKey: "", properties, bodySize: 0).header == properties)
    }

    @Test("hazard 5: the pool gives back what an oversized frame took, and goes on working")
    func oversized() throws {
        let decoder = WireDecoder()
        let small = try AMQPMethod.queueDeclare(.init(queue: "q", arguments: Samples.everyKind)).payload()
        let many = AMQPTable((0..<3000).map { ("key \($0)", ["nested": [.int64(Int64($0))]]) })
        let large = try AMQPMethod.queueDeclare(.init(queue: "q", arguments: many)).payload()
        for _ in 0..<3 {
            _ = try withExactBytes(large) { try decoder.decodeMethod($0, from: .client) }
            #expect(decoder.pool.pageCount == 0)
            _ = try withExactBytes(small) { try decoder.decodeMethod($0, from: .client) }
            #expect(decoder.pool.pageCount > 0)
        }
        // The pages of small frames are used again and do not add up.
        let pages = decoder.pool.pageCount
        for _ in 0..<1000 { _ = try withExactBytes(small) { try decoder.decodeMethod($0, from: .client) } }
        #expect(decoder.pool.pageCount == pages)
    }

    @Test("hazard 6: our own constants are the library's, which Swift imports with other types or not at all")
    func constants() throws {
        var words: [UInt16] = []
        for properties in Samples.eachProperty {
            let bytes = try publish(properties).properties
            words.append(UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
        }
        // The delivery mode stands twice in the samples.
        #expect(words == [15, 14, 13, 12, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2].map { 1 << $0 })
    }

    @Test("hazard 7: every method is decoded as itself, in one pool after another")
    func structs() throws {
        let decoder = WireDecoder()
        for _ in 0..<3 {
            for method in Samples.methods.shuffled() {
                let payload = try method.payload()
                #expect(try withExactBytes(payload) { try decoder.decodeMethod($0, from: .either) } == method)
            }
        }
    }

    @Test("hazard 8: update-secret is known though rabbitmq-c does not know it")
    func updateSecret() throws {
        let method = AMQPMethod.connectionUpdateSecret(.init(newSecret: Array("token".utf8), reason: "renewed"))
        #expect(try decode(method.payload(), from: .client) == method)
        #expect(try decode([0, 10, 0, 71], from: .server) == .connectionUpdateSecretOK)
    }

    @Test("hazard 10: ids and sizes that would hit an assert or wedge the library never reach it")
    func unknownMethods() {
        var generator = SeededGenerator(seed: 10)
        for _ in 0..<5000 {
            let number = UInt32.random(in: 0...0x0080_0080, using: &generator)
            guard AMQPMethodID(rawValue: number) == nil else { continue }
            #expect(wireError { _ = try decode(bigEndian(number) + [0, 0, 0, 0]) }?.replyCode == 540)
        }
        for count in 0..<4 {
            #expect(wireError { _ = try decode([UInt8](repeating: 0, count: count)) }?.replyCode == 502)
        }
        withExactBytes([]) { none in
            #expect(wireError { _ = try WireDecoder().decodeMethod(none) }?.replyCode == 502)
            #expect(wireError { _ = try WireDecoder().decodeContentHeader(none) }?.replyCode == 502)
        }
    }

    @Test("hazard 11: all kinds of field values are known, and no others")
    func fieldKinds() throws {
        #expect(
            FieldKind.allCases.map { UnicodeScalar($0.rawValue) }.map(String.init).sorted()
                == ["A", "B", "D", "F", "I", "L", "S", "T", "V", "b", "d", "f", "i", "l", "s", "t", "u", "x"])
        for kind in UInt8.min...UInt8.max where FieldKind(rawValue: kind) == nil {
            let header = contentHeader(
                [0x20, 0] + bigEndian(UInt32(10)) + [0, kind] + [UInt8](repeating: 0, count: 8))
            let error = withExactBytes(header) { bytes in
                wireError { _ = try WireDecoder().decodeContentHeader(bytes) }
            }
            #expect(error?.kind == .syntaxError)
            #expect(error?.scope == .message)
        }
    }

    @Test("hazard 12: capabilities announce themselves as a table of booleans")
    func capabilities() throws {
        let method = AMQPMethod.connectionStartOK(
            .init(clientProperties: Samples.capabilities, mechanism: "PLAIN", response: [], locale: "en_US"))
        guard case .connectionStartOK(let decoded) = try decode(method.payload(), from: .client) else {
            Issue.record("another method")
            return
        }
        #expect(decoded.clientProperties["capabilities"]?.table?["consumer_cancel_notify"] == true)
    }

    @Test("hazard 13: a frame over the agreed size is refused by its header")
    func frameMax() {
        var splitter = FrameSplitter(maxFrameSize: 131_072, channelMax: 1)
        withExactBytes([1, 0, 0] + bigEndian(UInt32(131_065))) { bytes in
            #expect(wireError { _ = try splitter.next(in: bytes) }?.replyCode == 501)
            splitter.maxFrameSize = .max
            #expect(wireError { _ = try splitter.next(in: bytes) } == nil)
        }
    }

    @Test("hazard 14: the fingerprint's bytes are those that a return brings back")
    func fingerprint() throws {
        for properties in Samples.eachProperty + [Samples.allProperties, AMQPProperties()] {
            let encoded = try publish(properties)
            let raw = try withExactBytes(contentHeader(encoded.properties)) { bytes in
                Array(try WireDecoder().decodeContentHeader(bytes).rawProperties)
            }
            #expect(raw == encoded.properties)
        }
    }

    @Test("hazard 15: a header or a method that does not fit one frame is refused before it is written")
    func oneFrame() throws {
        let properties = AMQPProperties(headers: ["h": .string(String(repeating: "x", count: 4000))])
        let headerSize = 20 + (try publish(properties).properties.count)
        #expect(try publish(properties, maxFrameSize: headerSize).header == properties)
        #expect(wireError { _ = try publish(properties, maxFrameSize: headerSize - 1) }?.kind == .doesNotFitFrame)

        let method = AMQPMethod.queueDeclare(.init(queue: "q", arguments: properties.headers))
        let size = try FrameEncoder.frame(method, channel: 1, maxFrameSize: .max).count
        #expect(try FrameEncoder.frame(method, channel: 1, maxFrameSize: size).count == size)
        let error = wireError { _ = try FrameEncoder.frame(method, channel: 1, maxFrameSize: size - 1) }
        #expect(error?.kind == .doesNotFitFrame)
        #expect(error?.isLocal == true)
    }
}
