internal import AMQPTransport
internal import AMQPWire

extension ConnectionCore {
    /// Does what the machine of channel 0 asks for. Loop thread.
    func run(_ actions: [ConnectionStateMachine.Action]) {
        for action in actions {
            switch action {
            case .sendProtocolHeader: send(FrameEncoder.protocolHeader)
            case .send(let method): sendOnChannelZero(method)
            case .tune(let agreed): tune(agreed)
            case .opened(let properties): open(serverProperties: properties)
            case .setBlocked(let reason): setBlocked(reason)
            case .secretUpdated:
                lock.withLock { secretUpdates.popFirst() }?.promise.complete(.success(()))
            case .closedByPeer(let error):
                failure = error.with(endpoint: endpoint)
                // Time for the close-ok to go out; the peer may be too busy to read it.
                endAfter(.seconds(1))
                stream.closeWhenFlushed()
            case .closeAnswered:
                endAfter(.seconds(1))
                stream.closeWhenFlushed()
            case .fail(let error): fail(error)
            }
        }
    }

    /// Methods of the handshake are checked by the codec: credentials or properties may be too long for one frame.
    private func sendOnChannelZero(_ method: AMQPMethod) {
        do throws(WireError) {
            if method.id == .connectionClose || method.id == .connectionCloseOK { lock.withLock { isCloseSent = true } }
            let isHandshake = method.id != .connectionClose && method.id != .connectionCloseOK
            let maximum = isHandshake ? Int(clamping: configuration.frameMax) : frameMax
            send(try FrameEncoder.frame(method, channel: 0, maxFrameSize: maximum))
        } catch {
            fail(AMQPError(error))
        }
    }

    /// The broker blocks publishes, or takes them again (https://www.rabbitmq.com/connection-blocked.html).
    private func setBlocked(_ reason: String?) {
        lock.lock()
        blockedReason = reason
        lock.unlock()
        updateUserTimeout()
        if let reason {
            events.append(.blocked(reason: reason))
        } else {
            events.append(.unblocked)
            admitWaiting()
        }
    }

    // MARK: Ending

    /// Ends the connection with an error of this side's finding. The peer is told where the error has a reply code.
    /// Loop thread; later errors are ignored.
    func fail(_ error: AMQPError) {
        guard failure == nil else { return }
        failure = error.with(endpoint: endpoint)
        if let code = error.replyCode, hasHeard {
            // The machine has told the peer already if it was the one who found the error.
            if machine.state != .ended {
                run(machine.handle(.closeRequested(replyCode: code, text: "protocol error")))
            }
            endAfter(.seconds(1))
            stream.closeWhenFlushed()
        } else {
            stream.close()
        }
    }

    /// A peer that asks for answers and takes none would make the outbox grow for ever. Loop thread.
    func failIfPeerDoesNotRead() {
        let waiting = lock.withLock { stream.pending }
        guard waiting > outboundLimit + 1 << 20 else { return }
        fail(
            AMQPError(
                .protocolViolation, "the broker asks for answers and does not read them; \(waiting) bytes wait"))
    }

    /// Closes hard after a while, if nothing else has closed by then. Loop thread.
    func endAfter(_ duration: Duration) { end(at: .now() + duration) }

    /// Closes hard at `deadline`, or at an earlier one that was given before. Loop thread.
    func end(at deadline: MonotonicTime) {
        guard !hasEnded, deadline < closeDeadline else { return }
        closeDeadline = deadline
        if let closeTimer { loop.cancel(closeTimer) }
        closeTimer = loop.schedule(at: deadline) { [self] in stream.close() }
    }

    /// The socket is closed: everything that is pending ends.
    func streamDidClose(_ reason: StreamCloseReason) {
        handOut()
        hasEnded = true
        for timer in [heartbeatTimer, closeTimer, deadlineTimer] { if let timer { loop.cancel(timer) } }
        heartbeatTimer = nil
        closeTimer = nil
        deadlineTimer = nil
        let isOurs = if case .closedLocally = reason { true } else { false }
        let error = failure ?? closeError(reason)
        var wakeups = Wakeups()
        lock.lock()
        let wasOpen = if case .handshaking = phase { false } else { true }
        phase = .closed(error)
        let ended = Array(channels.values)
        channels = [:]
        waitingChannels = []
        let secrets = secretUpdates.removeAll()
        for channel in ended { channel.fail(error, reason: .connectionClosed, &wakeups) }
        lock.unlock()
        wakeups.run()
        for secret in secrets { secret.promise.complete(.failure(error)) }
        lastChannel = nil
        unfinishedBody = nil
        touchedChannels = []
        opened.complete(.failure(error))
        if wasOpen { events.append(.closed(isOurs && failure == nil ? nil : error)) }
        events.finish()
        closed.complete(.success(error))
    }

    private func closeError(_ reason: StreamCloseReason) -> AMQPError {
        let error = AMQPError(reason, endpoint: endpoint)
        // Brokers without `authentication_failure_close`, and those that run into their own limits, just hang up.
        switch (machine.state, reason) {
        case (.tune, .endOfStream), (.tune, .failed):
            return AMQPError(
                .authenticationFailed,
                "the broker closed the connection after it got the credentials of user "
                    + "'\(configuration.credentials.username)'", endpoint: endpoint, underlying: error)
        case (.openOK, .endOfStream), (.openOK, .failed):
            return AMQPError(
                .virtualHostRefused,
                "the broker closed the connection after it was asked for virtual host '\(configuration.virtualHost)'",
                endpoint: endpoint, underlying: error)
        default: return error
        }
    }

    /// Closes in an orderly manner, within `timeout`: settles take effect and publishes under way get their answers, then
    /// `connection.close` is sent and answered. What has not ended by then ends with the connection. Any number of callers wait for one close.
    func close(timeout: Duration) async {
        let deadline = MonotonicTime.now() + timeout
        loop.execute { [self] in end(at: deadline) }
        for channel in lock.withLock({ channels.values.filter(\.settles.canBeForgotten) }) {
            await channel.settlesTakeEffect()
        }
        lock.lock()
        let isFirst = if case .open = phase { true } else { false }
        if isFirst { phase = .closing }
        let flushes = isFirst ? channels.values.compactMap { $0.isFlushed ? nil : $0.addFlushWaiter() } : []
        lock.unlock()
        resumeReadingIfAwaited()
        if isFirst {
            // Flushing ends with the connection at the latest, and the connection by the timer.
            for flush in flushes { _ = await flush.wait() }
            loop.execute { [self] in
                run(machine.handle(.closeRequested(replyCode: 200, text: "Goodbye")))
            }
        }
        _ = await closed.wait()
    }

    /// Closes without waiting for anything: for a handle that nobody holds any more.
    func abandon() {
        lock.lock()
        let isFirst = if case .open = phase { true } else { false }
        if isFirst { phase = .closing }
        lock.unlock()
        loop.execute { [self] in
            endAfter(configuration.closeTimeout)
            run(machine.handle(.closeRequested(replyCode: 200, text: "Goodbye")))
        }
    }
}
