internal import AMQPTransport

/// One subscription that outlives connections: comes back after each loss, until it is stopped or may not come back.
///
/// One task runs it, from ``start()`` to its end: it takes the actions of ``SubscriptionStateMachine`` and answers with
/// what came of them. What is delivered goes to ``source``, and from there to workers or to a loop.
///
/// - Invariant: what changes is guarded by `lock`, which is a leaf; that is why the class is `@unchecked Sendable`.
final class SupervisedConsumer: @unchecked Sendable {
    let configuration: AMQPConsumerConfiguration
    /// Known to ``ClientStatus`` by it.
    let id: UInt64
    let tag: String
    let source: DeliverySource
    let counters = DeliveryCounters()
    /// Completed at the end, with why; `nil` if this program wanted it.
    let ended = Promise<AMQPError?>()
    private let link: SupervisedLink
    private let topology: TopologyKeeper
    private let status: ClientStatus
    private let bell: Doorbell
    /// Is told what is reported of this consumer; on the consumer's task.
    private let watcher: (@Sendable (AMQPClientEvent) -> Void)?

    private let lock = Lock()
    private var keeper: Task<Void, Never>?
    private var workers: HandlerWorkers?
    private var handling: DeliveryHandling?
    /// What ends the subscription: this program, or the client's end.
    private var ending: SubscriptionStateMachine.Event?
    /// Whether something was left unsettled when nobody waited any longer.
    private var hasGivenUp = false
    private var pauseWanted: Duration?
    private var channel: AMQPChannel?
    private var deliveries: AMQPDeliveries?
    /// Whether the topology knows of a consumer of this queue.
    private var isRecorded = false
    /// Whether what was declared for it has to be there before its first delivery.
    private var awaitsTopology = false

    init(
        configuration: AMQPConsumerConfiguration, id: UInt64, link: SupervisedLink, topology: TopologyKeeper,
        status: ClientStatus, watcher: (@Sendable (AMQPClientEvent) -> Void)? = nil
    ) {
        self.watcher = watcher
        self.configuration = configuration
        self.id = id
        self.link = link
        self.topology = topology
        self.status = status
        tag = configuration.consumerTag.flatMap { $0.isEmpty ? nil : $0 } ?? ConsumerTags.next()
        let bell = Doorbell()
        self.bell = bell
        source = DeliverySource {
            bell.ring()
        } gaveBack: { [counters] count in
            counters.add { $0.requeued &+= UInt64(count) }
        }
    }

    private var isStopping: Bool { lock.withLock { ending != nil } }

    /// Begins, once. One that was stopped before ends at once.
    ///
    /// - Parameters:
    ///   - handler: Handles deliveries. Without it, who iterates ``source`` does, and settles.
    ///   - publish: How copies of messages that failed get to their queues.
    func start(_ handler: AMQPConsumer.Handler? = nil, publish: @escaping FailedDeliveries.Publish) {
        status.add(.init(tag: tag, queue: configuration.queue, role: link.role), id: id)
        link.start()
        let handling = handler.map { makeHandling($0, publish) }
        lock.lock()
        self.handling = handling
        if let handling {
            workers = HandlerWorkers(source: source, maximum: configuration.maximumConcurrency) {
                await handling.handle($0, id: $1)
            }
        }
        let workers = workers
        lock.unlock()
        // Before anything can come.
        workers?.start()
        lock.lock()
        keeper = Task.detached { await self.run() }
        if ending != nil { keeper?.cancel() }
        lock.unlock()
    }

    private func makeHandling(
        _ handler: @escaping AMQPConsumer.Handler, _ publish: @escaping FailedDeliveries.Publish
    ) -> DeliveryHandling {
        let failures = FailedDeliveries(
            policy: configuration.failures, queue: configuration.queue, publish: publish
        ) { [counters, status] event in
            counters.count(event.action)
            status.report(.deliveryFailed(event))
        }
        let watchdog = HandlerWatchdog(configuration.deadlines) { [weak self] due, delivery in
            self?.isOverdue(due, delivery)
        }
        return DeliveryHandling(
            handler: handler, failures: failures, counters: counters, watchdog: watchdog,
            breaker: configuration.circuitBreaker.map { CircuitBreaker($0) }
        ) { [weak self] in self?.pause(for: $0) }
    }

    /// A handler runs for too long, or the broker will soon want its delivery back.
    private func isOverdue(_ due: HandlerWatch.Due, _ delivery: AMQPDelivery) {
        lock.withLock { workers }?.interrupt(due.id)
        let (queue, messageID) = (configuration.queue, delivery.properties.messageID)
        let event: AMQPClientEvent =
            switch due {
            case .handlerDeadline: .handlerOverdue(tag: tag, queue: queue, messageID: messageID)
            case .acknowledgementDeadline: .acknowledgementOverdue(tag: tag, queue: queue, messageID: messageID)
            }
        // Not on the loop's thread: an observer may take its time.
        Task { [status] in status.report(event) }
    }

    /// How many deliveries are being handled by workers.
    var busyCount: Int { lock.withLock { workers }?.busyCount ?? 0 }

    /// Queues were declared for it just now: a delivery that fails before they are there would go back instead of into one of
    /// them. Only where the broker is asked for acks, and so on the connection that declares. Before ``start(_:publish:)``.
    func needsTopology() { lock.withLock { awaitsTopology = configuration.acknowledgement == .manual } }

    // MARK: Commands

    /// Unsubscribes for a while. What was not handed out goes back to the queue.
    func pause(for duration: Duration) {
        lock.withLock { pauseWanted = duration }
        bell.ring()
    }

    /// Ends the subscription: takes nothing more, gives back what was not handed out, waits until everything that was
    /// handed out is settled and every worker idle, and closes the channel. By `deadline` what is not settled goes back to
    /// the queue with the channel, and the tasks of handlers that run are cancelled.
    ///
    /// - Returns: Whether everything was settled in time.
    @discardableResult
    func stop(by deadline: MonotonicTime, waitsForSettles: Bool = true) async -> Bool {
        // First: what the deadline ends must not look like a loss.
        let keeper = requestStop(.stop)
        let timer = Deadline(loop: .shared, at: deadline) { [self] in giveUp() }
        defer { timer.cancel() }
        await keeper?.value
        let (channel, workers, handling) = lock.withLock { (self.channel, self.workers, self.handling) }
        handling?.stop()
        let isSettled = waitsForSettles ? await settled(channel, workers, by: deadline) : true
        if !isSettled { workers?.cancelAll() }
        let left = max(deadline - .now(), Self.shortestClose)
        await channel?.close(timeout: isSettled ? left : Self.shortestClose)
        handling?.end()
        letGo()
        return isSettled && !lock.withLock { hasGivenUp }
    }

    /// Takes nothing more, and gives back what was not handed out; the channel stays for what was.
    func unsubscribeForGood() async { await requestStop(.stop)?.value }

    /// How long the broker gets to answer a close when the deadline has passed already.
    private static let shortestClose: Duration = .milliseconds(50)

    /// As ``stop(by:waitsForSettles:)``, without waiting: nobody will.
    ///
    /// - Parameter reason: Why the client has ended; `nil` if this program wanted it.
    func abandon(_ reason: AMQPError?) {
        _ = requestStop(reason.map { .linkEnded($0) } ?? .stop)
        let (workers, handling) = lock.withLock { (self.workers, self.handling) }
        workers?.cancelAll()
        giveUp()
        handling?.stop()
        handling?.end()
        letGo()
    }

    /// - Parameter event: What the subscription ends with; the first one counts.
    private func requestStop(_ event: SubscriptionStateMachine.Event) -> Task<Void, Never>? {
        lock.lock()
        let ending = ending ?? event
        self.ending = ending
        let keeper = keeper
        lock.unlock()
        // What comes until the broker has heard of it goes back; with automatic acknowledgement it has to be handled, so
        // the source ends with the subscription, in `end`.
        if configuration.acknowledgement == .manual { source.finish(ending.sourceEnd) }
        keeper?.cancel()
        bell.ring()
        return keeper
    }

    /// Nothing of this channel is waited for any more.
    private func giveUp() {
        guard let channel = lock.withLock({ self.channel }) else { return }
        if channel.core.isSettleOwed { lock.withLock { hasGivenUp = true } }
        channel.core.giveUp(AMQPError(.closed, "consumer '\(tag)' was ended by this program"))
    }

    /// Keeps nothing that nobody needs any more: a handle of a consumer that has ended holds no connection, and no handler,
    /// which may hold the client, and that this.
    private func letGo() {
        let (channel, deliveries, handling) = lock.withLock {
            defer { (self.channel, self.deliveries, self.handling) = (nil, nil, nil) }
            return (self.channel, self.deliveries, self.handling)
        }
        // Their ends take other locks.
        _ = consume channel
        _ = consume deliveries
        _ = consume handling
    }

    /// Waits until everything is settled and no worker busy.
    private func settled(_ channel: AMQPChannel?, _ workers: HandlerWorkers?, by deadline: MonotonicTime) async -> Bool
    {
        let pending = [workers?.idle(), channel?.core.allSettled()].compactMap { $0 }
        return await Promise.wait(forAll: pending, until: deadline)
    }

    // MARK: The task

    private func run() async {
        var policy = SubscriptionStateMachine.Policy()
        policy.returnsAfterCancel = configuration.whenCancelledByBroker == .comeBack
        policy.returnsAfterChannelException = configuration.whenChannelFails == .comeBack
        policy.refusalLimit = configuration.refusalLimit
        policy.backoff = configuration.backoff
        var machine = SubscriptionStateMachine(policy: policy)
        var event = SubscriptionStateMachine.Event.start
        while true {
            if let ending = lock.withLock({ ending }) { event = ending }
            let action = machine.handle(event, now: MonotonicTime.now().nanoseconds, random: .random(in: .min ... .max))
            switch action {
            case .subscribe(let checksTopology): event = await subscribe(checksTopology: checksTopology)
            case .serve: event = await serve()
            case .wait(let duration):
                await wait(duration)
                event = .waited
            case .pause(let duration):
                status.consumer(id, is: .paused)
                report(.consumerPaused(tag: tag, queue: configuration.queue, duration))
                await unsubscribe()
                await wait(duration)
                resumed()
                status.consumer(id, is: .awaited)
                event = .waited
            case .end(let error):
                await end(error)
                return
            case nil:
                // Only after the end.
                return
            }
        }
    }

    /// Waits, or until the consumer is to stop, or one of its subscriptions has ended.
    private func wait(_ duration: Duration, orEndOf consumer: ConsumerCore? = nil) async {
        let deadline = MonotonicTime.now() + duration
        while !isStopping, consumer?.endedWith == nil {
            let left = deadline - .now()
            guard left > .zero else { return }
            await bell.wait(atMost: left)
        }
    }

    private func subscribe(checksTopology: Bool) async -> SubscriptionStateMachine.Event {
        guard let connection = await link.openConnection() else {
            if case .ended(let error) = link.state.value { return .linkEnded(error) }
            return .stop
        }
        // Where nothing is declared nobody may be there to do it.
        let isAwaited = lock.withLock { awaitsTopology }
        if checksTopology || isAwaited, !topology.isEmpty {
            if await topology.checked(over: connection) != nil { lock.withLock { awaitsTopology = false } }
        }
        do throws(AMQPError) {
            let channel = try await channel(of: connection)
            let deliveries = try await channel.consume(
                topology.currentName(ofQueue: configuration.queue), prefetch: configuration.prefetch,
                acknowledgement: configuration.acknowledgement, consumerTag: tag,
                isExclusive: configuration.isExclusive, arguments: configuration.arguments)
            let mustRecord = lock.withLock {
                self.deliveries = deliveries
                defer { isRecorded = true }
                return !isRecorded
            }
            if mustRecord { topology.note { [queue = configuration.queue] in $0.consumerStarted(onQueue: queue) } }
            source.attach(deliveries.consumer)
            return .subscribed
        } catch {
            guard connection.isUsable else { return .disconnected }
            if isStopping { return .stop }
            status.consumer(id, is: .failed(error))
            report(.consumerLost(tag: tag, queue: configuration.queue, error))
            return .refused(error)
        }
    }

    /// The channel of the subscription before, where that is still open, because its deliveries may still be settled;
    /// else a new one.
    private func channel(of connection: AMQPConnection) async throws(AMQPError) -> AMQPChannel {
        if let channel = lock.withLock({ self.channel }), channel.core.connection === connection.core, channel.isOpen,
            channel.core.hasRoomForConsumer
        {
            return channel
        }
        let channel = try await connection.openChannel()
        lock.withLock { self.channel = channel }
        return channel
    }

    /// The subscription is there, until the broker, the connection or this program ends it.
    private func serve() async -> SubscriptionStateMachine.Event {
        guard let deliveries = lock.withLock({ deliveries }) else { return .disconnected }
        let consumer = deliveries.consumer
        status.consumer(id, is: .subscribed)
        report(.consumerSubscribed(tag: tag, queue: deliveries.queue))
        while true {
            if isStopping { return .stop }
            if let end = consumer.endedWith { return await lost(consumer, end) }
            let pause = lock.withLock {
                defer { pauseWanted = nil }
                return pauseWanted
            }
            if let pause {
                // A queue that goes with its last consumer must not lose it.
                guard topology.deletesWithLastConsumer(queue: configuration.queue) else { return .pause(pause) }
                await hold(for: pause, consumer)
                continue
            }
            await bell.wait()
        }
    }

    private func hold(for duration: Duration, _ consumer: ConsumerCore) async {
        source.hold()
        report(.consumerPaused(tag: tag, queue: configuration.queue, duration))
        await wait(duration, orEndOf: consumer)
        resumed()
        source.release()
    }

    /// A pause is over. One that is cut short by the end is none: what failed goes back at once then.
    private func resumed() {
        if let handling = lock.withLock({ ending == nil ? handling : nil }) { handling.resumed() }
    }

    private func lost(_ consumer: ConsumerCore, _ end: ConsumerEnd) async -> SubscriptionStateMachine.Event {
        let channel = consumer.channel
        let isConnected = channel.connection.lock.withLock { channel.connection.refusal() == nil }
        // What the program was not given of an open channel goes back; of one that is gone, it has.
        if isConnected { giveBack(await channel.unsubscribe(consumer, keepsBuffer: !consumer.isTracked)) }
        let error =
            switch end {
            case .failed(let error): error
            case .cancelled: AMQPError(.closed, "the channel of consumer '\(tag)' was closed")
            }
        // A message that is too large ends the connection as well, and would end the next one.
        guard isConnected || error.code == .messageTooLarge else {
            status.consumer(id, is: .awaited)
            return .disconnected
        }
        status.consumer(id, is: .failed(error))
        report(.consumerLost(tag: tag, queue: configuration.queue, error))
        return .lost(error)
    }

    private func unsubscribe() async {
        guard let deliveries = lock.withLock({ deliveries }) else { return }
        let consumer = deliveries.consumer
        giveBack(await consumer.channel.unsubscribe(consumer, keepsBuffer: !consumer.isTracked))
    }

    private func report(_ event: AMQPClientEvent) {
        status.report(event)
        watcher?(event)
    }

    private func giveBack(_ count: Int) {
        if count > 0 { counters.add { $0.requeued &+= UInt64(count) } }
    }

    private func end(_ error: AMQPError?) async {
        await unsubscribe()
        source.finish(error.map { .failed($0) } ?? .finished)
        let wasRecorded = lock.withLock {
            defer { isRecorded = false }
            return isRecorded
        }
        if wasRecorded { topology.note { [queue = configuration.queue] in $0.consumerEnded(onQueue: queue) } }
        status.remove(consumer: id)
        report(.consumerEnded(tag: tag, queue: configuration.queue, error))
        ended.complete(.success(error))
    }
}

extension SubscriptionStateMachine.Event {
    /// How a source ends for which the subscription ends with this.
    fileprivate var sourceEnd: DeliverySource.End {
        if case .linkEnded(let error) = self { .failed(error) } else { .finished }
    }
}

extension ChannelCore {
    /// Whether another consumer can be told from those that the channel has had.
    fileprivate var hasRoomForConsumer: Bool { lock.withLock { consumerSlots.count < Int(UInt16.max) } }
}
