internal import AMQPTransport
internal import AMQPWire
internal import Synchronization

// What the broker sends on a channel. All of it on the loop's thread.
extension ChannelCore {
    @inline(__always)
    func deliver(_ view: DeliverView) throws(WireError) {
        let consumer = try consumer(for: view.consumerTag)
        consumer.exchangeCache.look(up: view.exchange)
        consumer.routingKeyCache.look(up: view.routingKey)
        try assembler.beginDelivery(to: consumer, tag: view.deliveryTag, isRedelivered: view.redelivered)
    }

    /// Usually the same one as for the delivery before.
    private func consumer(for tag: UnsafeRawBufferPointer) throws(WireError) -> ConsumerCore {
        if let lastConsumer, lastConsumer.hasTag(tag) { return lastConsumer }
        let name = String(decoding: tag, as: UTF8.self)
        guard let consumer = lock.withLock({ consumers[name] }) else {
            if lock.withLock({ !isOpen }) {
                // Closed on this side; the broker does not know yet. The content has to be taken apart all the same.
                return ConsumerCore(
                    channel: self, tag: name, queue: "", slot: 0, acknowledgement: .automatic, prefetch: 0)
            }
            throw WireError(.commandInvalid, "a delivery came on channel \(id) for a consumer that does not exist")
        }
        lastConsumer = consumer
        return consumer
    }

    /// A whole delivery: kept until the end of this read, then handed out with the others.
    ///
    /// - Parameter small: Its body, where it is small and came in one frame.
    @inline(__always)
    func collect(small: UnsafeRawBufferPointer) {
        // Slot 0 stands in for a consumer of a channel that is being closed: what comes is nobody's.
        guard let consumer = assembler.consumer, consumer.slot != 0 else {
            _ = assembler.takeLargeBody()
            return
        }
        // Here and not where the delivery began: that may have been in the read before.
        if consumer.inbound.isEmpty { touchedConsumers.append(consumer) }
        let isTracked = consumer.isTracked
        let large = assembler.takeLargeBody()
        let batch = consumer.batchToFill()
        consumer.inboundCount &+= 1
        consumer.inboundBytes &+= (large?.count ?? small.count) &+ assembler.propertiesWeight
        if consumer.inboundBytes > Self.heavyInbound { isInboundHeavy = true }
        batch.append(
            .init(
                deliveryTag: assembler.deliveryTag, isRedelivered: assembler.isRedelivered,
                exchange: consumer.exchangeCache.string, routingKey: consumer.routingKeyCache.string,
                properties: assembler.properties, propertiesError: assembler.propertiesError, largeBody: large,
                smallBody: 0..<0),
            small: large == nil ? small : UnsafeRawBufferPointer(start: nil, count: 0))
        if isTracked { inboundTags.append((assembler.deliveryTag, consumer.slot)) }
    }

    /// Headers may be many times larger in memory than on the wire: so much is handed out, and counted, without waiting for
    /// the end of the read.
    private static let heavyInbound = 4 << 20

    /// Hands out what was collected; adds the consumers because of which reading should pause. Gives how many deliveries
    /// more may come before three quarters of the smallest prefetch are used up; none where some need no settling.
    func handOut(_ full: inout [ConsumerCore]) -> Int {
        isInboundHeavy = false
        var room = 0
        if !inboundTags.isEmpty {
            lock.lock()
            var isInOrder = true
            if let last = inboundTags.last { highestDelivered = last.tag }
            if isOpen, !isRecovering {
                for (tag, consumer) in inboundTags where !unsettled.register(tag: tag, consumer: consumer) {
                    isInOrder = false
                }
            }
            stream.isFlushPlanned = true
            let unsent = stream.handedOver > firstUnsentSettle ? 0 : unsentSettles
            room = mostUnsentSettles + mostUnsentSettles / 2 - unsettled.count - unsent
            lock.unlock()
            // Who settles these need not wake the loop for it.
            stream.planFlush()
            inboundTags.removeAll(keepingCapacity: true)
            if !isInOrder {
                connection.fail(
                    AMQPError(WireError(.commandInvalid, "the delivery tags on channel \(id) do not count upwards")))
                touchedConsumers.removeAll(keepingCapacity: true)
                return 0
            }
        }
        for consumer in touchedConsumers {
            switch consumer.deliverInbound() {
            case .none: break
            case .watermark: full.append(consumer)
            case .overflow: overflow(consumer)
            case .violation:
                connection.fail(
                    AMQPError(
                        WireError(
                            .commandInvalid,
                            "the broker sent consumer '\(consumer.tag)' more than its prefetch of \(consumer.prefetch)"
                        )))
            }
        }
        touchedConsumers.removeAll(keepingCapacity: true)
        return room
    }

    /// An auto-ack consumer fell behind for good.
    private func overflow(_ consumer: ConsumerCore) {
        let error = AMQPError(
            .overflow,
            "consumer '\(consumer.tag)' of queue '\(consumer.queue)' with automatic acknowledgement buffers more than "
                + "its limit; take deliveries faster, raise the limit, or acknowledge manually",
            endpoint: connection.endpoint)
        consumer.end(.failed(error))
        // The broker has forgotten what is buffered: the program still gets it, then the error.
        cancelInBackground(consumer, keepsBuffer: true)
    }

    /// The answer to `basic.get` is whole.
    func got(_ method: AMQPMethod.BasicGetOK) throws(WireError) {
        let body = assembler.takeBody()
        lock.lock()
        let isTracked = isOpen && rpcs.awaited?.tracksDelivery == true
        let isInOrder = !isTracked || unsettled.register(tag: method.deliveryTag, consumer: 0)
        lock.unlock()
        guard isInOrder else {
            throw WireError(.commandInvalid, "the delivery tags on channel \(id) do not count upwards")
        }
        let getter = ConsumerCore(
            channel: self, tag: "", queue: "", slot: 0, acknowledgement: .manual, prefetch: 0)
        let batch = DeliveryBatch(consumer: getter, isTracked: isTracked)
        batch.append(
            .init(
                deliveryTag: method.deliveryTag, isRedelivered: method.redelivered, exchange: method.exchange,
                routingKey: method.routingKey, properties: assembler.properties,
                propertiesError: assembler.propertiesError, largeBody: body, smallBody: 0..<0),
            small: UnsafeRawBufferPointer(start: nil, count: 0))
        let delivery = AMQPDelivery(batch: batch, index: 0)
        try answer(.basicGetOK, name: "basic.get-ok", onReply: nil) {
            .message(delivery, remaining: method.messageCount)
        }
    }

    /// Every method but the hot ones.
    func handle(_ method: AMQPMethod) throws(WireError) {
        // It may be the end of the consumer.
        lastConsumer = nil
        switch method {
        case .channelOpenOK: try opened(method)
        case .channelClose(let close): closedByBroker(close)
        case .channelCloseOK: try closeAnswered()
        case .channelFlow(let flow): setFlow(active: flow.active)
        case .basicCancel(let cancel): cancelledByBroker(cancel)
        case .basicReturn(let method): try assembler.begin(.returned(method))
        case .basicGetOK(let method):
            guard lock.withLock({ !isOpen || rpcs.awaited?.method == .basicGet }) else {
                throw WireError(.commandInvalid, "basic.get-ok came on channel \(id), where nobody asked")
            }
            try assembler.begin(.get(method))
        case .basicGetEmpty:
            try answer(.basicGetEmpty, name: method.name, onReply: nil) { .message(nil, remaining: 0) }
        default: try answer(method)
        }
    }

    private func opened(_ method: AMQPMethod) throws(WireError) {
        lock.withLock { if case .opening = phase { phase = .open } }
        try answer(method)
    }

    /// A channel exception: this channel ends, the connection and the other channels go on.
    private func closedByBroker(_ close: AMQPMethod.ChannelClose) {
        let error = AMQPError(
            .channelException, "the broker closed channel \(id): \(connection.masked(close.replyText))",
            replyCode: close.replyCode,
            endpoint: connection.endpoint)
        var wakeups = Wakeups()
        lock.lock()
        connection.appendMethod(.channelCloseOK, channel: id)
        if case .closing = phase {
            // Both closed at once: our close is answered too, and only then is the id free.
            let action = stream.noteAppended(.batched)
            lock.unlock()
            stream.perform(action)
            connection.failIfPeerDoesNotRead()
            return
        }
        connection.forget(self)
        connection.idsClosedByBroker.insert(id)
        fail(error, reason: .channelClosed, &wakeups)
        let action = stream.noteAppended(.batched)
        lock.unlock()
        stream.perform(action)
        wakeups.run()
    }

    private func closeAnswered() throws(WireError) {
        var wakeups = Wakeups()
        lock.lock()
        guard case .closing(let error) = phase else {
            lock.unlock()
            throw WireError(.commandInvalid, "channel.close-ok came on channel \(id), which was not being closed")
        }
        connection.forget(self)
        fail(error, reason: .channelClosed, &wakeups)
        lock.unlock()
        wakeups.run()
    }

    /// `channel.flow` from the broker: it takes publishes, or does not (AMQP 0-9-1, channel.flow).
    private func setFlow(active: Bool) {
        var wakeups = Wakeups()
        lock.lock()
        isFlowActive = active
        // Behind our own channel.close nothing may be sent any more.
        if isOpen { connection.appendMethod(.channelFlowOK(.init(active: active)), channel: id) }
        if active { admitWaiting(&wakeups) }
        let action = stream.noteAppended(.batched)
        lock.unlock()
        stream.perform(action)
        wakeups.run()
        connection.failIfPeerDoesNotRead()
    }

    /// `basic.cancel` from the broker: the queue is gone, or its node is (https://www.rabbitmq.com/consumer-cancel.html).
    private func cancelledByBroker(_ cancel: AMQPMethod.BasicCancel) {
        lock.lock()
        let consumer = consumers.removeValue(forKey: cancel.consumerTag)
        var action = SocketStream.WriteAction.none
        if !cancel.noWait, isOpen {
            connection.appendMethod(.basicCancelOK(.init(consumerTag: cancel.consumerTag)), channel: id)
            action = stream.noteAppended(.batched)
        }
        lock.unlock()
        stream.perform(action)
        connection.failIfPeerDoesNotRead()
        consumer?.end(
            .failed(
                AMQPError(
                    .cancelledByBroker,
                    "the broker cancelled consumer '\(cancel.consumerTag)' of queue '\(consumer?.queue ?? "")'; "
                        + "usually the queue was deleted", endpoint: connection.endpoint)))
    }
}
