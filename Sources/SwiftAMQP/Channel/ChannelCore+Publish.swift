internal import AMQPTransport
internal import AMQPWire

extension ChannelCore {
    /// What became of a publish that was submitted.
    enum Admission {
        case encoded(tag: UInt64)
        /// It waits in the queue; its owner is told how it goes on.
        case waiting
        /// There is no room, and the caller does not want to wait.
        case refused
        /// It cannot be sent.
        case failed(AMQPError)
    }

    /// Bodies of more bytes than this are held until they are written, instead of being copied.
    static let heldBodySize = 64 << 10

    /// Checks what the codec cannot, without the lock.
    @inline(__always)
    func check(_ message: AMQPMessage) throws(AMQPError) { try Self.check(message) }

    @inline(__always)
    static func check(_ message: AMQPMessage) throws(AMQPError) { try check(message.properties) }

    @inline(__always)
    static func check(_ properties: AMQPProperties) throws(AMQPError) {
        if properties.hasHeaders { try check(headers: properties.headers) }
    }

    private static func check(headers: AMQPTable) throws(AMQPError) {
        guard let bad = headers.firstUnsupportedByRabbitMQ else { return }
        throw AMQPError(
            .invalidArgument, "header '\(bad.path)': \(bad.reason)", outcome: .notSent(reason: .rejected))
    }

    /// When a publish must have ended, in nanoseconds of the monotonic clock.
    @inline(__always)
    func deadline(_ timeout: Duration?) -> Int64 {
        let now = MonotonicTime.coarse()
        if let timeout { return (now + timeout).nanoseconds }
        return now.nanoseconds &+ connection.publishTimeout
    }

    /// Encodes a publish into the outbox, or queues it where it has to wait.
    ///
    /// - Parameters:
    ///   - mayWait: Whether it is queued when there is no room.
    ///   - urgency: `.immediate` if the caller will wait for the confirm.
    @inline(__always)
    func submit(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool, timeout: Duration?, owner: PendingPublish?,
        mayWait: Bool, urgency: SocketStream.Urgency
    ) throws(AMQPError) -> (admission: Admission, isTimeToYield: Bool) {
        let bodyHash = isMandatory ? PublishFingerprint.bodyHash(message.body) : 0
        let deadline = deadline(timeout)
        lock.lock()
        let outcome = submitLocked(
            message, address, isMandatory: isMandatory, bodyHash: bodyHash, deadline: deadline, owner: owner,
            sequence: 0, mayWait: mayWait, urgency: urgency)
        if case .encoded(let tag) = outcome.admission, let owner { owner.place = .encoded(tag: tag) }
        lock.unlock()
        connection.perform(outcome.actions)
        if case .failed(let error) = outcome.admission { throw error }
        return (outcome.admission, outcome.actions.isTimeToYield)
    }

    /// What ``submitLocked`` did, and what is left to do without the lock.
    struct Submission {
        var admission: Admission
        var actions = ConnectionCore.Actions()
    }

    /// With the lock held.
    ///
    /// - Parameter urgency: `nil` if the caller itself sees to it that what was appended is written.
    @inline(__always)
    func submitLocked(
        _ message: AMQPMessage, _ address: AMQPAddress, isMandatory: Bool, bodyHash: UInt64, deadline: Int64,
        owner: PublishOwner?, sequence: UInt64, mayWait: Bool, urgency: SocketStream.Urgency?
    ) -> Submission {
        guard isUsable else { return Submission(admission: .failed(refusalOfPublish())) }
        guard waiting.isEmpty, hasRoom else {
            guard mayWait else { return Submission(admission: .refused) }
            if let error = refusal(of: message, address, isMandatory: isMandatory) {
                return Submission(admission: .failed(error))
            }
            waiting.append(
                PublishRequest(
                    message: message, address: address, isMandatory: isMandatory, deadline: deadline,
                    bodyHash: bodyHash, owner: owner, sequence: sequence))
            connection.noteWaiting(self)
            return Submission(admission: .waiting, actions: connection.noteDeadline(deadline))
        }
        // Nobody else waits for an answer: this one is worth a system call of its own.
        let isAlone = tracker.pendingCount == 0
        var submission = Submission(admission: .refused)
        do throws(AMQPError) {
            let tag = try encode(
                message, address, isMandatory: isMandatory, bodyHash: bodyHash, deadline: deadline, owner: owner,
                sequence: sequence)
            submission.admission = .encoded(tag: tag)
        } catch {
            submission.admission = .failed(error)
            return submission
        }
        if owner != nil { submission.actions = connection.noteDeadline(deadline) }
        if let urgency { submission.actions.write = stream.noteAppended(isAlone ? urgency : .batched) }
        if connection.isReadingPaused { submission.actions.resumesReading = connection.mustResumeReading }
        submission.actions.isTimeToYield = publishBudget.isSpent()
        return submission
    }

    /// With the lock held.
    @inline(never)
    private func refusalOfPublish() -> AMQPError {
        let error = refusal() ?? AMQPError(.closed, "channel \(id) is not open", endpoint: connection.endpoint)
        return error.with(outcome: .notSent(reason: connection.notSentReason))
    }

    /// With the lock held: whether one more publish may be encoded now.
    ///
    /// One that is larger than the limit goes when less than the limit waits, or it would never go.
    @inline(__always)
    private var hasRoom: Bool {
        guard connection.blockedReason == nil, isFlowActive else { return false }
        return stream.pending < connection.outboundLimit && tracker.span < Self.maximumUnanswered
    }

    /// With the lock held: encodes the publishes that waited, as far as there is room.
    func admitWaiting(_ wakeups: inout Wakeups) {
        while hasRoom, isOpen, let request = waiting.popFirst() {
            do throws(AMQPError) {
                let tag = try encode(
                    request.message, request.address, isMandatory: request.isMandatory, bodyHash: request.bodyHash,
                    deadline: request.deadline, owner: request.owner, sequence: request.sequence)
                request.owner?.didEncode(tag: tag, sequence: request.sequence, &wakeups)
            } catch {
                request.settle(.notSent(reason: .rejected), &wakeups)
            }
        }
        completeFlush(&wakeups)
    }

    /// With the lock held: takes the tag and writes the frames, in one go. Gives the tag, 0 without confirms.
    @inline(__always)
    private func encode(
        _ message: AMQPMessage, _ address: AMQPAddress, isMandatory: Bool, bodyHash: UInt64, deadline: Int64,
        owner: PublishOwner?, sequence: UInt64
    ) throws(AMQPError) -> UInt64 {
        let bodySize = message.body.count
        let isHeld = bodySize > Self.heldBodySize
        // All of it at once: behind the header nothing may fail any more.
        let framedSize = connection.framedSize(ofBody: bodySize) - (isHeld ? bodySize : 0)
        var prefixSize = prefixCache.size(for: address, isMandatory: isMandatory, properties: message.properties)
        let offset = stream.appended
        let room: UnsafeMutableRawBufferPointer
        if prefixSize > 0 {
            room = stream.reserve(prefixSize &+ framedSize)
            guard !room.isEmpty else { throw Self.outOfMemory }
            prefixCache.write(bodySize: bodySize, into: room)
        } else {
            (room, prefixSize) = try encodePrefix(
                message, address, isMandatory: isMandatory, bodySize: bodySize, framedSize: framedSize)
        }
        var tag: UInt64 = 0
        if confirmMode == .on {
            let fingerprint =
                isMandatory
                ? PublishFingerprint(
                    address: prefixCache.addressHash, body: bodyHash, properties: prefixCache.propertiesHash) : nil
            tag = tracker.register(
                owner: owner, streamOffset: offset, fingerprint: fingerprint, deadline: deadline, sequence: sequence)
        }
        if isHeld {
            stream.commit(prefixSize)
            appendHeldBody(message.body)
        } else {
            let bodyRoom = UnsafeMutableRawBufferPointer(rebasing: room[prefixSize...])
            stream.commit(prefixSize &+ copyBody(message.body, into: bodyRoom))
        }
        return tag
    }

    /// With the lock held: encodes method and header, and keeps them for the next publish like this one.
    @inline(never)
    private func encodePrefix(
        _ message: AMQPMessage, _ address: AMQPAddress, isMandatory: Bool, bodySize: Int, framedSize: Int
    ) throws(AMQPError) -> (room: UnsafeMutableRawBufferPointer, size: Int) {
        let bound = FrameEncoder.publishPrefixBound(
            exchange: address.exchange, routingKey: address.routingKey, properties: message.properties)
        let room = stream.reserve(bound + framedSize)
        guard !room.isEmpty else { throw Self.outOfMemory }
        do throws(WireError) {
            let prefix = try FrameEncoder.encodePublishPrefix(
                channel: id, exchange: address.exchange, routingKey: address.routingKey, mandatory: isMandatory,
                immediate: false, properties: message.properties, bodySize: bodySize,
                maxFrameSize: connection.frameMax, into: room)
            let encoded = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<prefix.byteCount])
            prefixCache.keep(
                encoded, propertiesRange: prefix.propertiesRange, for: address, isMandatory: isMandatory,
                properties: message.properties)
            return (room, prefix.byteCount)
        } catch {
            throw AMQPError(error).with(outcome: .notSent(reason: .rejected))
        }
    }

    /// With the lock held: why such a publish can never be encoded. For those that have to wait: what is wrong with them
    /// is said when they are made, not when they get their turn.
    func refusal(of message: AMQPMessage, _ address: AMQPAddress, isMandatory: Bool) -> AMQPError? {
        guard prefixCache.size(for: address, isMandatory: isMandatory, properties: message.properties) == 0 else {
            return nil
        }
        do throws(AMQPError) {
            // Into room that is not committed.
            _ = try encodePrefix(
                message, address, isMandatory: isMandatory, bodySize: message.body.count, framedSize: 0)
            return nil
        } catch {
            return error
        }
    }

    private static var outOfMemory: AMQPError {
        AMQPError(
            .messageTooLarge, "there is no memory for the frames of the message",
            outcome: .notSent(reason: .rejected))
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
        do throws(ConfirmTracker.AcknowledgeError) {
            try tracker.acknowledge(tag: tag, multiple: multiple, positive: positive) { owner, outcome, sequence in
                owner._withUnsafeGuaranteedRef { $0.settle(outcome, sequence: sequence, &wakeups) }
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
    func returned(_ method: AMQPMethod.BasicReturn) {
        let content = assembler.takeBody()
        let text = connection.masked(method.replyText)
        let address = PublishFingerprint.addressHash(exchange: method.exchange, routingKey: method.routingKey)
        let body = PublishFingerprint.bodyHash(content)
        var tied: UInt64?
        if let properties = assembler.propertiesHash {
            lock.lock()
            tied = tracker.markReturned(
                fingerprint: PublishFingerprint(address: address, body: body, properties: properties),
                code: method.replyCode, text: text)
            lock.unlock()
        }
        if tied == nil {
            returns.append(
                AMQPReturn(
                    replyCode: method.replyCode, replyText: text,
                    address: AMQPAddress(exchange: method.exchange, routingKey: method.routingKey),
                    message: AMQPMessage(body: content, properties: assembler.properties)))
        }
    }

    // MARK: Giving up

    /// The task that waited for `pending` was cancelled.
    ///
    /// - Parameter onlyIfWaiting: Leave it alone if it is encoded: only its room was waited for.
    func cancel(_ pending: SinglePublish, onlyIfWaiting: Bool = false) {
        var wakeups = Wakeups()
        lock.lock()
        if pending.outcome == nil {
            switch pending.place {
            case .waiting:
                _ = waiting.removeAll { $0.owner === pending }
                pending.settle(.notSent(reason: .cancelled), sequence: 0, &wakeups)
            case .encoded where onlyIfWaiting: break
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
