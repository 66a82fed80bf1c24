internal import AMQPTransport

// The supervised consumers of a client.
extension ClientCore {
    /// A consumer that has not begun.
    func makeConsumer(
        _ configuration: AMQPConsumerConfiguration, watcher: (@Sendable (AMQPClientEvent) -> Void)? = nil
    ) throws(AMQPError) -> SupervisedConsumer {
        try configuration.validate()
        if let refusal = status.consumerRefusal { throw refusal }
        let isOfItsOwn = configuration.acknowledgement != .manual && !topology.isExclusive(queue: configuration.queue)
        let link = isOfItsOwn ? consumingAutomatically : consuming
        let id = lock.withLock {
            consumerCount += 1
            return consumerCount
        }
        return SupervisedConsumer(
            configuration: configuration, id: id, link: link, topology: topology, status: status, watcher: watcher)
    }

    /// Begins.
    func start(_ consumer: SupervisedConsumer, _ handler: AMQPConsumer.Handler? = nil) {
        lock.withLock { consumers[consumer.id] = consumer }
        // One that the broker has ended keeps its channel for handlers that run.
        consumer.ended.whenCompleted { [weak self, weak consumer] outcome in
            guard case .success(.some) = outcome, let consumer else { return }
            Task {
                await consumer.stop(by: .distantFuture)
                self?.forget(consumer)
            }
        }
        if handler != nil {
            let needed = consumer.configuration.failures.topology(forQueue: consumer.configuration.queue)
            if !needed.isEmpty {
                topology.add(needed)
                consumer.needsTopology()
            }
        }
        consumer.start(handler) { [weak self] (message, address) async throws(AMQPError) in
            guard let self else { throw ClientStatus.shutDown }
            _ = try await defaultPublisher()
                .make(message, to: address, isMandatory: true, policy: .atLeastOnce, timeout: nil)
                .value()
        }
        // One that was made while the client was being ended is ended here, where nobody else knows of it.
        if let refusal = status.consumerRefusal { consumer.abandon(lock.withLock { shutdown } == nil ? refusal : nil) }
    }

    /// Ends a consumer in good order.
    ///
    /// - Returns: Whether everything was settled in time.
    @discardableResult
    func cancel(_ consumer: SupervisedConsumer, within duration: Duration) async -> Bool {
        let isSettled = await consumer.stop(by: MonotonicTime.now() + max(duration, .zero))
        forget(consumer)
        return isSettled
    }

    /// The scope of a consumer has ended: what is not settled goes back.
    func leave(_ consumer: SupervisedConsumer) async {
        let timeout = configuration.endpoints.first?.closeTimeout ?? .seconds(5)
        await consumer.stop(by: MonotonicTime.now() + timeout, waitsForSettles: false)
        forget(consumer)
    }

    func forget(_ consumer: SupervisedConsumer) {
        let counts = consumer.counters.snapshot
        lock.withLock {
            guard consumers.removeValue(forKey: consumer.id) != nil else { return }
            pastDeliveries = pastDeliveries + counts
        }
    }

    /// What became of all deliveries so far.
    var deliveryCounts: AMQPDeliveryCounts {
        let (counts, present) = lock.withLock { (pastDeliveries, Array(consumers.values)) }
        return present.reduce(counts) { $0 + $1.counters.snapshot }
    }

    /// What each consumer does at the moment.
    var activity: [UInt64: ConsumerActivity] {
        lock.withLock { consumers }.mapValues {
            ConsumerActivity(lastDelivery: $0.source.lastDelivery, handling: $0.busyCount)
        }
    }
}
