internal import CRabbitMQ

/// A content header: how much body follows, and the properties of the message.
package struct ContentHeader {
    /// The size of the whole body in bytes, as the peer announces it: cap it before you trust it.
    package let bodySize: UInt64
    package let properties: AMQPProperties
    /// The flags and the properties as they came; points into the payload and must not outlive it.
    package let rawProperties: UnsafeRawBufferPointer
}

extension WireDecoder {
    /// Class, weight, body size and flags.
    private static let fixedSize = 14

    /// Decodes the payload of a header frame.
    ///
    /// - Throws: with ``WireError/Scope/message`` where only the properties are bad; then
    ///   ``bodySize(ofContentHeader:)`` still tells how much body to skip.
    package func decodeContentHeader(_ payload: UnsafeRawBufferPointer) throws(WireError) -> ContentHeader {
        let bodySize = try Self.bodySize(ofContentHeader: payload)
        let raw = UnsafeRawBufferPointer(rebasing: payload[12...])
        let flags = UInt32(UInt16(bigEndian: raw.loadUnaligned(as: UInt16.self)))
        let properties: AMQPProperties
        if flags & ~PropertyFlags.inline == 0 {
            properties = try Self.plainProperties(flags, raw)
        } else {
            do throws(WireError) {
                properties = try self.properties(flags, raw)
            } catch {
                throw error.confinedToMessage()
            }
        }
        return ContentHeader(bodySize: bodySize, properties: properties, rawProperties: raw)
    }

    /// The body size of the payload of a header frame, whatever its properties look like.
    package static func bodySize(ofContentHeader payload: UnsafeRawBufferPointer) throws(WireError) -> UInt64 {
        guard payload.count >= fixedSize else {
            throw WireError(.syntaxError, "a content header of \(payload.count) bytes")
        }
        let classID = UInt16(bigEndian: payload.loadUnaligned(as: UInt16.self))
        // Section 4.2.6.1: an invalid class id is a frame error. The weight is unused and RabbitMQ ignores it.
        guard classID == 60 else {
            throw WireError(.frameError, "a content header of class \(classID); only basic (60) has content")
        }
        return UInt64(bigEndian: payload.loadUnaligned(fromByteOffset: 4, as: UInt64.self))
    }

    /// The common case by hand: nothing but delivery mode and priority.
    @inline(__always)
    private static func plainProperties(
        _ flags: UInt32, _ raw: UnsafeRawBufferPointer
    ) throws(WireError) -> AMQPProperties {
        var properties = AMQPProperties()
        var offset = 2
        if flags & PropertyFlags.deliveryMode != 0 {
            guard offset < raw.count else { throw cutShort() }
            properties.deliveryMode = AMQPDeliveryMode(rawValue: raw.load(fromByteOffset: offset, as: UInt8.self))
            offset = 3
        }
        if flags & PropertyFlags.priority != 0 {
            guard offset < raw.count else { throw cutShort() }
            properties.priority = raw.load(fromByteOffset: offset, as: UInt8.self)
        }
        return properties
    }

    private func properties(_ flags: UInt32, _ raw: UnsafeRawBufferPointer) throws(WireError) -> AMQPProperties {
        guard flags & PropertyFlags.continuation == 0 else {
            throw WireError(.syntaxError, "the property flags of a content header go on, and basic has no more")
        }
        if flags & PropertyFlags.headers != 0 {
            var offset = 2
            for flag in [PropertyFlags.contentType, PropertyFlags.contentEncoding] where flags & flag != 0 {
                guard offset < raw.count else { throw Self.cutShort() }
                offset += 1 + Int(raw[offset])
            }
            try checkTable(raw, at: offset)
        }
        defer { pool.recycle(afterDecoding: raw.count) }
        var decoded: UnsafeMutableRawPointer?
        let bytes = amqp_bytes_t(len: raw.count, bytes: UnsafeMutableRawPointer(mutating: raw.baseAddress))
        let status = amqp_decode_properties(60, pool.pointer, bytes, &decoded)
        guard status >= 0, let decoded else { throw Self.failed(status, "a content header") }
        return try AMQPProperties(decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee)
    }

    @inline(never)
    private static func cutShort() -> WireError {
        WireError(.syntaxError, "the properties of a content header are cut short", scope: .message)
    }
}
