internal import AMQPTransport

/// What a supervised connection does next: connect, wait, restore, serve, end.
///
/// Values in, actions out: it knows no socket, no clock and no random source. Each event gives the one action that its
/// driver has to take; the driver answers with the event that the action led to.
///
/// The endpoints are tried in turn without a pause; after a round in which none took the connection comes a wait. The
/// first round after a loss begins with the endpoint that was lost, because a connection is lost more often than a broker.
struct RecoveryStateMachine: Sendable {
    enum State: Sendable, Equatable {
        case idle
        case connecting(endpoint: Int)
        /// Connected; what has to be there before anybody may use it is being restored.
        case restoring(endpoint: Int)
        case serving(endpoint: Int)
        case waiting
        case ended
    }

    enum Event: Sendable {
        case start
        case connected
        case connectFailed(AMQPError)
        case restored
        /// The connection ended, while restoring or later.
        case lost(AMQPError)
        case waited
        case stop(AMQPError)
    }

    enum Action: Sendable {
        case connect(endpoint: Int)
        case restore
        case serve
        case wait(Duration)
        case end(AMQPError)
    }

    struct Policy: Sendable {
        var endpointCount = 1
        var backoff = AMQPBackoff()
        /// Until when the first connection must have come about, in nanoseconds of the monotonic clock; `.max` for ever.
        var firstConnectDeadline = Int64.max
        /// Whether the first connection must come about in the first round.
        var firstConnectIsOneRound = false
        /// For how long refusals of credentials or of the virtual host are tolerated once it has been connected, in
        /// nanoseconds; `.max` for ever.
        var refusalTolerance = Int64.max
    }

    private(set) var state = State.idle
    /// Whether a connection was restored before, here or on a connection beside this one.
    private(set) var hasServed: Bool
    /// How many rounds have failed since the last connection that served.
    private(set) var failedRounds = 0
    private let policy: Policy
    private var endpoint = 0
    private var attemptsInRound = 0
    private var refusedSince: Int64?
    private var servingSince: Int64 = 0
    /// Why the last attempt failed.
    private var lastFailure: AMQPError?

    init(policy: Policy, hasServed: Bool = false) {
        self.policy = policy
        self.hasServed = hasServed
    }

    /// - Parameters:
    ///   - now: Nanoseconds of the monotonic clock.
    ///   - random: Any number, for the jitter.
    mutating func handle(_ event: Event, now: Int64, random: UInt64) -> Action? {
        switch (state, event) {
        case (.ended, _): return nil
        case (_, .stop(let error)): return end(error)
        case (.waiting, .waited):
            if isOverdue(now), let lastFailure { return end(overdue(lastFailure)) }
            return connect()
        case (.idle, .start): return connect()
        case (.connecting, .connected):
            state = .restoring(endpoint: endpoint)
            return .restore
        case (.connecting, .connectFailed(let error)): return failed(error, now: now, random: random)
        case (.restoring, .restored):
            state = .serving(endpoint: endpoint)
            hasServed = true
            servingSince = now
            attemptsInRound = 0
            refusedSince = nil
            return .serve
        case (.restoring, .lost(let error)): return failed(error, now: now, random: random)
        case (.serving, .lost):
            attemptsInRound = 0
            // A broker that takes connections only to end them at once is not asked again and again without a pause.
            let (served, overflow) = now.subtractingReportingOverflow(servingSince)
            if overflow || served >= policy.backoff.initial.saturatingNanoseconds { failedRounds = 0 }
            let round = failedRounds
            failedRounds += 1
            return wait(round: round, now: now, random: random)
        // An event that no action of this state leads to.
        default: return nil
        }
    }

    private mutating func connect() -> Action {
        state = .connecting(endpoint: endpoint)
        return .connect(endpoint: endpoint)
    }

    private mutating func failed(_ error: AMQPError, now: Int64, random: UInt64) -> Action {
        if let end = verdict(error, now: now) { return self.end(end) }
        attemptsInRound += 1
        endpoint = (endpoint + 1) % max(1, policy.endpointCount)
        guard attemptsInRound >= policy.endpointCount else { return connect() }
        attemptsInRound = 0
        let round = failedRounds
        failedRounds += 1
        lastFailure = error
        if !hasServed, policy.firstConnectIsOneRound { return end(error) }
        if isOverdue(now) { return end(overdue(error)) }
        return wait(round: round, now: now, random: random)
    }

    private func isOverdue(_ now: Int64) -> Bool { !hasServed && now >= policy.firstConnectDeadline }

    /// The error to end with, if `error` means that going on makes no sense.
    private mutating func verdict(_ error: AMQPError, now: Int64) -> AMQPError? {
        guard error.isRefusalOfIdentity else {
            refusedSince = nil
            return hasServed || !error.isRefusalForGood ? nil : error
        }
        // The first connect fails fast: a typing error is more likely than a change under way at the broker.
        guard hasServed else { return error }
        let since = refusedSince ?? now
        refusedSince = since
        let (elapsed, overflow) = now.subtractingReportingOverflow(since)
        return overflow || elapsed < policy.refusalTolerance ? nil : error
    }

    private func overdue(_ error: AMQPError) -> AMQPError {
        AMQPError(
            .connectTimeout, "no connection came about before the deadline of the first connect; last: \(error.text)",
            replyCode: error.replyCode, endpoint: error.endpoint, systemErrno: error.systemErrno, underlying: error)
    }

    private mutating func wait(round: Int, now: Int64, random: UInt64) -> Action {
        state = .waiting
        let delay = policy.backoff.delay(round: round, random: random)
        guard !hasServed, policy.firstConnectDeadline != .max else { return .wait(delay) }
        let (left, overflow) = policy.firstConnectDeadline.subtractingReportingOverflow(now)
        return .wait(overflow ? delay : min(delay, .nanoseconds(max(0, left))))
    }

    private mutating func end(_ error: AMQPError) -> Action {
        state = .ended
        return .end(error)
    }
}

extension AMQPError {
    /// The broker does not want this user, or not in this virtual host.
    ///
    /// A connection that is lost while the broker looks at them ends with the same codes, because some brokers only hang
    /// up; RabbitMQ says why. As the network may have done it, that is no reason to give up.
    var isRefusalOfIdentity: Bool {
        (code == .authenticationFailed || code == .virtualHostRefused) && underlying?.code != .connectionLost
    }

    /// Trying again the same way cannot help.
    var isRefusalForGood: Bool {
        code == .invalidConfiguration || code == .invalidArgument || code == .unsupported || code == .protocolMismatch
            || code == .noCommonMechanism || code == .messageTooLarge
    }
}
