extension SocketStream: LoopSource {
    /// How much is read from one connection in a turn of the loop.
    private static let readBudget = 1 << 20

    func handle(_ event: EpollEvent) {
        guard !state.isFinished else { return }
        if event.isWritable {
            lock.lock()
            let wasBlocked = isBlocked
            isBlocked = false
            lock.unlock()
            if wasBlocked {
                _ = flushOnLoop()
                updateInterest()
            }
        }
        // A broken socket is reported even while reading is paused, and would be reported for ever.
        if event.isReadable, !state.isReadingPaused || event.isError || event.isHangUp { readTurn() }
    }

    /// Stops or starts reading, so that the kernel's window holds the peer back. Loop thread only.
    package func setReadingPaused(_ paused: Bool) {
        guard paused != state.isReadingPaused else { return }
        state.isReadingPaused = paused
        updateInterest()
    }

    /// Reads what is there, without waiting for epoll to say so. Loop thread only.
    package func readNow() { readTurn() }

    private func readTurn() {
        _ = read(budget: Self.readBudget)
        listForTrim()
    }

    /// Reads until the socket has nothing more, or ended, or has shown that it has no end.
    func readUntilDrained() {
        var turns = 16
        while turns > 0, state.closeReason == nil, read(budget: Self.readBudget) { turns -= 1 }
    }

    /// True if there may be more.
    private func read(budget: Int) -> Bool {
        guard state.closeReason == nil, let delegate = lock.withLock({ self.delegate }) else { return false }
        let buffer = state.readBuffer ?? loop.readBuffers.take(capacity: readCapacity)
        state.readBuffer = nil
        var left = budget
        var end: StreamCloseReason?
        var mayHaveMore = true
        while left > 0, end == nil, mayHaveMore, state.closeReason == nil {
            let received = receive(into: buffer, delegate)
            switch received.result {
            case .bytes(let count):
                left -= count
                // A short read means that the socket is empty; asking again would be a system call for nothing.
                mayHaveMore = count == received.room
                let bytes = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<buffer.filled])
                buffer.consume(filter == nil ? delegate.streamDidRead(bytes) : decode(bytes, to: delegate))
                if buffer.free.isEmpty {
                    // The owner bounds what it leaves by the frame size, so this is a fault of the owner's limits.
                    end = .failed(SystemError(errno: 0, call: "recv: the read buffer is full"))
                }
            case .wouldBlock: mayHaveMore = false
            case .endOfStream: end = .endOfStream
            case .failed(let errno): end = .failed(SystemError(errno: errno, call: "recv"))
            }
        }
        let pause = state.isFinished ? 0 : delegate.streamDidFinishReading(budget - left)
        if state.isFinished || buffer.filled == 0 {
            loop.readBuffers.giveBack(buffer)
        } else {
            state.readBuffer = buffer
        }
        if let end { close(end) } else { pace(mayHaveMore ? 0 : pause) }
        return mayHaveMore && end == nil
    }

    /// Leaves the socket alone for so long, and then looks what has come.
    private func pace(_ pause: Int64) {
        if pause > 0 || state.isPaced {
            state.isPaced = pause > 0
            updateInterest()
        }
        if let timer = state.paceTimer { loop.cancel(timer) }
        state.paceTimer = nil
        guard pause > 0 else { return }
        state.paceTimer = loop.schedule(at: MonotonicTime(nanoseconds: MonotonicTime.now().nanoseconds + pause)) {
            [self] in
            state.paceTimer = nil
            guard state.isPaced, state.closeReason == nil else { return }
            if state.isReadingPaused { pace(0) } else { readTurn() }
        }
    }

    /// One read: into memory of the delegate what belongs there, the rest into `buffer`. Also says for how much there
    /// was room.
    private func receive(
        into buffer: ReadBuffer, _ delegate: any SocketStreamDelegate
    ) -> (result: IOResult, room: Int) {
        var free = buffer.free
        var inPlace: (result: IOResult, room: Int)?
        if buffer.filled == 0, filter == nil {
            delegate.streamWillRead { memory in
                guard memory.count >= Self.leastInPlace else { return 0 }
                // Not more than what ends the frame and begins the next one: that one belongs elsewhere, too.
                let next = UnsafeMutableRawBufferPointer(rebasing: free.prefix(Self.mostBehind))
                let result = Socket.recv(descriptor, into: memory, then: next)
                inPlace = (result, memory.count + next.count)
                guard case .bytes(let count) = result else { return 0 }
                buffer.filled = max(0, count - memory.count)
                return min(count, memory.count)
            }
        }
        if let inPlace {
            state.expectsMoreInPlace = true
            return inPlace
        }
        if state.expectsMoreInPlace {
            // Where a large body was, another one may follow: its frame header comes first, the rest to where it stays.
            state.expectsMoreInPlace = false
            free = UnsafeMutableRawBufferPointer(rebasing: free.prefix(Self.mostBehind))
        }
        let result = Socket.recv(descriptor, into: free)
        if case .bytes(let count) = result { buffer.filled += count }
        return (result, free.count)
    }

    /// Less is not worth a call of its own.
    private static let leastInPlace = 16 << 10
    /// What is read behind the memory of the delegate: the end of one frame and the beginning of the next.
    private static let mostBehind = 4 << 10
}

extension SocketStream {
    /// Closes at once; what waits is not written. Loop thread only; a second call is ignored.
    package func close(_ reason: StreamCloseReason = .closedLocally) {
        guard state.closeReason == nil, !state.isFinished else { return }
        state.closeReason = reason
        if let token = state.token { loop.deregister(descriptor, token) }
        state.token = nil
        lock.lock()
        isClosed = true
        let isBusy = isWriting
        lock.unlock()
        // A caller that writes right now closes the descriptor's life with its token: it asks the loop to go on.
        if !isBusy { finishClose() }
    }

    /// Closes once everything that waits was written. Loop thread only.
    package func closeWhenFlushed() {
        lock.withLock { closesWhenFlushed = true }
        _ = flushOnLoop()
        closeIfFlushed()
    }

    func closeIfFlushed() {
        guard state.closeReason == nil, state.filtered.wire.isEmpty,
            lock.withLock({ closesWhenFlushed && pending == 0 && !isWriting })
        else { return }
        close(.closedLocally)
    }

    /// The token is free and nobody can take it any more.
    func finishClose() {
        guard !state.isFinished, let reason = state.closeReason else { return }
        state.isFinished = true
        Socket.close(descriptor)
        if let buffer = state.readBuffer { loop.readBuffers.giveBack(buffer) }
        state.readBuffer = nil
        state.filtered = FilterState()
        lock.lock()
        let delegate = self.delegate
        self.delegate = nil
        outbox.discard()
        inflight.discard()
        lock.unlock()
        delegate?.streamDidClose(reason)
    }
}

extension SocketStream {
    /// TCP_USER_TIMEOUT of the socket; 0 is the system's default. Loop thread only.
    package func setUserTimeout(milliseconds: Int) {
        guard !state.isFinished else { return }
        // Without it a dead peer is found by the heartbeat alone: later, not never.
        try? Socket.setUserTimeout(descriptor, milliseconds: milliseconds)
    }
}
