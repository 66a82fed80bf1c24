internal import AMQPTransport

/// The parts of a client: the links, the topology, the publishers, the consumers.
///
/// - Invariant: the members under "guarded" are guarded by `lock`, which is a leaf;
///   the rest is constant and has its own locks. That is why the class is `@unchecked Sendable`.
final class ClientCore: @unchecked Sendable {
    /// A publisher, and the task that keeps it supplied with a channel.
    struct Publisher {
        let publisher: ResendingPublisher
        let keeper: Task<Void, Never>
    }

    let configuration: AMQPClientConfiguration
    let status: ClientStatus
    let topology: TopologyKeeper
    let consuming: SupervisedLink
    let publishing: SupervisedLink
    /// For consumers with automatic acknowledgement, whose deliveries may fill a connection up.
    let consumingAutomatically: SupervisedLink
    let counters = PublishCounters()
    private let messageIDPrefix: String

    let lock = Lock()
    // Guarded.
    var publishers: [Publisher] = []
    private var sharedPublisher: ResendingPublisher?
    private var publisherCount: UInt64 = 0
    var consumers: [UInt64: SupervisedConsumer] = [:]
    var consumerCount: UInt64 = 0
    /// What became of the deliveries of consumers that are not there any more.
    var pastDeliveries = AMQPDeliveryCounts()
    var shutdown: Promise<AMQPShutdownReport>?

    init(
        configuration: AMQPClientConfiguration, topology declared: AMQPTopology,
        observer: (any AMQPClientObserver)?
    ) {
        self.configuration = configuration
        let status = ClientStatus(observer: observer)
        let topology = TopologyKeeper(
            declared: declared, retryInterval: configuration.topologyRetryInterval
        ) { status.topology($0) }
        let consuming = SupervisedLink(
            role: .consuming, configuration: configuration, status: status,
            restore: { (connection) async throws(AMQPError) in try await topology.restore(connection) },
            keep: { await topology.keep($0) })
        let gate: SupervisedLink.Restore = { (connection) async throws(AMQPError) in
            try await Self.gate(connection, topology, consuming)
        }
        publishing = SupervisedLink(
            role: .publishing, configuration: configuration, status: status, restore: gate)
        consumingAutomatically = SupervisedLink(
            role: .consumingAutomatically, configuration: configuration, status: status, restore: gate)
        self.status = status
        self.topology = topology
        self.consuming = consuming
        messageIDPrefix = String(UInt64.random(in: .min ... .max), radix: 36)
        status.failed.whenCompleted { [weak self] outcome in
            if case .success(let error) = outcome { self?.end(error) }
        }
    }

    /// Publishers are let go on when everything that they may rely on was declared, or reported as failed, after their
    /// connection came about: the broker that it leads to may have lost what the last one had.
    private static func gate(
        _ connection: AMQPConnection, _ topology: TopologyKeeper, _ consuming: SupervisedLink
    ) async throws(AMQPError) {
        guard !topology.isEmpty else { return }
        consuming.start()
        let isChecked = await topology.checked(over: connection) != nil
        if let error = connection.closeError { throw error }
        if !isChecked { throw AMQPError(.cancelled, "the client was ended while it restored the topology") }
    }

    // MARK: Connecting

    /// Opens these connections, if nothing has yet, and waits until the client is usable.
    func connect(_ roles: Set<AMQPLinkRole>) async throws(AMQPError) {
        if let refusal = status.refusal { throw refusal }
        if roles.contains(.consuming) { consuming.start() }
        if roles.contains(.publishing) { publishing.start() }
        if roles.contains(.consumingAutomatically) { consumingAutomatically.start() }
        var (state, version) = status.state.snapshot
        while true {
            switch state {
            case .open, .degraded, .blocked: return
            case .closing: throw ClientStatus.shutDown
            case .closed(let error): throw error
            case .connecting, .recovering: break
            }
            guard let next = await status.state.next(after: version) else {
                throw AMQPError(.cancelled, "cancelled while the client was connecting")
            }
            (state, version) = next
        }
    }

    // MARK: Publishers

    /// The publisher behind ``AMQPClient/publish(_:to:isMandatory:policy:timeout:)``, made when it is first needed.
    func defaultPublisher() throws(AMQPError) -> ResendingPublisher {
        if let publisher = lock.withLock({ sharedPublisher }) { return publisher }
        if let refusal = status.refusal { throw refusal }
        let (publisher, isNew) = lock.withLock { () -> (ResendingPublisher, Bool) in
            if let sharedPublisher { return (sharedPublisher, false) }
            let publisher = newPublisher(window: nil)
            sharedPublisher = publisher
            return (publisher, true)
        }
        if isNew { supply(publisher) }
        return publisher
    }

    func makePublisher(window: Int?) throws(AMQPError) -> ResendingPublisher {
        if let refusal = status.refusal { throw refusal }
        let publisher = lock.withLock { newPublisher(window: window) }
        supply(publisher)
        return publisher
    }

    /// With the lock held.
    private func newPublisher(window: Int?) -> ResendingPublisher {
        let buffer = configuration.publishing
        publisherCount += 1
        return ResendingPublisher(
            limits: .init(messages: window ?? buffer.maximumMessages, bytes: buffer.maximumBytes),
            backoff: buffer.nackBackoff, whenFull: buffer.whenFull,
            timeout: configuration.endpoints.first?.publishTimeout ?? .seconds(30),
            messageIDPrefix: buffer.assignsMessageIDs
                ? messageIDPrefix + "-" + String(publisherCount, radix: 36) + "-" : nil,
            counters: counters)
    }

    /// Sees to it that a publisher has a channel from now on.
    private func supply(_ publisher: ResendingPublisher) {
        publishing.start()
        let keeper = PublisherKeeper(publisher: publisher, link: publishing) { [status] in status.report($0) }
        let task = Task { [publishing] in
            await keeper.run()
            // Nothing will carry its publishes any more.
            if case .ended(let error) = publishing.state.value { publisher.abandon(error) }
        }
        lock.withLock { publishers.append(Publisher(publisher: publisher, keeper: task)) }
        // One that was made while the client was being ended is ended here, where nobody else knows of it.
        if let refusal = status.refusal { publisher.close(refusal) }
    }

    /// Takes nothing more, waits for what was taken, and gives the channel back.
    func close(_ publisher: ResendingPublisher) async {
        publisher.close(AMQPError(.closed, "the publisher was closed by this program"))
        _ = await publisher.drained().wait()
        let removed = lock.withLock {
            let index = publishers.firstIndex { $0.publisher === publisher }
            return index.map { publishers.remove(at: $0) }
        }
        removed?.keeper.cancel()
        await publisher.closeChannel()
    }

    var backlog: (messages: Int, bytes: Int) {
        lock.withLock { publishers }.map(\.publisher.backlog).reduce(into: (messages: 0, bytes: 0)) { sum, each in
            sum.messages += each.messages
            sum.bytes += each.bytes
        }
    }
}
