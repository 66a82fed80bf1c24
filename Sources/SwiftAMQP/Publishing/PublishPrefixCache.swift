internal import AMQPWire

/// The encoded method and content header of the last publish of a channel.
///
/// Most publishers send to one address with the same properties; then all that differs in these bytes is the size of
/// the body, and copying them costs a fraction of encoding them.
///
/// A class, because a structure would be copied, with all it holds, by every look at it. Guarded by the outbox lock, which
/// also makes every access exclusive.
final class PublishPrefixCache {
    // Bytes, because strings compare by canonical equivalence, and the broker does not.
    @exclusivity(unchecked) private var exchange: [UInt8] = []
    @exclusivity(unchecked) private var routingKey: [UInt8] = []
    @exclusivity(unchecked) private var isMandatory = false
    @exclusivity(unchecked) private var properties = AMQPProperties()
    @exclusivity(unchecked) private var bytes: [UInt8] = []
    @exclusivity(unchecked) private var bodySizeOffset = 0
    /// Over exchange and routing key.
    @exclusivity(unchecked) private(set) var addressHash: UInt64 = 0
    @exclusivity(unchecked) private(set) var propertiesHash = PublishFingerprint.PropertiesHash()

    /// Longer prefixes (large headers) are not worth keeping.
    private static let maximumSize = 1024

    /// How many bytes the kept prefix has, 0 if it is not for such a publish.
    @inline(__always)
    func size(for address: AMQPAddress, isMandatory: Bool, properties: AMQPProperties) -> Int {
        guard isMandatory == self.isMandatory, properties.isIdentical(to: self.properties),
            routingKey.hasSameBytes(as: address.routingKey), exchange.hasSameBytes(as: address.exchange)
        else { return 0 }
        return bytes.count
    }

    /// Writes the kept prefix for a body of `bodySize` bytes. `room` has space for it.
    @inline(__always)
    func write(bodySize: Int, into room: UnsafeMutableRawBufferPointer) {
        guard let base = room.baseAddress, room.count >= bytes.count, bodySizeOffset &+ 8 <= bytes.count else { return }
        bytes.withUnsafeBytes { kept in
            if let source = kept.baseAddress { base.copyMemory(from: source, byteCount: kept.count) }
        }
        base.storeBytes(of: UInt64(bodySize).bigEndian, toByteOffset: bodySizeOffset, as: UInt64.self)
    }

    /// Keeps what was just encoded.
    func keep(
        _ encoded: UnsafeRawBufferPointer, propertiesRange: Range<Int>, for address: AMQPAddress, isMandatory: Bool,
        properties: AMQPProperties
    ) {
        addressHash = PublishFingerprint.addressHash(exchange: address.exchange, routingKey: address.routingKey)
        propertiesHash = .init(UnsafeRawBufferPointer(rebasing: encoded[propertiesRange]))
        guard encoded.count <= Self.maximumSize, propertiesRange.lowerBound >= 8 else {
            bytes = []
            return
        }
        exchange = Array(address.exchange.utf8)
        routingKey = Array(address.routingKey.utf8)
        self.isMandatory = isMandatory
        self.properties = properties
        bytes = Array(encoded)
        // The body size is the last field before the properties (AMQP 0-9-1 section 4.2.6.1).
        bodySizeOffset = propertiesRange.lowerBound - 8
    }
}
