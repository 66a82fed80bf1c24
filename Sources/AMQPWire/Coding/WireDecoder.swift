internal import CRabbitMQ

/// Decodes the payloads of frames.
///
/// It owns memory that rabbitmq-c decodes into and that the next decode uses again. So it is **not** thread-safe: one
/// thread at a time, and in practice the loop of the connection that it belongs to. What it returns is copied, but for
/// ``DeliverView`` and ``ContentHeader/rawProperties``, which point into the payload.
package final class WireDecoder {
    let pool = WirePool()
    private let limits: WireLimits

    package init(limits: WireLimits = .standard) {
        self.limits = limits
    }

    /// The class and method id that a method frame begins with, `nil` when it is shorter than 4 bytes: to branch to
    /// the decoders of the methods that come most often. Compare with ``AMQPMethodID``'s raw values.
    @inline(__always)
    package static func peekMethodID(_ payload: UnsafeRawBufferPointer) -> UInt32? {
        guard payload.count >= 4 else { return nil }
        return UInt32(bigEndian: payload.loadUnaligned(as: UInt32.self))
    }

    /// Decodes the payload of a method frame.
    ///
    /// - Parameter peer: who sent it. A method that it may not send is refused before rabbitmq-c sees it.
    /// - Throws: 502 for a payload that is cut short or not well-formed, 503 for a method of the other side, 540 for
    ///   one that does not exist.
    package func decodeMethod(
        _ payload: UnsafeRawBufferPointer, from peer: Peer = .server
    ) throws(WireError) -> AMQPMethod {
        guard let number = Self.peekMethodID(payload) else {
            throw WireError(.syntaxError, "a method frame of \(payload.count) bytes")
        }
        guard let id = AMQPMethodID(rawValue: number) else {
            throw WireError(.notImplemented, "there is no method \(number & 0xFFFF) in a class \(number >> 16)")
        }
        guard id.mayBeSent(by: peer) else {
            throw WireError(.commandInvalid, "\(id.name) came from the \(peer), which may not send it")
        }
        let arguments = UnsafeRawBufferPointer(rebasing: payload.dropFirst(4))
        if let place = id.tablePlace {
            let offset = try place.offset(in: arguments, of: id)
            _ = try TablePrescan.check(arguments, at: offset, limits: limits)
        }
        return try decodeBody(id, arguments)
    }

    /// Decodes with rabbitmq-c and copies the result.
    func body<Body: MethodBody>(_ arguments: UnsafeRawBufferPointer) throws(WireError) -> Body {
        defer { pool.recycle(afterDecoding: arguments.count) }
        let decoded = try decodeRaw(Body.id, arguments)
        return try Body(decoded.assumingMemoryBound(to: Body.Raw.self).pointee)
    }

    /// Lets rabbitmq-c check a method whose arguments are all reserved.
    func check(_ id: AMQPMethodID, _ arguments: UnsafeRawBufferPointer) throws(WireError) {
        defer { pool.recycle(afterDecoding: arguments.count) }
        _ = try decodeRaw(id, arguments)
    }

    /// The struct of `id`, in the pool and pointing into `arguments`.
    @inline(__always)
    func decodeRaw(
        _ id: AMQPMethodID, _ arguments: UnsafeRawBufferPointer
    ) throws(WireError) -> UnsafeMutableRawPointer {
        var decoded: UnsafeMutableRawPointer?
        let bytes = amqp_bytes_t(
            len: arguments.count, bytes: UnsafeMutableRawPointer(mutating: arguments.baseAddress))
        let status = amqp_decode_method(id.rawValue, pool.pointer, bytes, &decoded)
        guard status >= 0, let decoded else { throw Self.failed(status, id.name) }
        return decoded
    }

    @inline(never)
    static func failed(_ status: Int32, _ what: String) -> WireError {
        if status == Int32(AMQP_STATUS_NO_MEMORY.rawValue) {
            return WireError(.outOfMemory, "no memory to decode \(what)")
        }
        return malformed(what)
    }

    @inline(never)
    static func malformed(_ what: String) -> WireError {
        WireError(.syntaxError, "\(what) is cut short or not well-formed")
    }

    /// Checks the headers of properties; see ``TablePrescan``.
    func checkTable(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(WireError) {
        _ = try TablePrescan.check(bytes, at: offset, limits: limits)
    }
}
