internal import AMQPTransport
internal import AMQPWire

extension ConnectionCore: SocketStreamDelegate {
    func streamDidRead(_ bytes: UnsafeRawBufferPointer) -> Int {
        heartbeat.received(at: MonotonicTime.coarse().nanoseconds)
        if !hasHeard {
            switch start(bytes) {
            case .frames: hasHeard = true
            case .more: return 0
            case .refused: return bytes.count
            }
        }
        var consumed = 0
        do throws(WireError) {
            try takeRestOfBody(bytes, &consumed)
            while isTaking, unfinishedBody == nil, let frame = try nextFrame(bytes, consumed) {
                if frame.channel == 0 {
                    isTurnPure = false
                    try handleChannelZero(frame)
                    consumed += frame.totalSize
                } else if isLate(frame) {
                    consumed += frame.totalSize
                } else {
                    try takeFrames(of: try channel(frame.channel), bytes, &consumed)
                }
            }
            if isTaking, unfinishedBody == nil { try takeUnfinishedBody(bytes, &consumed) }
        } catch {
            violated(error)
        }
        // Behind the end of the connection nothing counts.
        return isTaking ? consumed : bytes.count
    }

    static var noBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }
    var isTaking: Bool { failure == nil && machine.state != .ended }

    @inline(__always)
    private func nextFrame(_ bytes: UnsafeRawBufferPointer, _ consumed: Int) throws(WireError) -> Frame? {
        try splitter.next(in: UnsafeRawBufferPointer(rebasing: bytes[consumed...]))
    }

    /// Handles the frames of one channel that follow each other, so that looking it up, and counting references to it,
    /// is done once for all of them. Ends where the channel may have changed.
    private func takeFrames(
        of channel: ChannelCore, _ bytes: UnsafeRawBufferPointer, _ consumed: inout Int
    ) throws(WireError) {
        while failure == nil, let frame = try nextFrame(bytes, consumed), frame.channel == channel.id {
            consumed += frame.totalSize
            switch frame.type {
            case .method:
                if try handleMethod(frame.payload, channel) == .any { return }
            case .header:
                if try handleHeader(frame.payload, channel) { try complete(channel, lastPiece: Self.noBytes) }
            case .body:
                if try channel.assembler.body(frame.payload) { try complete(channel, lastPiece: frame.payload) }
            case .heartbeat: break
            }
        }
    }

    func streamDidFinishReading(_ byteCount: Int) -> Int64 {
        handOut()
        let turn = ReadPacing.Turn(
            now: lastHandOut, deliveries: turnDeliveries, bytes: byteCount, isPure: isTurnPure, room: turnRoom)
        turnDeliveries = 0
        turnRoom = .max
        isTurnPure = true
        return pacing.wait(after: turn)
    }

    func streamDidRest() { bodies.trim() }

    func streamHasRoom() { admitWaiting() }

    private enum Start {
        case frames, more, refused
    }

    /// What the first bytes of the server are. One of another kind, or of another version of AMQP, answers with a
    /// protocol header or with something else altogether (AMQP 0-9-1 section 2.2.4).
    private func start(_ bytes: UnsafeRawBufferPointer) -> Start {
        switch FrameSplitter.protocolHeader(in: bytes) {
        case .incomplete: return .more
        case .version(let id, let major, let minor, let revision):
            run(machine.handle(.protocolHeader("AMQP \(major)-\(minor)-\(revision) (protocol id \(id))")))
            return .refused
        case nil: break
        }
        guard let first = bytes.first else { return .more }
        if first == FrameType.method.rawValue { return .frames }
        // Masked before it is cut, or the beginning of a password would be left.
        let greeting = masked(String(decoding: bytes.prefix(1024), as: UTF8.self)).utf8.prefix(16)
        let shown = String(decoding: greeting.map { (32...126).contains($0) ? $0 : 46 }, as: UTF8.self)
        fail(AMQPError(.protocolMismatch, "the server does not speak AMQP: its first bytes are '\(shown)'"))
        return .refused
    }

    private func handleChannelZero(_ frame: Frame) throws(WireError) {
        switch frame.type {
        case .heartbeat: break
        case .method: run(machine.handle(.method(withMaskedText(try decoder.decodeMethod(frame.payload)))))
        case .header, .body: throw WireError(.unexpectedFrame, "a content frame came on channel 0")
        }
    }

    /// The machine knows the password and masks it; it does not know what came later.
    private func withMaskedText(_ method: AMQPMethod) -> AMQPMethod {
        switch method {
        case .connectionClose(var close):
            close.replyText = masked(close.replyText)
            return .connectionClose(close)
        case .connectionBlocked(var blocked):
            blocked.reason = masked(blocked.reason)
            return .connectionBlocked(blocked)
        default: return method
        }
    }

    /// Whether it is a piece of a message for a channel that the broker has closed: RabbitMQ goes on delivering between its
    /// channel.close and our close-ok (seen with 3.10).
    private func isLate(_ frame: Frame) -> Bool {
        guard !idsClosedByBroker.isEmpty, idsClosedByBroker.contains(frame.channel) else { return false }
        if frame.type == .method, WireDecoder.peekMethodID(frame.payload) != AMQPMethodID.basicDeliver.rawValue {
            return false
        }
        return lock.withLock { channels[frame.channel] } == nil
    }

    private func channel(_ id: UInt16) throws(WireError) -> ChannelCore {
        if let lastChannel, lastChannel.id == id { return lastChannel }
        guard let channel = lock.withLock({ channels[id] }) else {
            throw WireError(.channelError, "a frame came on channel \(id), which is not open")
        }
        lastChannel = channel
        return channel
    }

    @inline(__always)
    private func handleHeader(_ payload: UnsafeRawBufferPointer, _ channel: ChannelCore) throws(WireError) -> Bool {
        let header: ContentHeader
        do throws(WireError) {
            header = try decoder.decodeContentHeader(payload)
        } catch {
            guard error.scope == .message else { throw error }
            return try channel.assembler.unreadableHeader(
                bodySize: try WireDecoder.bodySize(ofContentHeader: payload), error,
                maximumBodySize: maximumBodySize)
        }
        return try channel.assembler.header(header, maximumBodySize: maximumBodySize)
    }

    private enum MethodKind {
        /// Deliveries and confirms, which do not change the channel.
        case hot
        case any
    }

    @inline(__always)
    private func handleMethod(
        _ payload: UnsafeRawBufferPointer, _ channel: ChannelCore
    ) throws(WireError) -> MethodKind {
        guard channel.assembler.isIdle else {
            throw WireError(.unexpectedFrame, "a method came in the middle of a message on channel \(channel.id)")
        }
        switch WireDecoder.peekMethodID(payload) {
        case AMQPMethodID.basicDeliver.rawValue:
            try channel.deliver(try decoder.decodeDeliver(payload))
        case AMQPMethodID.basicAck.rawValue:
            isTurnPure = false
            let ack = try decoder.decodeAck(payload)
            try channel.acknowledge(tag: ack.deliveryTag, multiple: ack.multiple, positive: true)
        case AMQPMethodID.basicNack.rawValue:
            isTurnPure = false
            let nack = try decoder.decodeNack(payload)
            try channel.acknowledge(tag: nack.deliveryTag, multiple: nack.multiple, positive: false)
        default:
            isTurnPure = false
            // What came before must be handed out before a cancel, a close or an answer takes effect.
            handOut()
            try channel.handle(try decoder.decodeMethod(payload))
            return .any
        }
        return .hot
    }

    @inline(__always)
    func complete(_ channel: ChannelCore, lastPiece: UnsafeRawBufferPointer) throws(WireError) {
        switch channel.assembler.completed {
        case .deliver:
            channel.collect(small: lastPiece)
            if !channel.isTouched {
                channel.isTouched = true
                touchedChannels.append(channel)
            }
            // A consumer need not wait for the rest of the read when it has something to do already.
            if channel.inboundTags.count >= 64 || channel.isInboundHeavy { handOut() }
        case .get(let method): try channel.got(method)
        case .returned(let method): channel.returned(method)
        }
    }

    /// Hands the collected deliveries to their consumers: one lock and one wake-up for a batch.
    func handOut() {
        guard !touchedChannels.isEmpty else { return }
        let now = MonotonicTime.now().nanoseconds
        let isStreaming = now - lastHandOut < Self.streamGap
        lastHandOut = now
        if isStreaming != self.isStreaming { lock.withLock { self.isStreaming = isStreaming } }
        var full: [ConsumerCore] = []
        for channel in touchedChannels {
            channel.isTouched = false
            turnDeliveries += channel.inboundTags.count
            turnRoom = min(turnRoom, channel.handOut(&full))
        }
        touchedChannels.removeAll(keepingCapacity: true)
        if !full.isEmpty { pauseReading(for: full) }
    }

    /// The peer broke the protocol.
    private func violated(_ error: WireError) {
        handOut()
        // Told before the connection ends: another one is no use to a consumer whose next message is too large.
        lastChannel?.assembler.refusedConsumer?.end(.failed(AMQPError(.messageTooLarge, error.text)))
        fail(AMQPError(error))
    }

    // MARK: Back-pressure of auto-ack consumers

    /// Stops reading while nothing on the connection waits for an answer. Loop thread.
    ///
    /// A consumer takes its mark away before it looks whether reading is paused, and here the marks are looked at where
    /// the pause is set: so one of both sees the other, and nobody sleeps for good.
    private func pauseReading(for consumers: [ConsumerCore]) {
        let pauses = lock.withLock {
            isReadingPaused = !awaitsAnswer && consumers.contains { $0.isFull }
            return isReadingPaused
        }
        if pauses { stream.setReadingPaused(true) }
    }

    /// As ``resumeReading()``, if somebody waits for an answer.
    func resumeReadingIfAwaited() {
        if lock.withLock({ mustResumeReading }) { resumeReading() }
    }

    /// Somebody waits for an answer, or a consumer has room. Any thread.
    func resumeReading() {
        lock.lock()
        let wasPaused = isReadingPaused
        isReadingPaused = false
        lock.unlock()
        guard wasPaused else { return }
        loop.execute { [self] in
            guard !lock.withLock({ isReadingPaused }) else { return }
            stream.setReadingPaused(false)
        }
    }
}
