/// Finds the frames in a stream of bytes. It keeps no bytes: feed it what is left plus what has arrived.
package struct FrameSplitter: Sendable {
    /// The largest frame that is accepted, in bytes with the overhead of 8, as `connection.tune-ok` settled it.
    /// `Int.max` where the peers agreed on no limit.
    package var maxFrameSize: Int
    /// The highest channel that is accepted, as `connection.tune-ok` settled it.
    package var channelMax: UInt16

    package init(maxFrameSize: Int = WireLimits.minFrameSize, channelMax: UInt16 = 0) {
        self.maxFrameSize = maxFrameSize
        self.channelMax = channelMax
    }

    /// The frame at the beginning of `bytes`, `nil` when more bytes are needed.
    ///
    /// Each check is done as soon as its bytes are there, so that a frame too large is refused before its payload
    /// is waited for. An error is final: nothing after it can be read as a frame (section 4.2.3).
    package func next(in bytes: UnsafeRawBufferPointer) throws(WireError) -> Frame? {
        guard let header = try header(in: bytes), let base = bytes.baseAddress else { return nil }
        // The end octet is at 7 + size; comparing differences cannot overflow.
        guard bytes.count &- WireLimits.frameOverhead >= header.size else { return nil }
        try Self.checkEnd(base.load(fromByteOffset: 7 &+ header.size, as: UInt8.self))
        return Frame(
            type: header.type, channel: header.channel,
            payload: UnsafeRawBufferPointer(start: base + 7, count: header.size),
            totalSize: header.size &+ WireLimits.frameOverhead)
    }

    /// The body frame at the beginning of `bytes` that is not whole yet, where ``next(in:)`` says that more bytes are
    /// needed. Its header has passed every check; the octet behind its payload is still to come and to be looked at with
    /// ``checkEnd(_:)``.
    package func unfinishedBody(in bytes: UnsafeRawBufferPointer) throws(WireError) -> UnfinishedBody? {
        guard let header = try header(in: bytes), header.type == .body else { return nil }
        return UnfinishedBody(
            channel: header.channel, size: header.size,
            payload: UnsafeRawBufferPointer(rebasing: bytes.dropFirst(7).prefix(header.size)))
    }

    /// The octet behind the payload of a frame.
    @inline(__always)
    package static func checkEnd(_ octet: UInt8) throws(WireError) {
        guard octet == FrameEncoder.frameEnd else { throw badEnd(octet) }
    }

    private struct Header {
        var type: FrameType
        var channel: UInt16
        var size: Int
    }

    /// The checked header of the frame at the beginning of `bytes`, `nil` when more bytes are needed.
    @inline(__always)
    private func header(in bytes: UnsafeRawBufferPointer) throws(WireError) -> Header? {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return nil }
        guard let type = FrameType(rawValue: base.load(as: UInt8.self)) else {
            throw Self.badType(base.load(as: UInt8.self))
        }
        guard bytes.count >= 7 else { return nil }

        let channel = UInt16(bigEndian: base.loadUnaligned(fromByteOffset: 1, as: UInt16.self))
        let size = UInt32(bigEndian: base.loadUnaligned(fromByteOffset: 3, as: UInt32.self))
        // Compared as UInt32, so that a size over Int.max of a 32-bit machine does not trap.
        guard size <= UInt32(clamping: max(maxFrameSize, WireLimits.frameOverhead) &- WireLimits.frameOverhead) else {
            throw tooLarge(size)
        }
        guard channel <= channelMax else { throw badChannel(channel) }
        if type == .heartbeat {
            guard channel == 0, size == 0 else { throw Self.badHeartbeat(channel, size) }
        }

        return Header(type: type, channel: channel, size: Int(truncatingIfNeeded: size))
    }

    // The errors are built out of line: they are rare, and inlined they would crowd the hot path.

    @inline(never) private static func badType(_ type: UInt8) -> WireError {
        WireError(
            .frameError, "frame type \(type) does not exist: the peer does not speak AMQP 0-9-1, or it lost its place")
    }

    @inline(never) private func tooLarge(_ size: UInt32) -> WireError {
        WireError(.frameError, "a frame of \(size) bytes of payload is over the limit of \(maxFrameSize) with overhead")
    }

    @inline(never) private func badChannel(_ channel: UInt16) -> WireError {
        WireError(.channelError, "channel \(channel) is over the agreed maximum of \(channelMax)")
    }

    @inline(never) private static func badHeartbeat(_ channel: UInt16, _ size: UInt32) -> WireError {
        WireError(.frameError, "a heartbeat belongs on channel 0 with no payload, not on \(channel) with \(size) bytes")
    }

    @inline(never) private static func badEnd(_ octet: UInt8) -> WireError {
        WireError(.frameError, "a frame ends with octet \(octet) instead of 206")
    }
}
