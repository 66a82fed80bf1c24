/// What to do with a delivery whose handler failed. Pure.
enum FailureAction: Equatable {
    /// Held, then given back to its queue.
    case requeue(after: Duration)
    /// Dead-lettered or dropped; `isExhausted` if it failed too often.
    case reject(isExhausted: Bool)
    /// A copy goes to a retry queue, which says that it failed so often.
    case publish(queue: String, failures: Int)
    /// A copy goes to the parking queue, which says that it failed so often.
    case park(queue: String, failures: Int)
}

/// What to do with a delivery whose copy was not confirmed.
enum FailedPublishAction: Equatable {
    /// Held, then given back to its queue.
    case requeue(after: Duration)
    /// Held, then published again: another return might be the one that makes the broker drop the message.
    case publishAgain(after: Duration)
}

/// A failure policy, applied to a count of failures. Pure.
struct FailureRules: Equatable {
    var policy: AMQPFailurePolicy
    /// The queue that is consumed.
    var queue: String

    /// From so many returns on a message whose copy is not confirmed is no longer given back: from RabbitMQ 4.0 on quorum
    /// queues drop what came back more than 20 times, and a few are left to lost connections.
    static let mostReturns = 15

    /// - Parameters:
    ///   - count: How often the message had failed before.
    ///   - isCopyable: Whether a copy of it can be published. What cannot be copied is given back to its queue, and in the
    ///     end rejected.
    ///   - random: Any number; the same number gives the same action.
    func action(after count: FailedAttempts.Count, isCopyable: Bool, random: UInt64) -> FailureAction {
        switch policy {
        case .reject: return .reject(isExhausted: false)
        case .requeue(let backoff, let limit, let then):
            let failures = count.total + 1
            if let limit, failures >= limit { return exhausted(then, failures, isCopyable: isCopyable) }
            return .requeue(after: Self.wait(backoff, round: count.total, random: random))
        case .retry(let queues):
            // A requeue is no retry: a lost connection, or a retry queue that did not take the copy.
            let failures = isCopyable ? count.retries + 1 : count.total + 1
            if failures >= queues.limit { return exhausted(queues.then, failures, isCopyable: isCopyable) }
            guard isCopyable else {
                return .requeue(
                    after: Self.wait(AMQPFailurePolicy.defaultBackoff, round: count.requeues, random: random))
            }
            let delay = queues.delay(afterFailures: count.retries)
            return .publish(queue: AMQPRetryQueues.name(forQueue: queue, delay: delay), failures: failures)
        }
    }

    /// - Parameter count: How often the message had failed before.
    func actionWhenNotConfirmed(after count: FailedAttempts.Count, random: UInt64) -> FailedPublishAction {
        let backoff =
            if case .requeue(let own, _, _) = policy { own } else { AMQPFailurePolicy.defaultBackoff }
        let wait = Self.wait(backoff, round: count.requeues, random: random)
        return count.requeues >= Self.mostReturns ? .publishAgain(after: wait) : .requeue(after: wait)
    }

    /// The number of the attempt that failed, as the policy counts, from 1.
    func attempt(after count: FailedAttempts.Count) -> Int {
        if case .retry = policy { count.retries + 1 } else { count.total + 1 }
    }

    private func exhausted(
        _ then: AMQPFailurePolicy.Exhausted, _ failures: Int, isCopyable: Bool
    ) -> FailureAction {
        guard isCopyable, let parked = then.parkingQueue(of: queue) else { return .reject(isExhausted: true) }
        return .park(queue: parked, failures: failures)
    }

    private static func wait(_ backoff: AMQPBackoff, round: Int, random: UInt64) -> Duration {
        max(AMQPFailurePolicy.minimumDelay, backoff.delay(round: round, random: random))
    }
}
