internal import AMQPTransport
internal import AMQPWire

extension ConnectionCore {
    /// Opens a channel with the lowest free id.
    ///
    /// - Parameter timeout: By default the configuration's `rpcTimeout`.
    func openChannel(timeout: Duration? = nil) async throws(AMQPError) -> ChannelCore {
        lock.lock()
        if let refusal = refusal() {
            lock.unlock()
            throw refusal
        }
        guard let id = channelIDs.allocate() else {
            let count = channelIDs.count
            lock.unlock()
            throw AMQPError(
                .channelIDsExhausted,
                "all \(count) channels of the connection are open; close some, or raise channelMax on both sides",
                endpoint: endpoint)
        }
        let channel = ChannelCore(id: id, connection: self)
        let rpc: RPC
        do throws(AMQPError) {
            rpc = try channel.makeRPC(.channelOpen, timeout: timeout)
        } catch {
            channelIDs.release(id)
            lock.unlock()
            throw error
        }
        // In one go with the check above: a channel that the broker never heard of must not be closed either.
        channels[id] = channel
        let actions = channel.enqueue(rpc)
        lock.unlock()
        perform(actions)
        do throws(AMQPError) {
            _ = try await rpc.promise.value { channel.cancel(rpc) }
        } catch {
            channel.giveUp(error)
            throw error
        }
        return channel
    }

    /// With the lock held, on the loop's thread: the channel's id is free again.
    func forget(_ channel: ChannelCore) {
        guard channels[channel.id] === channel else { return }
        channels[channel.id] = nil
        channelIDs.release(channel.id)
        lastChannel = nil
    }
}

extension ChannelCore {
    /// Closes in an orderly manner, within `timeout`: settles take effect and publishes get their answers first. Any number
    /// of callers wait for one close; closing a closed channel does nothing.
    func close(timeout: Duration) async {
        let deadline = MonotonicTime.now() + timeout
        let timer = Deadline(loop: connection.loop, at: deadline) { [self] in closeOverdue() }
        defer { timer.cancel() }
        await settlesTakeEffect()
        lock.lock()
        isDraining = true
        let flush = isOpen && !isFlushed ? addFlushWaiter() : nil
        lock.unlock()
        connection.resumeReadingIfAwaited()
        if let flush { _ = await flush.wait() }
        requestClose()
        _ = await closed.wait()
    }

    /// Sends `channel.close`, once.
    func requestClose() {
        var wakeups = Wakeups()
        lock.lock()
        var action = SocketStream.WriteAction.none
        if isOpen, !connection.isCloseSent {
            let error = AMQPError(.closed, "channel \(id) was closed by this program", endpoint: connection.endpoint)
            phase = .closing(error)
            sendClose(replyCode: 200, text: "Goodbye")
            endEverything(error, reason: .channelClosed, &wakeups, consumerEnd: .cancelled)
            action = stream.noteAppended(.immediate)
        }
        lock.unlock()
        stream.perform(action)
        wakeups.run()
        connection.resumeReadingIfAwaited()
    }

    /// The broker did not answer in time: for this program the channel is closed. Its id stays taken.
    private func closeOverdue() {
        requestClose()
        closed.complete(.success(()))
    }

    /// The channel could not be opened.
    func giveUp(_ error: AMQPError) {
        var wakeups = Wakeups()
        lock.lock()
        var action = SocketStream.WriteAction.none
        switch phase {
        case .opening, .open:
            // channel.open is on its way; its answer, if it comes, belongs to nobody.
            phase = .closing(error)
            sendClose(replyCode: 200, text: "Goodbye")
            endEverything(error, reason: .channelClosed, &wakeups)
            action = stream.noteAppended(.batched)
        case .closing, .closed: break
        }
        lock.unlock()
        stream.perform(action)
        wakeups.run()
        connection.resumeReadingIfAwaited()
    }

    /// With the lock held: a promise that completes once no publish waits for anything.
    func addFlushWaiter() -> Promise<Void> {
        let promise = Promise<Void>()
        flushWaiters.append(promise)
        return promise
    }
}
