internal import AMQPTransport

/// What a supervised subscription does next: subscribe, serve, wait, pause, end.
///
/// Values in, actions out, as ``RecoveryStateMachine``; that one looks after the connection, this one after one consumer on
/// whatever connection there is.
struct SubscriptionStateMachine: Sendable {
    enum State: Sendable, Equatable {
        case idle
        /// Waiting for a connection, or for the broker's consume-ok on it.
        case subscribing
        case subscribed
        /// The broker refused, or ended it; another try comes after a while.
        case waiting
        /// Unsubscribed by this side for a while.
        case paused
        case ended
    }

    enum Event: Sendable {
        case start
        /// The broker's consume-ok is here.
        case subscribed
        /// The broker refused to subscribe, on a connection that is fine.
        case refused(AMQPError)
        /// The broker ended the subscription, or its channel, on a connection that is fine.
        case lost(AMQPError)
        /// The connection ended, while subscribing or later.
        case disconnected
        case waited
        /// This side wants no deliveries for a while.
        case pause(Duration)
        /// There will be no connection any more.
        case linkEnded(AMQPError)
        /// This program wants no more deliveries.
        case stop
    }

    enum Action: Sendable {
        /// Wait for a connection, then subscribe.
        ///
        /// - Parameter checksTopology: Have everything declared again before: the queue may be missing.
        case subscribe(checksTopology: Bool)
        case serve
        case wait(Duration)
        case pause(Duration)
        /// `nil` if this program ended it.
        case end(AMQPError?)
    }

    struct Policy: Sendable {
        /// Whether to come back when the broker cancels the consumer.
        var returnsAfterCancel = true
        /// Whether to come back when the broker closes the channel.
        var returnsAfterChannelException = true
        /// How often in a row the broker may refuse access before the consumer ends; `nil` for ever.
        var refusalLimit: Int? = 3
        var backoff = AMQPBackoff()
    }

    private(set) var state = State.idle
    private let policy: Policy
    private var failedRounds = 0
    private var refusals = 0
    private var subscribedSince: Int64 = 0

    init(policy: Policy) { self.policy = policy }

    /// - Parameters:
    ///   - now: Nanoseconds of the monotonic clock.
    ///   - random: Any number, for the jitter.
    mutating func handle(_ event: Event, now: Int64, random: UInt64) -> Action? {
        switch (state, event) {
        case (.ended, _): return nil
        case (_, .stop): return end(nil)
        case (_, .linkEnded(let error)): return end(error)
        case (.idle, .start), (.waiting, .waited), (.paused, .waited):
            return subscribe(checksTopology: isQueueMissing)
        // A connection that was lost is the link's affair, which has a backoff of its own.
        case (.subscribing, .disconnected), (.subscribed, .disconnected): return subscribe(checksTopology: false)
        case (.subscribing, .subscribed):
            state = .subscribed
            subscribedSince = now
            refusals = 0
            isQueueMissing = false
            return .serve
        case (.subscribing, .refused(let error)): return refused(error, random: random)
        case (.subscribed, .lost(let error)): return lost(error, now: now, random: random)
        case (.subscribed, .pause(let duration)):
            state = .paused
            return .pause(duration)
        // An event that no action of this state leads to.
        default: return nil
        }
    }

    /// Whether the last failure means that the queue may have to be declared again.
    private var isQueueMissing = false

    private mutating func subscribe(checksTopology: Bool) -> Action {
        state = .subscribing
        return .subscribe(checksTopology: checksTopology)
    }

    private mutating func refused(_ error: AMQPError, random: UInt64) -> Action {
        if error.isLocalRefusal { return end(error) }
        if isOneRefusalTooMany(error) { return end(error) }
        isQueueMissing = error.replyCode == 404
        return wait(random: random)
    }

    private mutating func lost(_ error: AMQPError, now: Int64, random: UInt64) -> Action {
        switch error.code {
        case .cancelledByBroker:
            guard policy.returnsAfterCancel else { return end(error) }
            isQueueMissing = true
        case .channelException:
            guard policy.returnsAfterChannelException else { return end(error) }
            if isOneRefusalTooMany(error) { return end(error) }
        // The messages that did not fit are gone, or would come again for ever: the program has to know.
        case .overflow, .messageTooLarge: return end(error)
        default: break
        }
        // One that holds for a while is worth coming back to at once; one that ends again and again is not.
        let (held, overflow) = now.subtractingReportingOverflow(subscribedSince)
        if overflow || held >= policy.backoff.maximum.saturatingNanoseconds { failedRounds = 0 }
        return wait(random: random)
    }

    /// Counts it, if it is a refusal of access.
    private mutating func isOneRefusalTooMany(_ error: AMQPError) -> Bool {
        guard error.isRefusalOfAccess else { return false }
        refusals += 1
        return policy.refusalLimit.map { refusals >= $0 } ?? false
    }

    private mutating func wait(random: UInt64) -> Action {
        state = .waiting
        let round = failedRounds
        failedRounds += 1
        return .wait(policy.backoff.delay(round: round, random: random))
    }

    private mutating func end(_ error: AMQPError?) -> Action {
        state = .ended
        return .end(error)
    }
}

extension AMQPError {
    /// The broker lets this user not do it. Another consumer that has the queue for itself gives the same code and goes
    /// away some day ("in exclusive use", rabbit_channel.erl).
    fileprivate var isRefusalOfAccess: Bool { replyCode == 403 && !text.mentions("exclusive use") }

    /// Nothing was asked of the broker, and asking again cannot help.
    fileprivate var isLocalRefusal: Bool {
        code == .invalidArgument || code == .invalidConfiguration || code == .messageTooLarge
    }
}
