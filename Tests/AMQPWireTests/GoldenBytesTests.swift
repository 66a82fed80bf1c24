import AMQPWire
import Testing

/// Frames written down by hand from the specification, so that an error made both ways does not go unseen.
@Suite("Golden bytes") struct GoldenBytesTests {
    static let frames: [(AMQPMethod, [UInt8])] = [
        (.connectionCloseOK, [1, 0, 3, 0, 0, 0, 4, 0, 10, 0, 51, 0xCE]),
        (.channelOpen, [1, 0, 3, 0, 0, 0, 5, 0, 20, 0, 10, 0, 0xCE]),
        (.channelOpenOK, [1, 0, 3, 0, 0, 0, 8, 0, 20, 0, 11, 0, 0, 0, 0, 0xCE]),
        (
            .connectionTuneOK(.init(channelMax: 2047, frameMax: 131_072, heartbeat: 20)),
            [1, 0, 3, 0, 0, 0, 12, 0, 10, 0, 31, 0x07, 0xFF, 0, 2, 0, 0, 0, 20, 0xCE]
        ),
        (
            .connectionOpen(.init(virtualHost: "/")),
            [1, 0, 3, 0, 0, 0, 8, 0, 10, 0, 40, 1, 0x2F, 0, 0, 0xCE]
        ),
        (
            .queueDeclare(.init(queue: "q", durable: true, noWait: true, arguments: ["a": true])),
            [1, 0, 3, 0, 0, 0, 17, 0, 50, 0, 10, 0, 0, 1, 0x71, 0b10010, 0, 0, 0, 4, 1, 0x61, 0x74, 1, 0xCE]
        ),
        (
            .basicPublish(.init(exchange: "ex", routingKey: "k", mandatory: true, immediate: false)),
            [1, 0, 3, 0, 0, 0, 12, 0, 60, 0, 40, 0, 0, 2, 0x65, 0x78, 1, 0x6B, 1, 0xCE]
        ),
        (
            .basicAck(.init(deliveryTag: 0x0102_0304_0506_0708, multiple: true)),
            [1, 0, 3, 0, 0, 0, 13, 0, 60, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8, 1, 0xCE]
        ),
        (
            .basicNack(.init(deliveryTag: 1, multiple: false, requeue: true)),
            [1, 0, 3, 0, 0, 0, 13, 0, 60, 0, 120, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0xCE]
        ),
        (
            .connectionUpdateSecret(.init(newSecret: [1, 2], reason: "r")),
            [1, 0, 3, 0, 0, 0, 12, 0, 10, 0, 70, 0, 0, 0, 2, 1, 2, 1, 0x72, 0xCE]
        ),
        (.connectionUpdateSecretOK, [1, 0, 3, 0, 0, 0, 4, 0, 10, 0, 71, 0xCE]),
        (.confirmSelect(.init()), [1, 0, 3, 0, 0, 0, 5, 0, 85, 0, 10, 0, 0xCE]),
    ]

    @Test("method frames", arguments: frames)
    func methods(_ method: AMQPMethod, _ bytes: [UInt8]) throws {
        #expect(try FrameEncoder.frame(method, channel: 3, maxFrameSize: 4096) == bytes)
        #expect(try decode(Array(bytes.dropFirst(7).dropLast())) == method)
    }

    @Test("every field kind", arguments: FieldValueTests.golden)
    func fieldKinds(_ value: AMQPFieldValue, _ bytes: [UInt8]) throws {
        let payload = try AMQPMethod.queueUnbind(
            .init(queue: "", exchange: "", routingKey: "", arguments: ["k": value])
        ).payload()
        let table = bigEndian(UInt32(2 + bytes.count)) + [1, 0x6B] + bytes
        #expect(payload == [0, 50, 0, 50, 0, 0, 0, 0, 0] + table)
    }

    @Test("a publish: both frames")
    func publishPrefix() throws {
        let properties = AMQPProperties(deliveryMode: .persistent, messageID: "m")
        let encoded = try publish(exchange: "x", routingKey: "", mandatory: true, properties, bodySize: 258)
        let method: [UInt8] = [1, 0, 7, 0, 0, 0, 10, 0, 60, 0, 40, 0, 0, 1, 0x78, 0, 1, 0xCE]
        let propertyBytes: [UInt8] = [0x10, 0x80, 2, 1, 0x6D]
        let header: [UInt8] = [2, 0, 7, 0, 0, 0, 17, 0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2] + propertyBytes + [0xCE]
        #expect(encoded.bytes == method + header)
        #expect(encoded.properties == propertyBytes)
    }

    @Test("acks, body headers, heartbeats, the protocol header")
    func fixedFrames() throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 21, alignment: 1)
        defer { buffer.deallocate() }
        #expect(try FrameEncoder.encodeAck(channel: 258, deliveryTag: 5, multiple: true, into: buffer) == 21)
        #expect(Array(buffer) == [1, 1, 2, 0, 0, 0, 13, 0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 5, 1, 0xCE])
        #expect(
            try FrameEncoder.encodeNack(channel: 1, deliveryTag: 6, multiple: true, requeue: true, into: buffer) == 21)
        #expect(Array(buffer) == [1, 0, 1, 0, 0, 0, 13, 0, 60, 0, 120, 0, 0, 0, 0, 0, 0, 0, 6, 3, 0xCE])
        #expect(try FrameEncoder.encodeReject(channel: 1, deliveryTag: 7, requeue: true, into: buffer) == 21)
        #expect(Array(buffer) == [1, 0, 1, 0, 0, 0, 13, 0, 60, 0, 90, 0, 0, 0, 0, 0, 0, 0, 7, 1, 0xCE])
        #expect(try FrameEncoder.encodeBodyFrameHeader(channel: 1, size: 65_536, into: buffer) == 7)
        #expect(Array(buffer.prefix(7)) == [3, 0, 1, 0, 1, 0, 0])
        #expect(FrameEncoder.heartbeatFrame == [8, 0, 0, 0, 0, 0, 0, 0xCE])
        #expect(FrameEncoder.protocolHeader == [0x41, 0x4D, 0x51, 0x50, 0, 0, 9, 1])

        let short = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(20))
        #expect(
            wireError { _ = try FrameEncoder.encodeAck(channel: 1, deliveryTag: 1, multiple: false, into: short) }?
                .kind == .bufferTooSmall)
        let none = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        #expect(
            wireError { try FrameEncoder.encodeBodyFrameHeader(channel: 1, size: 1, into: none) }?.kind
                == .bufferTooSmall)
        #expect(
            wireError { try FrameEncoder.encodeBodyFrameHeader(channel: 1, size: -1, into: buffer) }?.kind
                == .invalidArgument)
    }
}
