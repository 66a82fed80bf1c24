internal import AMQPTransport

/// A publish whose task waits for the outcome from the first moment on.
///
/// It is submitted when its continuation exists: one turn of the lock for both, and the outcome cannot come too early.
///
/// - Invariant: guarded by the outbox lock, as ``PublishOwner`` says. The channel outlives it without being counted,
///   because ``outcome(of:to:isMandatory:timeout:channel:)`` holds it until the publish has ended.
final class AwaitedPublish: SinglePublish, @unchecked Sendable {
    @exclusivity(unchecked) private var continuation: UnsafeContinuation<AMQPPublishOutcome, Never>?
    /// What kept it from being sent.
    @exclusivity(unchecked) private var failure: AMQPError?

    /// Publishes and waits.
    ///
    /// - Throws: What fails before the message is encoded.
    static func outcome(
        of message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool, timeout: Duration?, channel: ChannelCore
    ) async throws(AMQPError) -> AMQPPublishOutcome {
        let publish = AwaitedPublish()
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                publish.submit(
                    message, to: address, isMandatory: isMandatory, timeout: timeout, channel: channel, continuation)
            }
        } onCancel: {
            channel.cancel(publish)
        }
        // Whoever resumed the task has put this down before.
        if let failure = publish.failure { throw failure }
        return outcome
    }

    private func submit(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool, timeout: Duration?, channel: ChannelCore,
        _ continuation: UnsafeContinuation<AMQPPublishOutcome, Never>
    ) {
        let bodyHash = isMandatory ? PublishFingerprint.bodyHash(message.body) : 0
        let deadline = channel.deadline(timeout)
        channel.lock.lock()
        if let outcome {
            // The task was cancelled before.
            channel.lock.unlock()
            continuation.resume(returning: outcome)
            return
        }
        let submission = channel.submitLocked(
            message, address, isMandatory: isMandatory, bodyHash: bodyHash, deadline: deadline, owner: self,
            sequence: 0, mayWait: true, urgency: .immediate)
        switch submission.admission {
        case .encoded(let tag):
            place = .encoded(tag: tag)
            self.continuation = continuation
        case .waiting:
            self.continuation = continuation
        case .refused:
            failure = .wouldBlock("the connection takes no publish right now")
        case .failed(let error):
            failure = error
        }
        let hasFailed = failure != nil
        if hasFailed { outcome = .notSent(reason: .rejected) }
        channel.lock.unlock()
        channel.connection.perform(submission.actions)
        if hasFailed { continuation.resume(returning: .notSent(reason: .rejected)) }
    }

    override func didEncode(tag: UInt64, sequence: UInt64, _ wakeups: inout Wakeups) {
        place = .encoded(tag: tag)
    }

    override func settle(_ outcome: AMQPPublishOutcome, sequence: UInt64, _ wakeups: inout Wakeups) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        if let continuation { wakeups.resume(continuation, with: outcome) }
        continuation = nil
    }
}
