internal import AMQPTransport
internal import AMQPWire

extension ChannelCore {
    /// What became of a publish that was submitted.
    enum Admission {
        case encoded
        /// It waits in the queue; its owner is told how it goes on.
        case waiting
        /// There is no room, and the caller does not want to wait.
        case refused
    }

    /// Bodies of more bytes than this are held until they are written, instead of being copied.
    static let heldBodySize = 64 << 10

    /// Checks everything that can fail, without the lock.
    func check(_ message: AMQPMessage, _ address: AMQPAddress) throws(AMQPError) {
        guard address.exchange.utf8.count <= 255, address.routingKey.utf8.count <= 255 else {
            throw AMQPError(
                .invalidArgument, "an exchange or a routing key has more than 255 bytes; AMQP has no room for more",
                outcome: .notSent(reason: .channelClosed))
        }
        if !message.properties.headers.isEmpty, let bad = message.properties.headers.firstUnsupportedByRabbitMQ {
            throw AMQPError(.invalidArgument, "header '\(bad.path)': \(bad.reason)")
        }
    }

    func makeRequest(
        _ message: AMQPMessage, _ address: AMQPAddress, isMandatory: Bool, timeout: Duration?, owner: PublishOwner?,
        sequence: UInt64 = 0
    ) -> PublishRequest {
        let deadline = MonotonicTime.coarse() + (timeout ?? connection.configuration.publishTimeout)
        var contentHash: UInt64?
        if isMandatory {
            contentHash = message.body.withUnsafeBytes { body in
                PublishFingerprint.contentHash(
                    exchange: address.exchange, routingKey: address.routingKey, body: body)
            }
        }
        return PublishRequest(
            message: message, address: address, isMandatory: isMandatory, deadline: deadline.nanoseconds,
            contentHash: contentHash, owner: owner, sequence: sequence)
    }

    /// Encodes a publish into the outbox, or queues it where it has to wait.
    ///
    /// - Parameters:
    ///   - mayWait: Whether it is queued when there is no room.
    ///   - urgency: `.immediate` if the caller will wait for the confirm.
    func submit(
        _ request: PublishRequest, mayWait: Bool, urgency: SocketStream.Urgency
    ) throws(AMQPError) -> (admission: Admission, isTimeToYield: Bool) {
        var wakeups = Wakeups()
        lock.lock()
        let outcome = submitLocked(request, mayWait: mayWait, urgency: urgency, &wakeups)
        lock.unlock()
        wakeups.run()
        let (admission, actions) = try outcome.get()
        connection.perform(actions)
        return (admission, actions.isTimeToYield)
    }

    /// With the lock held.
    ///
    /// - Parameter urgency: `nil` if the caller itself sees to it that what was appended is written.
    func submitLocked(
        _ request: PublishRequest, mayWait: Bool, urgency: SocketStream.Urgency?, _ wakeups: inout Wakeups
    ) -> Result<(Admission, ConnectionCore.Actions), AMQPError> {
        if let refusal = refusal() {
            return .failure(refusal.with(outcome: .notSent(reason: connection.notSentReason)))
        }
        var actions = ConnectionCore.Actions()
        guard waiting.isEmpty, hasRoom else {
            guard mayWait else { return .success((.refused, actions)) }
            waiting.append(request)
            connection.noteWaiting(self)
            actions = connection.noteDeadline(request.deadline)
            return .success((.waiting, actions))
        }
        // Nobody else waits for an answer: this one is worth a system call of its own.
        let isAlone = tracker.pendingCount == 0
        do throws(AMQPError) {
            try encode(request, &wakeups)
        } catch {
            return .failure(error)
        }
        if request.owner != nil { actions = connection.noteDeadline(request.deadline) }
        if let urgency { actions.write = stream.noteAppended(isAlone ? urgency : .batched) }
        actions.resumesReading = connection.mustResumeReading
        actions.isTimeToYield = publishBudget.isSpent()
        return .success((.encoded, actions))
    }

    /// With the lock held: whether one more publish may be encoded now.
    ///
    /// One that is larger than the limit goes when nothing else waits, or it would never go.
    private var hasRoom: Bool {
        guard connection.blockedReason == nil, isFlowActive else { return false }
        return stream.pending < connection.outboundLimit && tracker.span < Self.maximumUnanswered
    }

    /// With the lock held: encodes the publishes that waited, as far as there is room.
    func admitWaiting(_ wakeups: inout Wakeups) {
        while hasRoom, isOpen, let request = waiting.popFirst() {
            do throws(AMQPError) {
                try encode(request, &wakeups)
            } catch {
                // Checked when it was submitted; what is left is memory.
                request.owner?.settle(.notSent(reason: .channelClosed), sequence: request.sequence, &wakeups)
            }
        }
        completeFlush(&wakeups)
    }

    /// With the lock held: takes the tag and writes the frames, in one go.
    private func encode(_ request: PublishRequest, _ wakeups: inout Wakeups) throws(AMQPError) {
        let message = request.message
        let address = request.address
        let bodySize = message.body.count
        let bound = FrameEncoder.publishPrefixBound(
            exchange: address.exchange, routingKey: address.routingKey, properties: message.properties)
        let isHeld = bodySize > Self.heldBodySize
        let room = stream.reserve(bound + (isHeld ? 0 : connection.framedSize(ofBody: bodySize)))
        let offset = stream.appended
        let prefix: FrameEncoder.PublishPrefix
        do throws(WireError) {
            prefix = try FrameEncoder.encodePublishPrefix(
                channel: id, exchange: address.exchange, routingKey: address.routingKey,
                mandatory: request.isMandatory, immediate: false, properties: message.properties,
                bodySize: bodySize, maxFrameSize: connection.frameMax, into: room)
        } catch {
            throw AMQPError(error)
        }
        var tag: UInt64 = 0
        if confirmMode == .on {
            var fingerprint: PublishFingerprint?
            if let contentHash = request.contentHash {
                let properties = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[prefix.propertiesRange])
                fingerprint = PublishFingerprint(contentHash: contentHash, properties: .init(properties))
            }
            tag = tracker.register(
                owner: request.owner, streamOffset: offset, fingerprint: fingerprint, deadline: request.deadline,
                sequence: request.sequence)
        }
        if isHeld {
            stream.commit(prefix.byteCount)
            appendHeldBody(message.body)
        } else {
            let bodyRoom = UnsafeMutableRawBufferPointer(rebasing: room[prefix.byteCount...])
            stream.commit(prefix.byteCount + copyBody(message.body, into: bodyRoom))
        }
        request.owner?.didMove(to: .encoded(tag: tag), sequence: request.sequence, &wakeups)
    }

    /// Body frames, copied. Gives how many bytes they take.
    private func copyBody(_ body: [UInt8], into room: UnsafeMutableRawBufferPointer) -> Int {
        guard !body.isEmpty, let base = room.baseAddress else { return 0 }
        let largest = connection.frameMax - WireLimits.frameOverhead
        var written = 0
        var offset = 0
        body.withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            while offset < bytes.count, room.count - written >= WireLimits.frameOverhead {
                let size = min(largest, bytes.count - offset, room.count - written - WireLimits.frameOverhead)
                writeFrameHeader(size: size, at: base + written)
                (base + written + 7).copyMemory(from: source + offset, byteCount: size)
                (base + written + 7 + size).storeBytes(of: FrameEncoder.frameEnd, as: UInt8.self)
                written += size + WireLimits.frameOverhead
                offset += size
            }
        }
        return written
    }

    /// Body frames of a large body: their headers and ends are copied, the bytes between are held.
    private func appendHeldBody(_ body: [UInt8]) {
        let largest = connection.frameMax - WireLimits.frameOverhead
        var offset = 0
        while offset < body.count {
            let size = min(largest, body.count - offset)
            guard let base = stream.reserve(7).baseAddress else { return }
            writeFrameHeader(size: size, at: base)
            stream.commit(7)
            stream.hold(body, offset..<offset + size)
            guard let end = stream.reserve(1).baseAddress else { return }
            end.storeBytes(of: FrameEncoder.frameEnd, as: UInt8.self)
            stream.commit(1)
            offset += size
        }
    }

    private func writeFrameHeader(size: Int, at base: UnsafeMutableRawPointer) {
        base.storeBytes(of: FrameType.body.rawValue, as: UInt8.self)
        base.storeBytes(of: id.bigEndian, toByteOffset: 1, as: UInt16.self)
        base.storeBytes(of: UInt32(truncatingIfNeeded: size).bigEndian, toByteOffset: 3, as: UInt32.self)
    }

    // MARK: Answers

    /// `basic.ack` or `basic.nack` from the broker. Loop thread.
    func acknowledge(tag: UInt64, multiple: Bool, positive: Bool) throws(WireError) {
        var wakeups = connection.takeWakeups()
        defer { connection.giveBack(wakeups) }
        lock.lock()
        guard confirmMode != .off else {
            let isOver = !isOpen
            lock.unlock()
            if isOver { return }
            throw WireError(.commandInvalid, "the broker answered a publish on channel \(id), which has no confirms")
        }
        guard isOpen else {
            lock.unlock()
            return
        }
        var isKnown = true
        do throws(ConfirmTracker<PublishOwner>.AcknowledgeError) {
            try tracker.acknowledge(tag: tag, multiple: multiple, positive: positive) { settled in
                settled.owner.settle(settled.outcome, sequence: settled.sequence, &wakeups)
            }
        } catch {
            isKnown = false
        }
        let write = afterAnswers(&wakeups)
        lock.unlock()
        stream.perform(write)
        wakeups.run()
        if !isKnown {
            throw WireError(
                .commandInvalid, "the broker answered publish \(tag) on channel \(id), which was never made")
        }
    }

    /// With the lock held: lets those go on who waited for answers, and says how to write what they publish.
    func afterAnswers(_ wakeups: inout Wakeups) -> SocketStream.WriteAction {
        let before = stream.appended
        admitAfterAnswers(&wakeups)
        return stream.appended == before ? .none : stream.noteAppended(.batched)
    }

    /// With the lock held: as ``afterAnswers(_:)``, for a caller that sees to the writing.
    func admitAfterAnswers(_ wakeups: inout Wakeups) {
        for window in wakeups.takeWindows() { window.admit(&wakeups) }
        if !waiting.isEmpty { admitWaiting(&wakeups) }
        completeFlush(&wakeups)
    }

    /// A whole `basic.return`. Loop thread.
    func returned(_ content: ContentAssembler.Content, _ method: AMQPMethod.BasicReturn) {
        let contentHash = content.body.withUnsafeBytes { body in
            PublishFingerprint.contentHash(exchange: method.exchange, routingKey: method.routingKey, body: body)
        }
        var tied: UInt64?
        if let properties = content.propertiesHash {
            lock.lock()
            tied = tracker.markReturned(
                fingerprint: PublishFingerprint(contentHash: contentHash, properties: properties),
                code: method.replyCode, text: method.replyText)
            lock.unlock()
        }
        if tied == nil {
            returns.append(
                AMQPReturn(
                    replyCode: method.replyCode, replyText: method.replyText,
                    address: AMQPAddress(exchange: method.exchange, routingKey: method.routingKey),
                    message: AMQPMessage(body: content.body, properties: content.properties)))
        }
    }

    // MARK: Giving up

    /// The task that waited for `pending` was cancelled.
    func cancel(_ pending: PendingPublish) {
        var wakeups = Wakeups()
        lock.lock()
        if pending.outcome == nil {
            switch pending.place {
            case .waiting:
                _ = waiting.removeAll { $0.owner === pending }
                pending.settle(.notSent(reason: .cancelled), sequence: 0, &wakeups)
            case .encoded(let tag):
                tracker.abandon(tag: tag)
                pending.settle(.unknown(reason: .cancelled), sequence: 0, &wakeups)
            }
            completeFlush(&wakeups)
        }
        lock.unlock()
        wakeups.run()
    }
}
