internal import CRabbitMQ

extension FrameEncoder {
    /// What ``encodePublishPrefix`` wrote.
    package struct PublishPrefix: Sendable, Equatable {
        /// The size of both frames, in bytes.
        package var byteCount: Int
        /// Where in the buffer the properties lie, flags and all: the bytes that a `basic.return` of this message
        /// brings back as ``ContentHeader/rawProperties``.
        package var propertiesRange: Range<Int>
    }

    /// The frames of `basic.publish` and of the content header, without their strings and properties.
    private static let publishOverhead = (8 + 4 + 2 + 1 + 1 + 1) + (8 + 12)

    /// How many bytes ``encodePublishPrefix`` needs in the buffer: never less than it writes.
    package static func publishPrefixBound(
        exchange: String, routingKey: String, properties: AMQPProperties
    ) -> Int {
        let names = publishOverhead + exchange.utf8.count + routingKey.utf8.count
        guard properties.storage != nil else { return names + 4 }
        let sizing = properties.sizing()
        return names + propertiesOverhead + sizing.encodedSize
    }

    /// The flags, the timestamp, delivery mode and priority.
    private static let propertiesOverhead = 2 + 8 + 1 + 1

    /// Writes what goes before a message's body: the frames of `basic.publish` and of the content header.
    ///
    /// It allocates nothing for messages without headers. The body frames follow, when `bodySize` is over 0.
    ///
    /// - Parameters:
    ///   - bodySize: the size of the whole body in bytes, 0 or more.
    ///   - maxFrameSize: the largest frame of the connection, in bytes with overhead.
    ///   - buffer: has ``publishPrefixBound(exchange:routingKey:properties:)`` bytes or more.
    /// - Throws: for names, properties and headers that do not fit into the protocol, and a short buffer.
    package static func encodePublishPrefix(
        channel: UInt16, exchange: String, routingKey: String, mandatory: Bool, immediate: Bool,
        properties: AMQPProperties, bodySize: Int, maxFrameSize: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(WireError) -> PublishPrefix {
        let exchangeSize = exchange.utf8.count
        let routingKeySize = routingKey.utf8.count
        guard exchangeSize <= WireLimits.maxShortString else {
            throw .tooLong("exchange", exchangeSize, .shortStringTooLong)
        }
        guard routingKeySize <= WireLimits.maxShortString else {
            throw .tooLong("routing key", routingKeySize, .shortStringTooLong)
        }
        guard bodySize >= 0 else { throw WireError(.invalidArgument, "a body cannot have \(bodySize) bytes") }
        // The length of the method frame is known beforehand: both names are short strings.
        let methodSize = 17 &+ exchangeSize &+ routingKeySize
        let least = methodSize &+ 22
        guard let base = buffer.baseAddress, buffer.count >= least else {
            throw bufferTooSmall(least, buffer.count)
        }

        let status = exchange.withRawUTF8 { exchange in
            routingKey.withRawUTF8 { routingKey in
                var raw = amqp_basic_publish_t(
                    ticket: 0, exchange: exchange, routing_key: routingKey, mandatory: mandatory ? 1 : 0,
                    immediate: immediate ? 1 : 0)
                return amqp_encode_method(
                    AMQPMethodID.basicPublish.rawValue, &raw,
                    amqp_bytes_t(len: methodSize &- 12, bytes: base + 11))
            }
        }
        guard Int(status) == methodSize &- 12 else {
            throw WireError(.invalidArgument, "rabbitmq-c could not encode basic.publish (\(status))")
        }
        writeHeader(.method, channel, UInt32(truncatingIfNeeded: methodSize &- 8), to: base)
        base.storeBytes(of: AMQPMethodID.basicPublish.rawValue.bigEndian, toByteOffset: 7, as: UInt32.self)
        base.storeBytes(of: frameEnd, toByteOffset: methodSize &- 1, as: UInt8.self)

        let header = base + methodSize
        let propertiesSize = try encode(
            properties, to: UnsafeMutableRawBufferPointer(start: header + 19, count: buffer.count &- methodSize &- 20),
            maxSize: maxFrameSize &- 20)
        writeHeader(.header, channel, UInt32(truncatingIfNeeded: 12 &+ propertiesSize), to: header)
        // Class and weight in one: 60 and 0.
        header.storeBytes(of: UInt32(0x003C_0000).bigEndian, toByteOffset: 7, as: UInt32.self)
        header.storeBytes(of: UInt64(bodySize).bigEndian, toByteOffset: 11, as: UInt64.self)
        header.storeBytes(of: frameEnd, toByteOffset: 19 &+ propertiesSize, as: UInt8.self)
        let propertiesStart = methodSize &+ 19
        return PublishPrefix(
            byteCount: methodSize &+ 20 &+ propertiesSize,
            propertiesRange: propertiesStart..<(propertiesStart &+ propertiesSize))
    }

    /// - Returns: how many bytes the flags and the properties take.
    private static func encode(
        _ properties: AMQPProperties, to output: UnsafeMutableRawBufferPointer, maxSize: Int
    ) throws(WireError) -> Int {
        if properties.storage == nil {
            var raw = properties.plainRaw
            return try encode(&raw, 0, to: output, maxSize: maxSize)
        }
        return try encodeWithStorage(properties, to: output, maxSize: maxSize)
    }

    @inline(never)
    private static func encodeWithStorage(
        _ properties: AMQPProperties, to output: UnsafeMutableRawBufferPointer, maxSize: Int
    ) throws(WireError) -> Int {
        let sizing = properties.sizing()
        if let failure = sizing.failure { throw failure }
        guard sizing.encodedSize <= maxSize else {
            throw doesNotFit("content header with its properties", sizing.encodedSize + 22, maxSize + 20)
        }
        var result = 0
        var failure: WireError?
        withUnsafeTemporaryAllocation(byteCount: max(sizing.used, 16), alignment: 16) { memory in
            var arena = WireArena(memory)
            var raw = properties.plainRaw
            properties.fill(&raw, in: &arena)
            if arena.failure != nil {
                failure = arena.failure
                return
            }
            do throws(WireError) {
                result = try encode(&raw, sizing.encodedSize, to: output, maxSize: maxSize)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return result
    }

    @inline(__always)
    private static func encode(
        _ raw: inout amqp_basic_properties_t, _ stringsSize: Int, to output: UnsafeMutableRawBufferPointer, maxSize: Int
    ) throws(WireError) -> Int {
        let status = amqp_encode_properties(
            60, &raw, amqp_bytes_t(len: output.count, bytes: output.baseAddress))
        // All that was wrong with the properties has been found before; only the space can be short.
        guard status >= 0 else { throw bufferTooSmall(stringsSize + propertiesOverhead, output.count) }
        let size = Int(status)
        guard size <= maxSize else {
            throw doesNotFit("content header with its properties", size &+ 20, maxSize &+ 20)
        }
        return size
    }
}

extension String {
    /// The UTF-8 of the string in the form of rabbitmq-c, without a copy; valid in the closure only.
    @inline(__always)
    func withRawUTF8<Result>(_ body: (amqp_bytes_t) -> Result) -> Result {
        let result = utf8.withContiguousStorageIfAvailable { utf8 in
            body(amqp_bytes_t(len: utf8.count, bytes: UnsafeMutableRawPointer(mutating: utf8.baseAddress)))
        }
        if let result { return result }
        var copy = self
        return copy.withUTF8 { utf8 in
            body(amqp_bytes_t(len: utf8.count, bytes: UnsafeMutableRawPointer(mutating: utf8.baseAddress)))
        }
    }
}
