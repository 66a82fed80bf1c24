/// What is known of one publish after some attempts to send it, and what follows from one attempt more.
///
/// A value, so that the rules can be tested as a table: once an attempt ended unknown or nacked, nothing that comes later
/// can prove that the message is in no queue. Not even a nack does: of a message that was routed to several queues some
/// may hold it.
struct PublishAttempts: Sendable, Equatable {
    enum Verdict: Sendable, Equatable {
        case finish(AMQPPublishOutcome)
        /// Send it again as soon as there is a connection, before everything younger.
        case resend
        /// Send it again after a while; younger ones need not wait for it.
        case resendLater
    }

    /// How many attempts ended without a proof that the message is in no queue.
    private(set) var ended = 0
    private(set) var nacked = 0

    /// The number of the attempt that is under way or comes next, counted from 1.
    var current: Int { ended + 1 }

    /// The outcome for good, if `last` is the last that is heard of the publish.
    func final(_ last: AMQPPublishOutcome) -> AMQPPublishOutcome {
        if case .confirmed = last { return last }
        guard ended > 0 else { return last }
        let wereAllNacked = ended == nacked
        switch last {
        case .confirmed: return last
        case .nacked: return wereAllNacked ? .nacked : .unknown(reason: .timeout)
        case .notSent(let reason): return wereAllNacked ? .nacked : .unknown(reason: reason)
        case .returned: return .unknown(reason: .unroutable)
        case .unknown(let reason): return .unknown(reason: reason)
        }
    }

    /// The broker has said after all that it discarded the last attempt, which had ended unknown.
    mutating func withdrawLast() { ended = max(nacked, ended - 1) }

    /// Takes the outcome of an attempt.
    mutating func attemptEnded(_ outcome: AMQPPublishOutcome, policy: AMQPDeliveryPolicy) -> Verdict {
        switch outcome {
        case .confirmed, .returned: return .finish(final(outcome))
        case .notSent(let reason):
            return reason.isLossOfChannel ? .resend : .finish(final(outcome))
        case .nacked:
            guard policy == .atLeastOnce else { return .finish(final(outcome)) }
            ended += 1
            nacked += 1
            return .resendLater
        case .unknown(let reason):
            guard policy == .atLeastOnce, reason.isLossOfChannel else { return .finish(final(outcome)) }
            ended += 1
            return .resend
        }
    }
}

extension AMQPPublishOutcome.Reason {
    /// The channel went and not the publish: another channel may do better.
    var isLossOfChannel: Bool { self == .channelClosed || self == .connectionClosed }
}
