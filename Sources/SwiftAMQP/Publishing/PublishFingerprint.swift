/// What ties a `basic.return`, which carries no tag, to its publish: two hashes over what the broker sends back.
///
/// Not a cryptographic hash: both sides of the comparison come from this program, and byte-identical messages are
/// interchangeable anyway. It is kept in place of the message, so that a window of large messages holds no memory.
struct PublishFingerprint: Equatable, Sendable {
    /// Exchange, routing key and body.
    private var content: UInt64
    private var properties: PropertiesHash

    /// A hash over encoded properties: the flags and the list, as they stand in a content header.
    struct PropertiesHash: Equatable, Sendable {
        private var value: UInt64

        init(_ encoded: UnsafeRawBufferPointer) { value = ByteHash.hash(encoded, seed: 0x52) }

        /// Of no properties; to have something before the first publish.
        init() { value = 0 }
    }

    /// - Parameters:
    ///   - address: From ``addressHash(exchange:routingKey:)``.
    ///   - body: From ``bodyHash(_:)``.
    ///   - properties: Of the encoded properties.
    init(address: UInt64, body: UInt64, properties: PropertiesHash) {
        content = ByteHash.combine(address, body)
        self.properties = properties
    }

    /// Of nothing; to have something in an empty slot.
    init() {
        content = 0
        properties = PropertiesHash()
    }

    static func addressHash(exchange: String, routingKey: String) -> UInt64 {
        var exchange = exchange
        var routingKey = routingKey
        let seed = exchange.withUTF8 { ByteHash.hash(UnsafeRawBufferPointer($0), seed: 0x51) }
        return routingKey.withUTF8 { ByteHash.hash(UnsafeRawBufferPointer($0), seed: seed) }
    }

    /// Apart from the rest because a large body is hashed outside the lock.
    static func bodyHash(_ body: [UInt8]) -> UInt64 { body.withUnsafeBytes { bodyHash($0) } }

    static func bodyHash(_ body: UnsafeRawBufferPointer) -> UInt64 { ByteHash.hash(body, seed: 0x53) }

    /// Whether both have the same exchange, routing key and body.
    func isEqualExceptProperties(to other: PublishFingerprint) -> Bool { content == other.content }
}

/// A fast 64-bit hash over bytes: multiply and fold, eight bytes at a time in four independent lanes for long input,
/// so that fingerprinting a body costs less than copying it.
enum ByteHash {
    @inline(__always)
    private static func mix(_ value: UInt64, _ key: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: key)
        return product.high ^ product.low
    }

    private static let key0: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let key1: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let key2: UInt64 = 0x1656_67B1_9E37_79F9
    private static let key3: UInt64 = 0x2545_F491_4F6C_DD1D

    static func combine(_ left: UInt64, _ right: UInt64) -> UInt64 { mix(left ^ key1, right ^ key2) ^ right }

    /// Hashes `bytes`; the length takes part.
    static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        let count = bytes.count
        var state = seed ^ mix(UInt64(truncatingIfNeeded: count) ^ key0, key1)
        guard let base = bytes.baseAddress else { return state }
        var offset = 0
        if count >= 64 {
            var lane0 = state
            var lane1 = state ^ key1
            var lane2 = state ^ key2
            var lane3 = state ^ key3
            while offset &+ 32 <= count {
                lane0 = mix(lane0 ^ base.loadUnaligned(fromByteOffset: offset, as: UInt64.self), key0)
                lane1 = mix(lane1 ^ base.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self), key1)
                lane2 = mix(lane2 ^ base.loadUnaligned(fromByteOffset: offset &+ 16, as: UInt64.self), key2)
                lane3 = mix(lane3 ^ base.loadUnaligned(fromByteOffset: offset &+ 24, as: UInt64.self), key3)
                offset &+= 32
            }
            state = mix(lane0 ^ key3, key1) ^ mix(lane1 ^ lane2, key2) ^ mix(lane3 ^ key0, key3)
        }
        while offset &+ 8 <= count {
            state = mix(state ^ base.loadUnaligned(fromByteOffset: offset, as: UInt64.self), key0)
            offset &+= 8
        }
        var tail: UInt64 = 0
        while offset < count {
            tail = tail << 8 | UInt64(base.load(fromByteOffset: offset, as: UInt8.self))
            offset &+= 1
        }
        return mix(state ^ tail, key2) ^ state
    }
}
