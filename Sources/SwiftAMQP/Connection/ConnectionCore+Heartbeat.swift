internal import AMQPTransport
internal import AMQPWire

extension ConnectionCore {
    /// Begins to send heartbeats and to watch for the peer's. Loop thread.
    func startHeartbeats(timeout seconds: UInt16) {
        let now = MonotonicTime.now().nanoseconds
        heartbeat = HeartbeatMonitor(timeout: Int64(seconds) * 1_000_000_000, now: now)
        updateUserTimeout()
        beat()
    }

    private func beat() {
        let now = MonotonicTime.now().nanoseconds
        let (lastWrite, hasPending, isPaused) = lock.withLock {
            (stream.lastWrite, stream.pending > 0, isReadingPaused)
        }
        heartbeat.sent(at: lastWrite)
        let decision = heartbeat.tick(now: now, isReceivingPaused: isPaused)
        if decision.suspectsPeer {
            // This process may have slept: what the peer sent meanwhile waits in the socket.
            stream.readNow()
            if failure == nil, heartbeat.isDead(now: now) {
                fail(
                    AMQPError(
                        .heartbeatTimeout,
                        "nothing was heard from the broker for \(heartbeat.timeout / 4 * 7 / 1_000_000) ms, with a "
                            + "heartbeat timeout of \(heartbeat.timeout / 1_000_000_000) s"))
                return
            }
        }
        guard failure == nil, !hasEnded, decision.next != .max else { return }
        // Bytes that wait for the kernel would only be followed by the heartbeat; they are as good as one.
        if decision.sendsHeartbeat, !hasPending { send(FrameEncoder.heartbeatFrame) }
        heartbeatTimer = loop.schedule(at: MonotonicTime(nanoseconds: decision.next)) { [self] in beat() }
    }

    /// The kernel ends a connection whose peer does not acknowledge for this long. Not while the broker blocks: it reads
    /// nothing then, and a closed window counts as silence.
    func updateUserTimeout() {
        let isBlocked = lock.withLock { blockedReason != nil }
        let milliseconds = isBlocked ? 0 : Int(clamping: heartbeat.timeout / 1_000_000)
        stream.setUserTimeout(milliseconds: milliseconds)
    }
}
