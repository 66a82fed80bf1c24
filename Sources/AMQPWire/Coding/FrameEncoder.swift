/// Writes frames. Nothing here keeps state; where a function throws, the buffer may have been written to, and nothing
/// in it counts.
package enum FrameEncoder {
    /// What every frame ends with (AMQP 0-9-1, section 4.2.3).
    package static let frameEnd: UInt8 = 0xCE

    /// What a client sends first (section 4.2.2).
    package static let protocolHeader: [UInt8] = [0x41, 0x4D, 0x51, 0x50, 0, 0, 9, 1]

    /// A heartbeat, which is the same on every connection (section 4.2.7).
    package static let heartbeatFrame: [UInt8] = [FrameType.heartbeat.rawValue, 0, 0, 0, 0, 0, 0, 0xCE]

    /// Writes the seven bytes before a body's `size` bytes; ``frameEnd`` must follow those.
    ///
    /// - Returns: 7.
    @discardableResult
    package static func encodeBodyFrameHeader(
        channel: UInt16, size: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(WireError) -> Int {
        guard let base = buffer.baseAddress, buffer.count >= 7 else { throw bufferTooSmall(7, buffer.count) }
        guard let size = UInt32(exactly: size) else {
            throw WireError(.invalidArgument, "a body frame cannot carry \(size) bytes")
        }
        writeHeader(.body, channel, size, to: base)
        return 7
    }

    /// Writes the seven bytes that a frame begins with; there must be room for them.
    @inline(__always)
    static func writeHeader(_ type: FrameType, _ channel: UInt16, _ size: UInt32, to base: UnsafeMutableRawPointer) {
        base.storeBytes(of: type.rawValue, as: UInt8.self)
        base.storeBytes(of: channel.bigEndian, toByteOffset: 1, as: UInt16.self)
        base.storeBytes(of: size.bigEndian, toByteOffset: 3, as: UInt32.self)
    }

    @inline(never)
    static func bufferTooSmall(_ needed: Int, _ given: Int) -> WireError {
        WireError(.bufferTooSmall, "\(needed) bytes are needed, and the buffer has \(given)")
    }

    @inline(never)
    static func doesNotFit(_ what: String, _ size: Int, _ maxFrameSize: Int) -> WireError {
        WireError(
            .doesNotFitFrame,
            "the \(what) takes a frame of \(size) bytes, and the connection's largest frame is \(maxFrameSize)")
    }
}
