internal import AMQPTransport
internal import AMQPWire

// The part of a body frame that has come is taken at once: nothing of a large body waits in the read buffer for the end
// of its frame, and what still lacks is read to where it stays. The end octet is looked at when it comes, and before
// that nobody gets the message.
extension ConnectionCore {
    /// The frame of which a part was taken: what came of its rest, and its end.
    @inline(__always)
    func takeRestOfBody(_ bytes: UnsafeRawBufferPointer, _ consumed: inout Int) throws(WireError) {
        guard let channel = unfinishedBody else { return }
        let before = channel.assembler.frameRest
        channel.assembler.part(bytes)
        consumed += before - channel.assembler.frameRest
        guard channel.assembler.frameRest == 0, let end = bytes.dropFirst(consumed).first else { return }
        try FrameSplitter.checkEnd(end)
        consumed += 1
        unfinishedBody = nil
        if channel.assembler.endBodyFrame() { try complete(channel, lastPiece: Self.noBytes) }
    }

    /// What is left of a read, if it is the beginning of a body frame that belongs where it came.
    func takeUnfinishedBody(_ bytes: UnsafeRawBufferPointer, _ consumed: inout Int) throws(WireError) {
        let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(consumed))
        guard let body = try splitter.unfinishedBody(in: rest) else { return }
        // Whose method came last, unless frames of several channels are mixed.
        let channel = lastChannel?.id == body.channel ? lastChannel : lock.withLock { channels[body.channel] }
        guard let channel, channel.assembler.beginBodyFrame(body.size) else { return }
        channel.assembler.part(body.payload)
        unfinishedBody = channel
        consumed = bytes.count
    }

    func streamWillRead(_ read: (UnsafeMutableRawBufferPointer) -> Int) {
        guard isTaking, let channel = unfinishedBody else { return }
        channel.assembler.part(read)
    }
}
