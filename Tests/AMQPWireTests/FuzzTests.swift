import AMQPWire
import TestSupport
import Testing

/// Random damage to valid bytes: nothing may trap or read outside, and what decodes must encode again.
@Suite("Fuzz") struct FuzzTests {
    static func mutate(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            guard !bytes.isEmpty else { return }
            let index = Int.random(in: bytes.indices, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: bytes.removeSubrange(index...)
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
            case 4: bytes[index] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
            default: bytes.remove(at: index)
            }
        }
    }

    @Test("damaged methods", arguments: 0..<4 as Range<UInt64>)
    func methods(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let decoder = WireDecoder()
        let payloads = try Samples.methods.map { try $0.payload() }
        for _ in 0..<25_000 {
            var payload = payloads.randomElement(using: &generator) ?? []
            Self.mutate(&payload, &generator)
            let decoded = withExactBytes(payload) { bytes -> AMQPMethod? in
                do throws(WireError) {
                    return try decoder.decodeMethod(bytes, from: .either)
                } catch {
                    #expect(!error.isLocal)
                    return nil
                }
            }
            if let decoded { try expectStable(decoded) }
        }
    }

    /// What was decoded encodes, unless repaired text has grown over its limit; and then decodes to the same bytes.
    func expectStable(_ method: AMQPMethod) throws {
        do {
            let bytes = try method.payload()
            let again = try decode(bytes)
            // Compared as bytes: a NaN does not equal itself.
            #expect(try again.payload() == bytes)
        } catch let error as WireError {
            #expect(error.kind == .shortStringTooLong || error.kind == .tableKeyTooLong)
        }
    }

    @Test("damaged content headers", arguments: 0..<3 as Range<UInt64>)
    func headers(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed &+ 100)
        let decoder = WireDecoder()
        let headers = try (Samples.eachProperty + [AMQPProperties](repeating: Samples.allProperties, count: 10))
            .map { contentHeader(try publish($0).properties) }
        for _ in 0..<25_000 {
            var header = headers.randomElement(using: &generator) ?? []
            Self.mutate(&header, &generator)
            withExactBytes(header) { bytes in
                do {
                    let content = try decoder.decodeContentHeader(bytes)
                    _ = try publish(content.properties)
                } catch let error as WireError {
                    let grown = error.kind == .shortStringTooLong || error.kind == .tableKeyTooLong
                    #expect(!error.isLocal || grown)
                } catch {
                    Issue.record(error)
                }
            }
        }
    }

    @Test("damaged streams of frames")
    func frames() throws {
        var generator = SeededGenerator(seed: 200)
        let decoder = WireDecoder()
        let splitter = FrameSplitter(maxFrameSize: 4096, channelMax: 10)
        let message = try publish(Samples.allProperties).bytes + [3, 0, 1, 0, 0, 0, 1, 7, 0xCE]
        let deliver = try FrameEncoder.frame(
            .basicDeliver(
                .init(consumerTag: "c", deliveryTag: 1, redelivered: false, exchange: "e", routingKey: "k")),
            channel: 1, maxFrameSize: 4096)
        for _ in 0..<30_000 {
            var stream = deliver + message + FrameEncoder.heartbeatFrame
            Self.mutate(&stream, &generator)
            withExactBytes(stream) { stream in
                var offset = 0
                while let frame = try? splitter.next(in: UnsafeRawBufferPointer(rebasing: stream[offset...])) {
                    offset += frame.totalSize
                    switch frame.type {
                    case .method:
                        _ = try? decoder.decodeMethod(frame.payload, from: .either)
                        _ = try? decoder.decodeDeliver(frame.payload)
                    case .header: _ = try? decoder.decodeContentHeader(frame.payload)
                    case .body, .heartbeat: break
                    }
                }
                #expect(offset <= stream.count)
            }
        }
    }
}
