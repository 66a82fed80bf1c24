extension FrameEncoder {
    /// The bytes of a method's arguments beside strings and tables, at most: `basic.get-ok` and the like, rounded up.
    private static let fixedArguments = 32
    /// Header, end octet and method id.
    private static let methodOverhead = WireLimits.frameOverhead + 4

    /// How large the frame of a method can be at most, in bytes with overhead. For arguments that ``encode`` refuses,
    /// the number means nothing.
    package static func maxEncodedSize(of method: AMQPMethod) -> Int {
        methodOverhead + fixedArguments + sizing(of: method).encodedSize
    }

    /// Writes the frame of a method at the beginning of `buffer`.
    ///
    /// - Returns: the size of the frame in bytes.
    /// - Throws: for arguments that do not fit into the protocol, a frame over `maxFrameSize`, or a short buffer.
    package static func encode(
        _ method: AMQPMethod, channel: UInt16, into buffer: UnsafeMutableRawBufferPointer, maxFrameSize: Int
    ) throws(WireError) -> Int {
        let sizing = sizing(of: method)
        if let failure = sizing.failure { throw failure }
        return try encode(method, sizing, channel, into: buffer, maxFrameSize)
    }

    /// The frame of a method.
    ///
    /// - Throws: for arguments that do not fit into the protocol, or a frame over `maxFrameSize`.
    package static func frame(
        _ method: AMQPMethod, channel: UInt16, maxFrameSize: Int
    ) throws(WireError) -> [UInt8] {
        let sizing = sizing(of: method)
        if let failure = sizing.failure { throw failure }
        var failure: WireError?
        let bound = methodOverhead + fixedArguments + sizing.encodedSize
        guard bound - fixedArguments <= maxFrameSize else {
            throw doesNotFit(method.name, bound - fixedArguments, maxFrameSize)
        }
        let frame = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            do throws(WireError) {
                count = try encode(method, sizing, channel, into: UnsafeMutableRawBufferPointer(buffer), maxFrameSize)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return frame
    }

    /// The first pass of ``WireArena``: the sizes, and what is wrong with the arguments.
    private static func sizing(of method: AMQPMethod) -> WireArena {
        var encoder = MethodEncoder(arena: WireArena(), output: nil)
        method.encode(with: &encoder)
        return encoder.arena
    }

    private static func encode(
        _ method: AMQPMethod, _ sizing: WireArena, _ channel: UInt16, into buffer: UnsafeMutableRawBufferPointer,
        _ maxFrameSize: Int
    ) throws(WireError) -> Int {
        // Before memory is taken for the second pass: a table of a gigabyte is refused for nothing.
        let least = methodOverhead + sizing.encodedSize
        guard least <= maxFrameSize else { throw doesNotFit(method.name, least, maxFrameSize) }
        guard let base = buffer.baseAddress, buffer.count >= least else { throw bufferTooSmall(least, buffer.count) }

        // Without the end octet, so that there is always room for it.
        let room = min(buffer.count, least + fixedArguments) - methodOverhead
        let output = UnsafeMutableRawBufferPointer(start: base + 11, count: room)
        var status: Int32 = 0
        var failure: WireError?
        withUnsafeTemporaryAllocation(byteCount: max(sizing.used, 16), alignment: 16) { memory in
            var encoder = MethodEncoder(arena: WireArena(memory), output: output)
            method.encode(with: &encoder)
            status = encoder.status
            failure = encoder.arena.failure
        }
        if let failure { throw failure }
        // All that was wrong with the arguments has been found before; only the space can be short.
        guard status >= 0 else { throw bufferTooSmall(least + fixedArguments, buffer.count) }

        let size = methodOverhead + Int(status)
        guard size <= maxFrameSize else { throw doesNotFit(method.name, size, maxFrameSize) }
        guard let payloadSize = UInt32(exactly: 4 + Int(status)) else {
            throw doesNotFit(method.name, size, maxFrameSize)
        }
        writeHeader(.method, channel, payloadSize, to: base)
        base.storeBytes(of: method.id.rawValue.bigEndian, toByteOffset: 7, as: UInt32.self)
        base.storeBytes(of: frameEnd, toByteOffset: size - 1, as: UInt8.self)
        return size
    }
}
