extension SocketStream: LoopFlushable {
    /// How much one connection writes in a turn of the loop, so that it does not starve the others.
    static let writeBudget = 1 << 20

    func flushOnLoop() -> Bool {
        lock.lock()
        isDirty = false
        guard !isWriting, !isBlocked, !isClosed else {
            lock.unlock()
            return false
        }
        takeWriterToken()
        lock.unlock()
        let wrote = filter == nil ? write(onLoop: true) : writeThroughFilter()
        listForTrim()
        closeIfFlushed()
        return wrote
    }

    func flushAsPlanned() -> Bool {
        lock.lock()
        let hasWork = pending > 0 && !isClosed
        if !hasWork { isFlushPlanned = false }
        lock.unlock()
        if hasWork { _ = flushOnLoop() } else { state.isFlushPlanned = false }
        return hasWork
    }

    /// Has what waits written in about a millisecond, and again as long as something does. Loop thread; the caller has set
    /// ``isFlushPlanned``, so that who appends meanwhile need not wake the loop.
    package func planFlush() {
        guard !state.isFlushPlanned else { return }
        state.isFlushPlanned = true
        loop.planFlush(self)
    }

    func trimOnLoop() {
        state.isListedForTrim = false
        lock.lock()
        outbox.trim()
        if !isWriting { inflight.trim() }
        let delegate = self.delegate
        lock.unlock()
        delegate?.streamDidRest()
    }

    func listForTrim() {
        guard !state.isListedForTrim else { return }
        state.isListedForTrim = true
        loop.trimLater(self)
    }

    /// Writes what waits. The caller holds the writer token, which this gives back. True if bytes were written.
    func write(onLoop: Bool) -> Bool {
        var total = 0
        while true {
            let result = inflight.isEmpty ? .bytes(0) : inflight.write(to: descriptor)
            if case .bytes(let count) = result { total += count }
            let now = MonotonicTime.coarse().nanoseconds
            lock.lock()
            let isAgain = account(result, at: now, mayGoOn: mayGoOn(total: total))
            let room = takeRoomNotice()
            let follow = isAgain ? .none : giveBackToken(onLoop: onLoop)
            lock.unlock()
            room?.streamHasRoom()
            if isAgain { continue }
            perform(follow, onLoop: onLoop)
            return total > 0
        }
    }

    /// With the lock held: whether one more `send` is worth it for this writer.
    private func mayGoOn(total: Int) -> Bool {
        // A writer finishes what it began and leaves what came meanwhile for the next flush, unless that is a full
        // buffer again: writing every few bytes as they come would cost a system call and a fight for the lock each.
        return total < Self.writeBudget
            && (!inflight.isEmpty || UInt64(truncatingIfNeeded: outbox.remaining) >= Self.callerWriteThreshold)
    }

    /// With the lock and the token held: counts what a `send` did. True if the next one should follow.
    func account(_ result: IOResult, at now: Int64, mayGoOn: Bool) -> Bool {
        switch result {
        case .bytes(let count):
            written &+= UInt64(truncatingIfNeeded: count)
            if count > 0 { lastWrite = now }
        case .wouldBlock:
            isBlocked = true
        case .failed(let errno):
            writeError = SystemError(errno: errno, call: "send")
        case .endOfStream:
            writeError = SystemError(errno: 0, call: "send")
        }
        guard writeError == nil, !isBlocked, !isClosed, mayGoOn else { return false }
        if inflight.isEmpty { swap(&outbox, &inflight) }
        return !inflight.isEmpty
    }

    /// With the lock held: whom to tell that there is room.
    func takeRoomNotice() -> (any SocketStreamDelegate)? {
        guard let mark = roomMark, pending < mark else { return nil }
        roomMark = nil
        return delegate
    }

    /// What has to happen after the writer token was given back.
    enum Follow {
        case none, enqueue, handleOnLoop
    }

    /// With the lock held.
    func giveBackToken(onLoop: Bool) -> Follow {
        isWriting = false
        if isBlocked || isClosed || writeError != nil || closesWhenFlushed && pending == 0 { return .handleOnLoop }
        guard !inflight.isEmpty || !outbox.isEmpty, !isDirty else { return .none }
        isDirty = true
        return .enqueue
    }

    func perform(_ follow: Follow, onLoop: Bool) {
        switch follow {
        case .none: break
        case .enqueue: loop.enqueueDirty(self)
        case .handleOnLoop:
            if onLoop { settleWriteState() } else { loop.execute { [self] in settleWriteState() } }
        }
    }

    /// After a write that could not end: wait for room, find out why it failed, or finish a close that waited for the
    /// token. Loop thread.
    func settleWriteState() {
        lock.lock()
        let error = writeError
        let isBusy = isWriting
        lock.unlock()
        guard !state.isFinished else { return }
        if state.closeReason != nil {
            if !isBusy { finishClose() }
            return
        }
        if let error {
            // The peer may have said why it closed before it did: read that first.
            readUntilDrained()
            close(.failed(error))
            return
        }
        closeIfFlushed()
        updateInterest()
    }

    /// Tells epoll what to wait for. Loop thread.
    func updateInterest() {
        guard let token = state.token, state.closeReason == nil else { return }
        var interest: Epoll.Interest = []
        if !state.isReadingPaused, !state.isPaced { interest.insert(.read) }
        if lock.withLock({ isBlocked }) { interest.insert(.write) }
        guard interest != state.interest else { return }
        state.interest = interest
        loop.modify(descriptor, token, interest)
    }
}
