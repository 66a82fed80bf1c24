@testable import AMQPWire

extension FuzzTarget {
    /// Content headers and their properties: decode, and what was decoded encodes to the same again.
    static let headers = FuzzTarget(
        name: "headers", maxLength: 2048,
        run: { payload in
            let decoder = WireDecoder()
            let size = try? WireDecoder.bodySize(ofContentHeader: payload)
            let header: ContentHeader
            do throws(WireError) {
                header = try decoder.decodeContentHeader(payload)
            } catch {
                try hold(!error.isLocal && error.replyCode != nil, "\(error) is no error of the peer")
                try hold(
                    error.scope == .connection || size != nil, "a message is refused and its body cannot be skipped")
                return
            }
            try hold(header.bodySize == size, "two body sizes: \(header.bodySize), \(size as Any)")
            try hold(header.rawProperties.elementsEqual(payload[12...]), "the raw properties lie elsewhere")
            try checkStable(header.properties, flags: UInt16(payload[12]) << 8 | UInt16(payload[13]))
        },
        seeds: {
            try (Samples.eachProperty + [Samples.allProperties, AMQPProperties()]).enumerated().map {
                index, properties in
                let encoded = try encoded(properties)
                return [0, 60, 0, 0] + bigEndian([0, 1, 4096, UInt64.max][index % 4]) + encoded
            }
        })

    private static func encoded(_ properties: AMQPProperties) throws(WireError) -> [UInt8] {
        let bound = FrameEncoder.publishPrefixBound(exchange: "e", routingKey: "k", properties: properties)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bound, alignment: 1)
        defer { memory.deallocate() }
        let prefix = try FrameEncoder.encodePublishPrefix(
            channel: 1, exchange: "e", routingKey: "k", mandatory: false, immediate: false, properties: properties,
            bodySize: 1, maxFrameSize: 1 << 20, into: memory)
        return Array(memory[prefix.propertiesRange])
    }

    private static func checkStable(_ properties: AMQPProperties, flags: UInt16) throws {
        let bytes: [UInt8]
        do throws(WireError) {
            bytes = try encoded(properties)
        } catch {
            // U+FFFD in place of a byte that is no UTF-8 makes a text longer.
            try hold(
                [.shortStringTooLong, .tableKeyTooLong].contains(error.kind), "properties do not encode: \(error)")
            return
        }
        // What the peer did not set is absent: rabbitmq-c leaves what was there before. One bit has no meaning, and empty
        // headers count as absent.
        let meant = flags & ~2 & (properties.headers.isEmpty ? ~0x2000 : ~0)
        try hold(bytes.starts(with: bigEndian(meant)), "the flags \(flags) became \(bytes.prefix(2))")
        let payload = [0, 60, 0, 0] + bigEndian(UInt64(1)) + bytes
        let again = try withExactBytes(payload) { try WireDecoder().decodeContentHeader($0).properties }
        try hold(try encoded(again) == bytes, "\(properties) became \(again)")
        // Equal as values too, but for a NaN in the headers, which does not equal itself.
        if properties.headers.isEmpty { try hold(again == properties, "\(properties) became \(again)") }
    }
}
