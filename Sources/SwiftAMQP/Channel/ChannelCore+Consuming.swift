internal import AMQPTransport
internal import AMQPWire
internal import Synchronization

extension ChannelCore {
    /// Settles a delivery of this channel. Never waits; any thread.
    func settle(_ tag: UInt64, _ verdict: SettleVerdict, multiple: Bool) throws(AMQPError) {
        lock.lock()
        guard isOpen, !connection.isCloseSent else {
            let cause = refusal()
            lock.unlock()
            throw AMQPError(
                .stale,
                "delivery \(tag) belongs to channel \(id), which is gone; nothing was sent, and the broker delivers the "
                    + "message again", endpoint: connection.endpoint, underlying: cause)
        }
        let action: SocketStream.WriteAction
        do throws(UnsettledTags.SettleError) {
            if multiple {
                let frames = try unsettled.settleUpTo(tag: tag) { slot, tag in isHandedOut(slot, tag) }
                for frame in frames { append(verdict, tag: frame.tag, multiple: frame.multiple) }
            } else {
                try unsettled.settle(tag: tag)
                append(verdict, tag: tag, multiple: false)
            }
            action = stream.noteAppended(.batched)
        } catch {
            lock.unlock()
            throw AMQPError(
                .alreadySettled, "delivery \(tag) of channel \(id) was settled before", endpoint: connection.endpoint)
        }
        lock.unlock()
        stream.perform(action)
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
        if let count { stream.commit(count) }
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
        if subscription.acknowledgement == .manual || subscription.prefetch > 0 {
            // RabbitMQ applies a qos that is not global to the consumers that come after it
            // (https://www.rabbitmq.com/consumer-prefetch.html), so it is sent with each.
            _ = try await callMethod(.basicQoS(.init(prefetchSize: 0, prefetchCount: subscription.prefetch)))
        }
        let rpc = try makeRPC(
            .basicConsume(
                .init(
                    queue: subscription.queue, consumerTag: subscription.tag,
                    noAck: subscription.acknowledgement != .manual, exclusive: subscription.isExclusive,
                    arguments: subscription.arguments)), timeout: nil)
        let consumer = try register(subscription, rpc)
        do throws(AMQPError) {
            _ = try await rpc.promise.value { [self] in cancelSubscription(consumer, rpc) }
        } catch {
            // A cancelled wait leaves a subscription that may come into being: it is taken back.
            if error.code == .cancelled { cancelInBackground(consumer) }
            throw error
        }
        return consumer
    }

    private func register(_ subscription: Subscription, _ rpc: RPC) throws(AMQPError) -> ConsumerCore {
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
        let consumer = ConsumerCore(
            channel: self, tag: subscription.tag, queue: subscription.queue, slot: slot,
            acknowledgement: subscription.acknowledgement, prefetch: subscription.prefetch)
        consumers[subscription.tag] = consumer
        consumerSlots.append(consumer)
        let actions = enqueue(rpc)
        lock.unlock()
        connection.perform(actions)
        return consumer
    }

    private func cancelSubscription(_ consumer: ConsumerCore, _ rpc: RPC) {
        rpc.promise.complete(
            .failure(AMQPError(.cancelled, "cancelled while subscribing to queue '\(consumer.queue)'")))
    }

    /// Unsubscribes: awaits `cancel-ok`, after which nothing more is delivered, and gives back what the program was not
    /// handed. A channel that is gone has done both already.
    func unsubscribe(_ consumer: ConsumerCore) async {
        lock.lock()
        let isSubscribed = consumers[consumer.tag] === consumer
        lock.unlock()
        if isSubscribed, let rpc = try? makeRPC(.basicCancel(.init(consumerTag: consumer.tag)), timeout: nil) {
            // Not cancellable: leaving a scope early must not leave a subscription behind. The RPC has its deadline.
            if (try? submit(rpc)) != nil { _ = await rpc.promise.wait() }
        }
        finishUnsubscribing(consumer)
    }

    /// As ``unsubscribe(_:)``, for those who cannot wait.
    func cancelInBackground(_ consumer: ConsumerCore) {
        guard
            let rpc = try? makeRPC(
                .basicCancel(.init(consumerTag: consumer.tag)), timeout: nil,
                onReply: { [self] _ in
                    // With the lock held; what was delivered before the answer has been handed out.
                    connection.loop.execute { [self] in finishUnsubscribing(consumer) }
                })
        else { return }
        try? submit(rpc)
    }

    /// The broker has stopped delivering to the consumer.
    private func finishUnsubscribing(_ consumer: ConsumerCore) {
        consumer.end(.cancelled)
        lock.lock()
        if consumers[consumer.tag] === consumer { consumers[consumer.tag] = nil }
        var action = SocketStream.WriteAction.none
        if isOpen {
            let watermark = consumer.handedOut.load(ordering: .acquiring)
            for tag in unsettled.settleNotHandedOut(consumer: consumer.slot, above: watermark) {
                append(.nack(requeue: true), tag: tag, multiple: false)
            }
            action = stream.noteAppended(.batched)
        }
        lock.unlock()
        stream.perform(action)
        consumer.discardBuffer()
    }
}
