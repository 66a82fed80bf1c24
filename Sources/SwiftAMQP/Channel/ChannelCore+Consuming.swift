internal import AMQPTransport
internal import AMQPWire
internal import Synchronization

extension ChannelCore {
    /// Settles a delivery of this channel. Never waits; any thread.
    ///
    /// - Parameter count: Is told how many were settled, before anybody can see that nothing is unsettled any more. With the
    ///   lock held: it must do no more than count.
    func settle(
        _ tag: UInt64, _ verdict: SettleVerdict, multiple: Bool, count: ((Int) -> Void)? = nil
    ) throws(AMQPError) {
        lock.lock()
        if isRecovering, isOpen {
            lock.unlock()
            throw alreadySettled(tag)
        }
        guard isOpen, !connection.isCloseSent else {
            let cause = refusal()
            lock.unlock()
            throw AMQPError(
                .stale,
                "delivery \(tag) belongs to channel \(id), which is gone; nothing was sent, and the broker delivers the "
                    + "message again", endpoint: connection.endpoint, underlying: cause)
        }
        let action: SocketStream.WriteAction
        let before = unsettled.count
        do throws(UnsettledTags.SettleError) {
            if multiple {
                let frames = try unsettled.settleUpTo(tag: tag) { slot, tag in isHandedOut(slot, tag) }
                for frame in frames { append(verdict, tag: frame.tag, multiple: frame.multiple) }
            } else {
                try unsettled.settle(tag: tag)
                if case .ack = verdict { appendAck(tag) } else { append(verdict, tag: tag, multiple: false) }
            }
            action = noteSettled(before - unsettled.count)
            count?(before - unsettled.count)
        } catch {
            lock.unlock()
            throw alreadySettled(tag)
        }
        let settled = takeSettleWaiters()
        lock.unlock()
        stream.perform(action)
        for waiter in settled { waiter.complete(.success(())) }
    }

    /// Whether a delivery of this channel can be settled now.
    func isUnsettled(_ tag: UInt64) -> Bool {
        lock.withLock { isOpen && !isRecovering && !connection.isCloseSent && unsettled.contains(tag: tag) }
    }

    /// Whether deliveries of this channel can be settled at all; otherwise the broker delivers them again.
    var canSettle: Bool { lock.withLock { isOpen && !connection.isCloseSent } }

    /// Whether the program was given something of this channel that it has not settled yet.
    var isSettleOwed: Bool {
        lock.withLock { isOpen && unsettled.containsHandedOut { slot, tag in isHandedOut(slot, tag) } }
    }

    /// With the lock held: acknowledges a delivery that was just settled.
    ///
    /// Where the ack before it still waits at the end of the outbox, that one becomes an ack of both, if it can. Not in a
    /// transaction, where a rollback takes back what counts as settled here.
    @inline(__always)
    private func appendAck(_ tag: UInt64) {
        if lastAck.end == stream.appended, combinesAcks, let highest = unsettled.combined(tag, lastAck.tag) {
            let frame = stream.lastAppended(FrameEncoder.settleFrameSize)
            if !frame.isEmpty {
                FrameEncoder.rewriteAck(frame, deliveryTag: highest, multiple: true)
                lastAck.tag = highest
                return
            }
        }
        append(.ack, tag: tag, multiple: false)
        lastAck = (stream.appended, tag)
    }

    /// With the lock held: `count` deliveries were settled. When that leaves: with the loop's next planned flush; at once
    /// where the broker may soon have to wait for it.
    @inline(__always)
    private func noteSettled(_ count: Int) -> SocketStream.WriteAction {
        if stream.handedOver > firstUnsentSettle {
            firstUnsentSettle = stream.appended &- 1
            unsentSettles = 0
        }
        unsentSettles += count
        return stream.noteAppended(unsentSettles >= mostUnsentSettles ? .immediate : .planned)
    }

    /// The program waits for the next delivery: writes the acks that wait for the loop's next flush. In a stream of
    /// deliveries they wait a little longer: those of the next burst leave with them.
    func flushBeforeWaiting() {
        lock.lock()
        let action = stream.noteAppended(connection.isStreaming && stream.isFlushPlanned ? .planned : .immediate)
        lock.unlock()
        stream.perform(action)
    }

    private func alreadySettled(_ tag: UInt64) -> AMQPError {
        AMQPError(
            .alreadySettled, "delivery \(tag) of channel \(id) was settled before, or given back by a recover",
            endpoint: connection.endpoint)
    }

    /// With the lock held: whether the program was given the delivery.
    private func isHandedOut(_ slot: UnsettledTags.ConsumerSlot, _ tag: UInt64) -> Bool {
        guard slot > 0, Int(slot) < consumerSlots.count, let consumer = consumerSlots[Int(slot)] else { return true }
        return tag <= consumer.handedOut.load(ordering: .acquiring)
    }

    /// With the lock held.
    @inline(__always)
    private func append(_ verdict: SettleVerdict, tag: UInt64, multiple: Bool) {
        let room = stream.reserve(FrameEncoder.settleFrameSize)
        let count: Int?
        switch verdict {
        case .ack: count = try? FrameEncoder.encodeAck(channel: id, deliveryTag: tag, multiple: multiple, into: room)
        case .nack(let requeue):
            count = try? FrameEncoder.encodeNack(
                channel: id, deliveryTag: tag, multiple: multiple, requeue: requeue, into: room)
        case .reject(let requeue) where !multiple:
            count = try? FrameEncoder.encodeReject(channel: id, deliveryTag: tag, requeue: requeue, into: room)
        case .reject(let requeue):
            count = try? FrameEncoder.encodeNack(
                channel: id, deliveryTag: tag, multiple: true, requeue: requeue, into: room)
        }
        if let count {
            stream.commit(count)
            settles.noteWritten()
        }
    }

    /// Gives every unsettled delivery back to the broker.
    ///
    /// From the moment the request is in the stream the broker forgets the tags, so nothing is settled until its answer
    /// is here; and what the consumers have buffered by then will come again, so it is not handed out.
    func recover(requeue: Bool) async throws(AMQPError) {
        _ = try await call(
            .basicRecover(.init(requeue: requeue)),
            onSend: { [self] in
                isRecovering = true
                unsettled.removeAll()
            },
            onReply: { [self] _ in
                isRecovering = false
                for case .some(let consumer) in consumerSlots { consumer.skip(upTo: highestDelivered) }
            })
    }

    // MARK: Consumers

    /// What a consumer is made of.
    struct Subscription: Sendable {
        var queue: String
        var tag: String
        var acknowledgement: AMQPAcknowledgement
        /// 0 is unlimited.
        var prefetch: UInt16
        var isExclusive: Bool
        var arguments: AMQPTable
    }

    /// Subscribes. The consumer exists before the broker can send it anything.
    func subscribe(_ subscription: Subscription) async throws(AMQPError) -> ConsumerCore {
        // RabbitMQ applies a qos that is not global to the consumers that come after it
        // (https://www.rabbitmq.com/consumer-prefetch.html), so it goes right before each.
        let qos = try makeRPC(
            .basicQoS(.init(prefetchSize: 0, prefetchCount: subscription.prefetch)), timeout: nil)
        let rpc = try makeRPC(
            .basicConsume(
                .init(
                    queue: subscription.queue, consumerTag: subscription.tag,
                    noAck: subscription.acknowledgement != .manual, exclusive: subscription.isExclusive,
                    arguments: subscription.arguments)), timeout: nil)
        let limit = lock.withLock { globalPrefetch }
        var limits = [qos]
        if limit > 0 {
            // RabbitMQ takes a qos that is not global for the end of the global limit (`unlimit_prefetch` in
            // rabbit_channel.erl, 3.10), so that one is set anew.
            limits.append(
                try makeRPC(.basicQoS(.init(prefetchSize: 0, prefetchCount: limit, isGlobal: true)), timeout: nil))
        }
        let consumer = try register(subscription, limits, rpc)
        do throws(AMQPError) {
            _ = try await rpc.promise.value { [self] in cancelSubscription(consumer, rpc) }
        } catch {
            // A cancelled wait leaves a subscription that may come into being: it is taken back.
            if error.code == .cancelled {
                cancelInBackground(consumer)
            } else {
                finishUnsubscribing(consumer, isCancelled: true)
            }
            throw error
        }
        return consumer
    }

    /// Makes the consumer and queues all RPCs, with nothing of another task between them. If one fails, the channel is
    /// gone, and the next ones with it.
    private func register(_ subscription: Subscription, _ limits: [RPC], _ rpc: RPC) throws(AMQPError) -> ConsumerCore {
        lock.lock()
        if let refusal = refusal() {
            lock.unlock()
            throw refusal
        }
        guard consumers[subscription.tag] == nil else {
            lock.unlock()
            throw AMQPError(
                .invalidArgument, "channel \(id) has a consumer with the tag '\(subscription.tag)' already")
        }
        guard let slot = UInt16(exactly: consumerSlots.count) else {
            lock.unlock()
            throw AMQPError(
                .invalidArgument, "channel \(id) has had 65,535 consumers; open another channel")
        }
        for limit in [subscription.prefetch, globalPrefetch] where limit > 0 {
            mostUnsentSettles = min(mostUnsentSettles, max(1, Int(limit) / 2))
        }
        let consumer = ConsumerCore(
            channel: self, tag: subscription.tag, queue: subscription.queue, slot: slot,
            acknowledgement: subscription.acknowledgement, prefetch: subscription.prefetch)
        consumers[subscription.tag] = consumer
        consumerSlots.append(consumer)
        if consumer.isTracked { settles.note(queue: subscription.queue) }
        let actions = (limits + [rpc]).map { enqueue($0) }
        lock.unlock()
        for action in actions { connection.perform(action) }
        return consumer
    }

    private func cancelSubscription(_ consumer: ConsumerCore, _ rpc: RPC) {
        rpc.promise.complete(
            .failure(AMQPError(.cancelled, "cancelled while subscribing to queue '\(consumer.queue)'")))
    }

    /// Unsubscribes: awaits `cancel-ok`, after which nothing more is delivered, and gives back what the program was not
    /// handed. A channel that is gone has done both already.
    ///
    /// - Parameter keepsBuffer: Whether what is buffered is still handed out.
    /// - Returns: How many deliveries were given back.
    @discardableResult
    func unsubscribe(_ consumer: ConsumerCore, keepsBuffer: Bool = false) async -> Int {
        let (isKnown, written) = lock.withLock { (consumers[consumer.tag] === consumer, settles.written) }
        var isCancelled = !isKnown
        if !isCancelled, let rpc = try? makeRPC(.basicCancel(.init(consumerTag: consumer.tag)), timeout: nil) {
            // Not cancellable: leaving a scope early must not leave a subscription behind. The RPC has its deadline.
            if (try? submit(rpc)) != nil, case .success = await rpc.promise.wait() {
                isCancelled = true
                lock.withLock { settles.haveTakenEffect(upTo: written, ofQueue: consumer.queue) }
            }
        }
        return finishUnsubscribing(consumer, isCancelled: isCancelled, keepsBuffer: keepsBuffer)
    }

    /// As ``unsubscribe(_:keepsBuffer:)``, for those who cannot wait.
    ///
    /// - Parameter keepsBuffer: Whether what is buffered is still handed out.
    func cancelInBackground(_ consumer: ConsumerCore, keepsBuffer: Bool = false) {
        guard let rpc = try? makeRPC(.basicCancel(.init(consumerTag: consumer.tag)), timeout: nil) else { return }
        rpc.promise.whenCompleted { [self] outcome in
            let isCancelled = if case .success = outcome { true } else { false }
            finishUnsubscribing(consumer, isCancelled: isCancelled, keepsBuffer: keepsBuffer)
        }
        do throws(AMQPError) {
            try submit(rpc)
        } catch {
            rpc.promise.complete(.failure(error))
        }
    }

    /// The program takes nothing from the consumer any more.
    ///
    /// - Parameter isCancelled: Whether the broker has stopped delivering to it. Otherwise (the connection is being
    ///   closed, or the broker does not answer) the consumer stays known, because deliveries may still come.
    @discardableResult
    private func finishUnsubscribing(
        _ consumer: ConsumerCore, isCancelled: Bool, keepsBuffer: Bool = false
    ) -> Int {
        consumer.end(.cancelled)
        if keepsBuffer { consumer.resumeReadingIfFull() } else { consumer.stopHandingOut() }
        lock.lock()
        if isCancelled, consumers[consumer.tag] === consumer { consumers[consumer.tag] = nil }
        var action = SocketStream.WriteAction.none
        var givenBack = 0
        if isOpen, !keepsBuffer {
            let watermark = consumer.handedOut.load(ordering: .sequentiallyConsistent)
            let before = unsettled.count
            for frame in unsettled.settleNotHandedOut(consumer: consumer.slot, above: watermark) {
                append(.nack(requeue: true), tag: frame.tag, multiple: frame.multiple)
            }
            givenBack = before - unsettled.count
            action = stream.noteAppended(.batched)
        }
        let settled = takeSettleWaiters()
        if isCancelled, Int(consumer.slot) < consumerSlots.count { consumerSlots[Int(consumer.slot)] = nil }
        lock.unlock()
        stream.perform(action)
        for waiter in settled { waiter.complete(.success(())) }
        if !keepsBuffer { consumer.discardBuffer() }
        return givenBack
    }

    // MARK: Waiting for the last one

    /// Completed when no delivery of this channel is unsettled, for the first time after this call, or the channel is gone.
    func allSettled() -> Promise<Void> {
        let promise = Promise<Void>()
        lock.lock()
        let isOver = unsettled.isEmpty || !isOpen
        if !isOver { settleWaiters.append(promise) }
        lock.unlock()
        if isOver { promise.complete(.success(())) }
        return promise
    }

    /// With the lock held: those who wait for the last settle, if that was it.
    @inline(__always)
    func takeSettleWaiters() -> [Promise<Void>] {
        guard !settleWaiters.isEmpty, unsettled.isEmpty else { return [] }
        let waiters = settleWaiters
        settleWaiters = []
        return waiters
    }
}
