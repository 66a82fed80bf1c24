internal import AMQPTransport

/// One supervised connection: comes back whenever it is lost, until it is stopped or may not come back.
///
/// One task runs it, from ``start()`` to its end: it takes the actions of ``RecoveryStateMachine`` and answers with what
/// came of them.
///
/// - Invariant: `task`, `isStarted`, `connection` and `stopReason` are guarded by `lock`; the rest is constant or has a lock of its own.
///   That is why the class is `@unchecked Sendable`.
final class SupervisedLink: @unchecked Sendable {
    /// What the connection is in. Level-triggered: see ``Watched``.
    enum State: Sendable {
        case idle
        /// `error` is why the last attempt or the last connection ended.
        case down(AMQPError?)
        case open(AMQPConnection)
        case ended(AMQPError)
    }

    /// Puts in place what has to be there before the connection is used. Throws when the connection is gone.
    typealias Restore = @Sendable (AMQPConnection) async throws(AMQPError) -> Void
    /// Runs beside the connection while it is in use; ends by itself when that has ended.
    typealias Keep = @Sendable (AMQPConnection) async -> Void

    let role: AMQPLinkRole
    let state = Watched(State.idle)
    private let configuration: AMQPClientConfiguration
    private let restore: Restore
    private let keep: Keep
    private let status: ClientStatus
    private let interrupted = Doorbell()

    private let lock = Lock()
    private var task: Task<Void, Never>?
    private var isStarted = false
    private var connection: AMQPConnection?
    private var stopReason: AMQPError?

    /// - Parameters:
    ///   - status: Told of everything that happens, after it shows in ``state``, outside all locks.
    ///   - restore: Called with every new connection, before it counts as open.
    ///   - keep: Called when it is open.
    init(
        role: AMQPLinkRole, configuration: AMQPClientConfiguration, status: ClientStatus,
        restore: @escaping Restore, keep: @escaping Keep = { _ in }
    ) {
        self.role = role
        self.configuration = configuration
        self.status = status
        self.restore = restore
        self.keep = keep
    }

    /// Begins to connect, once; later calls do nothing.
    func start() {
        lock.lock()
        guard !isStarted, stopReason == nil else {
            lock.unlock()
            return
        }
        isStarted = true
        lock.unlock()
        // Before the task, whose states are younger.
        change(.down(nil))
        lock.lock()
        if stopReason == nil { task = Task { await run() } }
        lock.unlock()
    }

    /// Waits for the open connection; `nil` when the task is cancelled, the link has ended, or it is `deadline`.
    func openConnection(until deadline: MonotonicTime = .distantFuture) async -> AMQPConnection? {
        var (current, version) = state.snapshot
        while true {
            switch current {
            case .open(let connection): if connection.isUsable { return connection }
            case .ended: return nil
            case .idle, .down: break
            }
            guard let next = await state.next(after: version, until: deadline) else { return nil }
            (current, version) = next
        }
    }

    /// Ends the link: gives up connecting, or closes the connection in an orderly manner within `timeout`.
    func stop(_ reason: AMQPError, timeout: Duration) async {
        lock.lock()
        if stopReason == nil { stopReason = reason }
        let task = task
        let connection = connection
        lock.unlock()
        // Closed before the task is cancelled, because an attempt to connect that is cancelled closes by itself.
        if let connection { await connection.close(timeout: timeout) }
        task?.cancel()
        interrupted.ring()
        if let task {
            await task.value
        } else {
            change(.ended(reason))
        }
    }

    /// As ``stop(_:timeout:)``, without waiting: for a handle that nobody holds any more.
    func abandon(_ reason: AMQPError) {
        lock.lock()
        if stopReason == nil { stopReason = reason }
        let task = task
        let connection = connection
        lock.unlock()
        connection?.core.abandon()
        task?.cancel()
        interrupted.ring()
        if task == nil { change(.ended(reason)) }
    }

    private func change(_ state: State) {
        if case .ended = state { self.state.set(state, isLast: true) } else { self.state.set(state) }
        status.link(role, is: state)
    }

    private func block(_ reason: String?) { status.link(role, isBlocked: reason) }

    // MARK: The task

    private func run() async {
        let start = MonotonicTime.now()
        var policy = RecoveryStateMachine.Policy()
        policy.endpointCount = configuration.endpoints.count
        policy.backoff = configuration.backoff
        policy.firstConnectDeadline = configuration.firstConnect.deadline(from: start)
        policy.firstConnectIsOneRound = configuration.firstConnect == .once
        policy.refusalTolerance = configuration.refusalTolerance?.saturatingNanoseconds ?? .max
        var machine = RecoveryStateMachine(policy: policy, hasServed: status.hasServed)
        var event = RecoveryStateMachine.Event.start
        var attempt = 0
        while true {
            if let stopReason = lock.withLock({ stopReason }) { event = .stop(stopReason) }
            let action = machine.handle(
                event, now: MonotonicTime.now().nanoseconds, random: .random(in: .min ... .max))
            switch action {
            case .connect(let endpoint):
                attempt += 1
                event = await connect(endpoint, attempt: attempt, machine.hasServed ? nil : policy.firstConnectDeadline)
            case .restore: event = await restoring(machine.hasServed ? nil : policy.firstConnectDeadline)
            case .serve:
                attempt = 0
                event = await serve()
            case .wait(let duration):
                status.report(.waiting(role, duration))
                await interrupted.wait(atMost: duration)
                event = .waited
            case .end(let error):
                lock.withLock { connection = nil }
                block(nil)
                change(.ended(error))
                return
            case nil:
                // Only after the end.
                return
            }
        }
    }

    private func connect(_ index: Int, attempt: Int, _ overall: Int64?) async -> RecoveryStateMachine.Event {
        var endpoint = configuration.endpoints[min(index, configuration.endpoints.count - 1)]
        endpoint.connectTimeout = min(endpoint.connectTimeout, configuration.attemptTimeout)
        if let overall, overall != .max {
            let left = MonotonicTime(nanoseconds: overall) - .now()
            endpoint.connectTimeout = min(endpoint.connectTimeout, max(left, .milliseconds(1)))
        }
        endpoint.connectionName = (endpoint.connectionName ?? "swiftamqp") + role.suffix
        status.report(.connecting(role, endpoint: endpoint.endpoint, attempt: attempt))
        do throws(AMQPError) {
            let opened = try await AMQPConnection.connect(endpoint)
            let isWanted = lock.withLock {
                if stopReason == nil { connection = opened }
                return stopReason == nil
            }
            if !isWanted { await opened.close(timeout: .milliseconds(1)) }
            return .connected
        } catch {
            change(.down(error))
            status.report(.connectFailed(role, error))
            return .connectFailed(error)
        }
    }

    private func restoring(_ overall: Int64?) async -> RecoveryStateMachine.Event {
        guard let connection = lock.withLock({ connection }) else { return .waited }
        var timer: Deadline?
        if let overall, overall != .max {
            let core = connection.core
            timer = Deadline(loop: core.loop, at: MonotonicTime(nanoseconds: overall)) {
                core.fail(AMQPError(.timeout, "what was declared was not put in place in time"))
            }
        }
        defer { timer?.cancel() }
        do throws(AMQPError) {
            try await restore(connection)
            return .restored
        } catch {
            await drop(connection, error)
            status.report(.lost(role, error))
            return .lost(error)
        }
    }

    /// The connection is in use, until it ends.
    private func serve() async -> RecoveryStateMachine.Event {
        guard let connection = lock.withLock({ connection }) else { return .waited }
        block(connection.blockedReason)
        change(.open(connection))
        status.report(.opened(role, endpoint: connection.endpoint))
        async let keeping: Void = keep(connection)
        for await event in connection.events {
            switch event {
            case .blocked(let reason):
                block(reason)
                status.report(.blocked(role, reason: reason))
            case .unblocked:
                block(nil)
                status.report(.unblocked(role))
            case .closed: break
            }
        }
        let error = connection.closeError ?? AMQPError(.cancelled, "the client was ended")
        await drop(connection, error)
        await keeping
        status.report(.lost(role, error))
        return .lost(error)
    }

    private func drop(_ connection: AMQPConnection, _ error: AMQPError) async {
        block(nil)
        change(.down(error))
        lock.withLock { self.connection = nil }
        // Nothing to close if it was lost; at once, for what is restored must not compete with what was.
        await connection.close(timeout: .milliseconds(1))
    }
}

/// Which of a client's connections.
public enum AMQPLinkRole: Sendable, Hashable, CustomStringConvertible {
    /// Publishes only, so that what the broker does to slow publishers down stops nothing else.
    case publishing
    /// Consumes, declares, asks.
    case consuming
    /// Consumes with automatic acknowledgement, which may fill a connection with more than this side can take.
    case consumingAutomatically

    public var description: String {
        switch self {
        case .publishing: "publishing"
        case .consuming: "consuming"
        case .consumingAutomatically: "automatically acknowledging"
        }
    }

    var suffix: String {
        switch self {
        case .publishing: "/publish"
        case .consuming: "/consume"
        case .consumingAutomatically: "/consume-auto"
        }
    }
}

extension AMQPConnection {
    var blockedReason: String? { core.lock.withLock { core.blockedReason } }

    /// Whether anything new can be asked of it.
    var isUsable: Bool { core.lock.withLock { core.refusal() == nil } }

    /// Why the connection has ended, if it has.
    var closeError: AMQPError? {
        if case .closed(let error) = state { error } else { nil }
    }
}
