extension SocketStream {
    /// How many plain bytes go through the filter at a time.
    private static let filterPiece = 64 << 10

    /// Writes what waits through the filter. Loop thread; the caller holds the writer token, which this gives back.
    ///
    /// Plain bytes count as written once the kernel has the first of the wire bytes that were made of them.
    func writeThroughFilter() -> Bool {
        var total = 0
        while true {
            var result = IOResult.bytes(0)
            var isWaitingForPeer = false
            do throws(ByteFilterError) {
                if state.filtered.wire.isEmpty { isWaitingForPeer = try !fillWire() }
                if !state.filtered.wire.isEmpty { result = sendWire(&total) }
            } catch {
                lock.withLock {
                    isWriting = false
                    isClosed = true
                }
                close(.filter(error))
                return total > 0
            }
            let now = MonotonicTime.coarse().nanoseconds
            lock.lock()
            let mayGoOn = total < Self.writeBudget && !isWaitingForPeer
            let isAgain = account(result, at: now, mayGoOn: mayGoOn) || mayGoOn && hasWire && isHealthy
            let room = takeRoomNotice()
            var follow = Follow.none
            if !isAgain {
                follow = giveBackToken(onLoop: true)
                // What a filter cannot take yet is flushed again when the peer's answer has been decoded.
                if isWaitingForPeer, case .enqueue = follow {
                    isDirty = false
                    follow = .none
                } else if hasWire, isHealthy, !isDirty {
                    // The budget of this turn is spent, and the filter's own bytes are in no outbox.
                    isDirty = true
                    follow = .enqueue
                }
            }
            lock.unlock()
            room?.streamHasRoom()
            if isAgain { continue }
            perform(follow, onLoop: true)
            return total > 0
        }
    }

    private var hasWire: Bool { !state.filtered.wire.isEmpty }
    private var isHealthy: Bool { !isBlocked && !isClosed && writeError == nil }

    /// Encodes the next piece. False if the filter took nothing.
    private func fillWire() throws(ByteFilterError) -> Bool {
        guard let filter, !inflight.isEmpty else { return true }
        var wire: [UInt8] = []
        let taken = try inflight.takeNext(maximum: Self.filterPiece) { (bytes) throws(ByteFilterError) in
            try filter.encode(bytes, wire: &wire)
        }
        state.filtered.wire = wire
        state.filtered.wireSent = 0
        state.filtered.plainInWire = taken
        return taken > 0 || !wire.isEmpty
    }

    private func sendWire(_ total: inout Int) -> IOResult {
        let from = state.filtered.wireSent
        let result = state.filtered.wire.withUnsafeBytes { bytes in
            Socket.send(descriptor, UnsafeRawBufferPointer(rebasing: bytes[from...]))
        }
        guard case .bytes(let count) = result else { return result }
        total += count
        state.filtered.wireSent += count
        // With the first wire byte that the kernel took, none of the plain bytes behind it is certainly unsent.
        let plain = count > 0 ? state.filtered.plainInWire : 0
        state.filtered.plainInWire -= plain
        if state.filtered.wireSent == state.filtered.wire.count {
            state.filtered.wire.removeAll(keepingCapacity: true)
            state.filtered.wireSent = 0
        }
        return .bytes(plain)
    }

    /// Decodes what was read and hands the plain bytes on. Gives how many wire bytes were taken.
    func decode(_ bytes: UnsafeRawBufferPointer, to delegate: any SocketStreamDelegate) -> Int {
        guard let filter else { return bytes.count }
        // Into variables of its own: two parts of one property cannot be lent at a time.
        var plain: [UInt8] = []
        var wire: [UInt8] = []
        swap(&plain, &state.filtered.plain)
        do throws(ByteFilterError) {
            let taken = try filter.decode(bytes, plain: &plain, wire: &wire)
            state.filtered.wire += wire
            let consumed = plain.withUnsafeBytes { delegate.streamDidRead($0) }
            plain.removeFirst(min(consumed, plain.count))
            state.filtered.plain = plain
            // An answer of the filter, or what waited for this message.
            _ = flushOnLoop()
            return taken
        } catch {
            close(.filter(error))
            return bytes.count
        }
    }
}
