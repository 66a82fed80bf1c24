internal import AMQPTransport

extension AMQPChannel {
    /// Publishes a message and waits for the broker's confirm.
    ///
    /// The first use puts the channel into confirm mode. Several tasks may publish at once; their messages share
    /// writes, and each waits for its own confirm. For a stream of messages from one task use
    /// ``withPublisher(window:isolation:_:)``.
    ///
    /// - Parameters:
    ///   - message: The message; persistent by default.
    ///   - address: Where to.
    ///   - isMandatory: Whether a message that no queue gets is an error (`.returned`); otherwise the broker confirms
    ///     and drops it.
    ///   - timeout: When to give up, waiting for room included; by default the configuration's `publishTimeout`.
    /// - Throws: Whatever is not a confirm, with ``AMQPError/outcome``: `.returned`, `.nacked`, `.timeout`,
    ///   `.cancelled`, the end of the channel or of the connection. `.invalidArgument` and `.messageTooLarge` before
    ///   anything is sent.
    public func publish(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool = true, timeout: Duration? = nil
    ) async throws(AMQPError) {
        try core.check(message)
        var timeout = timeout
        if !core.hasConfirms {
            if Task.isCancelled { throw Self.cancelledBefore(address) }
            timeout = try await core.ensureConfirms(within: timeout)
        }
        let outcome = try await AwaitedPublish.outcome(
            of: message, to: address, isMandatory: isMandatory, timeout: timeout, channel: core)
        if case .confirmed = outcome { return }
        if let error = AMQPError(outcome, address: address) { throw explained(error) }
    }

    /// Publishes a message and returns as soon as it is encoded; its outcome can be awaited later.
    ///
    /// Suspends only while there is no room, first come first served.
    ///
    /// - Returns: A handle for the outcome. Dropping it does not take the message back.
    /// - Throws: As ``publish(_:to:isMandatory:timeout:)`` for what fails before the message is encoded.
    public func enqueue(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool = true, timeout: Duration? = nil
    ) async throws(AMQPError) -> AMQPPendingPublish {
        try core.check(message)
        if Task.isCancelled { throw Self.cancelledBefore(address) }
        var timeout = timeout
        if !core.hasConfirms { timeout = try await core.ensureConfirms(within: timeout) }
        let pending = PendingPublish(channel: core)
        let (_, isTimeToYield) = try core.submit(
            message, to: address, isMandatory: isMandatory, timeout: timeout, owner: pending, mayWait: true,
            urgency: .batched)
        if isTimeToYield { await Task.yield() }
        await pending.waitForRoom()
        let ended = core.lock.withLock { pending.outcome }
        if let ended, case .notSent = ended, let error = AMQPError(ended, address: address) {
            throw explained(error)
        }
        return AMQPPendingPublish(core: pending, channel: self)
    }

    /// As ``enqueue(_:to:isMandatory:timeout:)``, for those who cannot wait. The channel must be in confirm mode; see
    /// ``confirmSelect()``.
    ///
    /// - Throws: `.wouldBlock` if there is no room now: the outbox is full, or the broker blocks publishes.
    public func tryEnqueue(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool = true, timeout: Duration? = nil
    ) throws(AMQPError) -> AMQPPendingPublish {
        guard core.lock.withLock({ core.confirmMode == .on }) else {
            throw AMQPError(
                .invalidArgument, "channel \(id) is not in confirm mode; await confirmSelect() once before tryEnqueue")
        }
        try core.check(message)
        let pending = PendingPublish(channel: core)
        let (admission, _) = try core.submit(
            message, to: address, isMandatory: isMandatory, timeout: timeout, owner: pending, mayWait: false,
            urgency: .batched)
        guard case .encoded = admission else {
            throw .wouldBlock("the connection takes no publish right now; try again later")
        }
        return AMQPPendingPublish(core: pending, channel: self)
    }

    /// Publishes without asking what became of the message: nothing is known of its fate, ever.
    ///
    /// Suspends only while there is no room. On a channel in confirm mode the broker's answer is taken and dropped.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - address: Where to.
    ///   - isMandatory: Whether a message that no queue gets comes back to ``returns``.
    ///   - timeout: How long to wait for room; by default the configuration's `publishTimeout`.
    /// - Throws: As ``publish(_:to:isMandatory:timeout:)`` for what fails before the message is encoded.
    public func publishUnconfirmed(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool = false, timeout: Duration? = nil
    ) async throws(AMQPError) {
        try core.check(message)
        if Task.isCancelled { throw Self.cancelledBefore(address) }
        let (admission, isTimeToYield) = try core.submit(
            message, to: address, isMandatory: isMandatory, timeout: timeout, owner: nil, mayWait: false,
            urgency: .batched)
        if case .encoded = admission {
            if isTimeToYield { await Task.yield() }
            return
        }
        let pending = PendingPublish(channel: core)
        _ = try core.submit(
            message, to: address, isMandatory: isMandatory, timeout: timeout, owner: pending, mayWait: true,
            urgency: .batched)
        await pending.waitForRoom()
        let ended = core.lock.withLock { pending.outcome }
        if let ended, case .notSent = ended, let error = AMQPError(ended, address: address) { throw explained(error) }
    }

    /// Puts the channel into confirm mode (`confirm.select`). Publishing does it by itself; doing it twice is once.
    ///
    /// - Throws: `.invalidArgument` if the channel has transactions.
    public func confirmSelect() async throws(AMQPError) {
        try await core.ensureConfirms()
    }

    // MARK: Inside

    static func cancelledBefore(_ address: AMQPAddress) -> AMQPError {
        AMQPError(
            .cancelled, "the task was cancelled before the publish to \(address)",
            outcome: .notSent(reason: .cancelled))
    }

    /// The reason why the channel ended says more than that it did.
    func explained(_ error: AMQPError) -> AMQPError {
        guard error.code == .closed || error.code == .connectionLost, let cause = closeReason else { return error }
        return AMQPError(
            cause.code, error.text, replyCode: cause.replyCode, outcome: error.outcome, endpoint: cause.endpoint,
            systemErrno: cause.systemErrno, underlying: cause)
    }
}

/// A publish whose outcome is still to come, or has come.
public struct AMQPPendingPublish: Sendable {
    let core: PendingPublish
    /// The channel stays open as long as somebody may wait for the outcome.
    private let channel: AMQPChannel

    init(core: PendingPublish, channel: AMQPChannel) {
        self.core = core
        self.channel = channel
    }

    /// Waits for the outcome, which comes by the deadline of the publish at the latest. Any number of tasks may wait.
    ///
    /// Cancelling a waiting task ends the publish, for all: as `unknown(.cancelled)`, since it may be on its way.
    public var outcome: AMQPPublishOutcome {
        get async { await core.wait() }
    }

    /// The outcome, if it has come.
    public var outcomeIfKnown: AMQPPublishOutcome? { core.channel.lock.withLock { core.outcome } }
}
