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

    let state = Watched(AMQPClientState.connecting)
    /// Completed with why a link has ended that nobody stopped: it may not come back, and the client with it.
    let failed = Promise<AMQPError>()
    private let observer: (any AMQPClientObserver)?

    private let lock = Lock()
    private var links: [AMQPLinkRole: Link] = [:]
    private var failures: [AMQPTopologyFailure] = []
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
                if !isClosing { failure = error }
            }
            // Attempts that fail do not make an outage younger.
            if link.isOpen != wasOpen || links[role]?.isWanted != true { link.since = .now() }
            links[role] = link
        }
        if let failure { failed.complete(.success(failure)) }
    }

    func link(_ role: AMQPLinkRole, isBlocked reason: String?) {
        update { links[role, default: Link()].blockedReason = reason }
    }

    func topology(_ outcome: AMQPTopologyReport) {
        update { failures = outcome.failures }
        report(.topologyApplied(outcome))
    }

    /// The client begins to shut down. False if it has before.
    func beginClosing() -> Bool {
        var isFirst = false
        update {
            isFirst = !isClosing && closedError == nil
            isClosing = true
        }
        if isFirst { report(.closing) }
        return isFirst
    }

    func close(_ error: AMQPError) {
        var isFirst = false
        update {
            isFirst = closedError == nil
            closedError = closedError ?? error
        }
        guard isFirst else { return }
        report(.closed(error))
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
        if isClosing { return .closing }
        let wanted = links.values.filter(\.isWanted)
        guard !wanted.isEmpty else { return .connecting }
        let missing = wanted.filter { !$0.isOpen }
        if !missing.isEmpty {
            // One that is opened for the first time beside one that serves is not lost.
            return missing.allSatisfy { $0.connectionCount == 0 } ? .connecting : .recovering
        }
        if let reason = links[.publishing]?.blockedReason { return .blocked(reason: reason) }
        return failures.isEmpty ? .open : .degraded(failures)
    }

    // MARK: Who is told

    func report(_ event: AMQPClientEvent) {
        let buffers: [EventBuffer<AMQPClientEvent>]? = lock.withLock {
            if isEndReported { return nil }
            if case .closed = event { isEndReported = true }
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

    func health(backlog: (messages: Int, bytes: Int)) -> AMQPHealth {
        let state = state.value
        return lock.withLock {
            AMQPHealth(
                state: state, publishing: health(of: .publishing), consuming: health(of: .consuming),
                unconfirmedMessages: backlog.messages, unconfirmedBytes: backlog.bytes, failures: failures)
        }
    }

    private func health(of role: AMQPLinkRole) -> AMQPHealth.Link? {
        guard let link = links[role], link.isWanted else { return nil }
        return AMQPHealth.Link(
            isOpen: link.isOpen, since: MonotonicTime.now() - link.since, connectionCount: link.connectionCount,
            blockedReason: link.blockedReason, lastError: link.lastError)
    }
}
