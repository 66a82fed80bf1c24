internal import AMQPTransport

/// What a client is in, made of what its parts are in; and who is told of it.
///
/// - Invariant: what changes is guarded by `lock`, which is taken on its own: the observer and those who wait are told
///   outside of it. That is why the class is `@unchecked Sendable`.
final class ClientStatus: @unchecked Sendable {
    private struct Link {
        /// Whether anything has asked for this connection.
        var isWanted = false
        var isOpen = false
        var blockedReason: String?
        /// Since when it is what it is.
        var since = MonotonicTime.now()
        var connectionCount: UInt64 = 0
        var lastError: AMQPError?
    }

    /// One supervised consumer.
    struct Consumer {
        enum Standing {
            /// There is no connection, or the broker's consume-ok on it is still to come.
            case awaited
            case subscribed
            case paused
            case failed(AMQPError)
        }

        let tag: String
        let queue: String
        let role: AMQPLinkRole
        var standing = Standing.awaited
        /// Whether the client is not back before this one is: it had a connection before, or none has been there yet.
        var isMissed = false
        var since = MonotonicTime.now()
        var subscriptionCount: UInt64 = 0
        var lastError: AMQPError?
    }

    let state = Watched(AMQPClientState.connecting)
    /// Completed with why a link has ended that nobody stopped: it may not come back, and the client with it.
    let failed = Promise<AMQPError>()
    private let observer: (any AMQPClientObserver)?

    private let lock = Lock()
    private var links: [AMQPLinkRole: Link] = [:]
    private var consumers: [UInt64: Consumer] = [:]
    private var failures: [AMQPTopologyFailure] = []
    private var isDraining = false
    private var isClosing = false
    private var closedError: AMQPError?
    private var served = false
    /// The end was reported: nothing is after that.
    private var isEndReported = false
    private var subscriptions: [ObjectIdentifier: EventBuffer<AMQPClientEvent>] = [:]
    /// Held while a change is made and published, so that an older state is never published over a younger one. Taken
    /// before `lock` and the lock of `state`.
    private let publication = Lock()

    init(observer: (any AMQPClientObserver)?) { self.observer = observer }

    /// Whether any connection of the client has ever been open.
    var hasServed: Bool { lock.withLock { served } }

    /// Whether the client takes nothing new any more.
    var refusal: AMQPError? {
        lock.withLock { closedError ?? (isClosing ? Self.shutDown : nil) }
    }

    /// Whether the client takes no new consumers any more.
    var consumerRefusal: AMQPError? {
        lock.withLock { closedError ?? (isDraining ? Self.shutDown : nil) }
    }

    static let shutDown = AMQPError(.closed, "the client is being shut down by this program")

    // MARK: What the parts say

    func link(_ role: AMQPLinkRole, is state: SupervisedLink.State) {
        var failure: AMQPError?
        update {
            var link = links[role] ?? Link()
            let wasOpen = link.isOpen
            switch state {
            case .idle: break
            case .down(let error):
                link.isWanted = true
                link.isOpen = false
                link.lastError = error ?? link.lastError
            case .open:
                link.isOpen = true
                link.connectionCount += 1
                served = true
            case .ended(let error):
                link.isOpen = false
                link.lastError = error
                if !isDraining { failure = error }
            }
            // Attempts that fail do not make an outage younger.
            if link.isOpen != wasOpen || links[role]?.isWanted != true { link.since = .now() }
            links[role] = link
            if wasOpen, !link.isOpen { missConsumers(of: role) }
        }
        if let failure { failed.complete(.success(failure)) }
    }

    func link(_ role: AMQPLinkRole, isBlocked reason: String?) {
        update { links[role, default: Link()].blockedReason = reason }
    }

    func add(_ consumer: Consumer, id: UInt64) {
        update {
            consumers[id] = consumer
            consumers[id]?.isMissed = links[consumer.role]?.isOpen != true
        }
    }

    func consumer(_ id: UInt64, is standing: Consumer.Standing) {
        update {
            guard var consumer = consumers[id] else { return }
            let wasSubscribed = consumer.isSubscribed
            consumer.standing = standing
            switch standing {
            case .subscribed:
                consumer.subscriptionCount += 1
                consumer.isMissed = false
            case .failed(let error):
                consumer.lastError = error
                // It shows as failed instead.
                consumer.isMissed = false
            case .paused: consumer.isMissed = false
            case .awaited: if links[consumer.role]?.isOpen != true { consumer.isMissed = true }
            }
            if wasSubscribed != consumer.isSubscribed || consumer.subscriptionCount == 0 { consumer.since = .now() }
            consumers[id] = consumer
        }
    }

    func remove(consumer id: UInt64) { update { consumers[id] = nil } }

    /// With the lock held: the connection is gone, and the client is not back before its consumers are, but for those that
    /// pause: they have nothing to come back with until their time is over.
    private func missConsumers(of role: AMQPLinkRole) {
        for (id, consumer) in consumers where consumer.role == role && !consumer.isPaused {
            if consumer.isSubscribed { consumers[id]?.since = .now() }
            consumers[id]?.standing = .awaited
            consumers[id]?.isMissed = true
        }
    }

    func topology(_ outcome: AMQPTopologyReport) {
        update { failures = outcome.failures }
        report(.topologyApplied(outcome))
    }

    /// The client begins to shut down: consumers come to their end, whose handlers may still publish.
    func beginDraining() {
        var isFirst = false
        update {
            isFirst = !isDraining && closedError == nil
            isDraining = true
        }
        if isFirst { report(.closing) }
    }

    /// Nothing new is taken any more.
    func beginClosing() {
        update {
            isDraining = true
            isClosing = true
        }
    }

    func close(_ error: AMQPError) {
        var isFirst = false
        update {
            isFirst = closedError == nil
            closedError = closedError ?? error
        }
        guard isFirst else { return }
        report(.closed(error), isLast: true)
        let buffers = lock.withLock { Array(subscriptions.values) }
        for buffer in buffers { buffer.finish() }
    }

    private func update(_ change: () -> Void) {
        publication.lock()
        lock.lock()
        change()
        let now = summary
        lock.unlock()
        var isLast = false
        if case .closed = now { isLast = true }
        // Those who watch are told of changes only.
        if isLast || !now.isSame(as: state.value) { state.set(now, isLast: isLast) }
        publication.unlock()
    }

    /// With the lock held.
    private var summary: AMQPClientState {
        if let closedError { return .closed(closedError) }
        if isDraining { return .closing }
        let wanted = links.values.filter(\.isWanted)
        guard !wanted.isEmpty else { return .connecting }
        let missing = wanted.filter { !$0.isOpen }
        if !missing.isEmpty {
            // One that is opened for the first time beside one that serves is not lost.
            return missing.allSatisfy { $0.connectionCount == 0 } ? .connecting : .recovering
        }
        if consumers.values.contains(where: \.isMissed) { return served ? .recovering : .connecting }
        if let reason = links[.publishing]?.blockedReason { return .blocked(reason: reason) }
        let failures = allFailures
        return failures.isEmpty ? .open : .degraded(failures)
    }

    /// With the lock held: what is not there, consumers included.
    private var allFailures: [AMQPTopologyFailure] {
        failures
            + consumers.sorted { $0.key < $1.key }.compactMap { _, consumer in
                guard case .failed(let error) = consumer.standing else { return nil }
                return AMQPTopologyFailure(
                    entity: .consumer(tag: consumer.tag, queue: consumer.queue), error: error)
            }
    }

    // MARK: Who is told

    func report(_ event: AMQPClientEvent, isLast: Bool = false) {
        let buffers: [EventBuffer<AMQPClientEvent>]? = lock.withLock {
            if isEndReported { return nil }
            if isLast { isEndReported = true }
            return Array(subscriptions.values)
        }
        guard let buffers else { return }
        observer?.client(didReport: event)
        for buffer in buffers { buffer.append(event) }
    }

    func subscribe() -> AMQPEvents<AMQPClientEvent> {
        let buffer = EventBuffer<AMQPClientEvent>(capacity: 256)
        let isOver = lock.withLock {
            if closedError == nil { subscriptions[ObjectIdentifier(buffer)] = buffer }
            return closedError != nil
        }
        if isOver { buffer.finish() }
        return AMQPEvents(buffer: buffer, owner: Subscription(status: self, id: ObjectIdentifier(buffer)))
    }

    /// Ends a subscription when nobody holds its sequence any more.
    private final class Subscription: Sendable {
        private let status: ClientStatus
        private let id: ObjectIdentifier

        init(status: ClientStatus, id: ObjectIdentifier) {
            self.status = status
            self.id = id
        }

        deinit { status.lock.withLock { _ = status.subscriptions.removeValue(forKey: id) } }
    }

    // MARK: Health

    /// - Parameter activity: What the consumers do, by their ids.
    func health(
        backlog: (messages: Int, bytes: Int), activity: [UInt64: ConsumerActivity] = [:]
    ) -> AMQPHealth {
        let state = state.value
        return lock.withLock {
            AMQPHealth(
                state: state, publishing: health(of: .publishing), consuming: health(of: .consuming),
                consumingAutomatically: health(of: .consumingAutomatically),
                consumers: consumers.sorted { $0.key < $1.key }.map { health(of: $1, activity[$0]) },
                unconfirmedMessages: backlog.messages, unconfirmedBytes: backlog.bytes, failures: allFailures)
        }
    }

    private func health(of consumer: Consumer, _ activity: ConsumerActivity?) -> AMQPHealth.Consumer {
        let now = MonotonicTime.now()
        return AMQPHealth.Consumer(
            tag: consumer.tag, queue: consumer.queue, isSubscribed: consumer.isSubscribed, isPaused: consumer.isPaused,
            since: now - consumer.since, subscriptionCount: consumer.subscriptionCount,
            lastDelivery: activity?.lastDelivery.map { now - $0 }, handling: activity?.handling ?? 0,
            lastError: consumer.lastError)
    }

    private func health(of role: AMQPLinkRole) -> AMQPHealth.Link? {
        guard let link = links[role], link.isWanted else { return nil }
        return AMQPHealth.Link(
            isOpen: link.isOpen, since: MonotonicTime.now() - link.since, connectionCount: link.connectionCount,
            blockedReason: link.blockedReason, lastError: link.lastError)
    }
}

extension ClientStatus.Consumer {
    var isSubscribed: Bool { if case .subscribed = standing { true } else { false } }
    var isPaused: Bool { if case .paused = standing { true } else { false } }
}

/// What a consumer does at the moment.
struct ConsumerActivity {
    var lastDelivery: MonotonicTime?
    var handling = 0
}
