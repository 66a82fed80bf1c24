import Testing

@testable import SwiftAMQP

@Suite struct FailureRulesTests {
    private typealias Count = FailedAttempts.Count

    private static func rules(_ policy: AMQPFailurePolicy) -> FailureRules {
        FailureRules(policy: policy, queue: "q")
    }

    private static func actions(
        _ policy: AMQPFailurePolicy, _ counts: [Count], isCopyable: Bool = true, random: UInt64 = .max
    ) -> [FailureAction] {
        counts.map { rules(policy).action(after: $0, isCopyable: isCopyable, random: random) }
    }

    @Test func rejectRejectsAtOnce() {
        for count in [Count(retries: 0, requeues: 0), Count(retries: 9, requeues: 9)] {
            #expect(Self.actions(.reject, [count]) == [.reject(isExhausted: false)])
        }
    }

    @Test func requeueUpToItsLimit() {
        let actions = Self.actions(.default, (0..<6).map { Count(retries: 0, requeues: $0) })
        #expect(actions.count { if case .requeue = $0 { true } else { false } } == 4)
        #expect(actions[4...].allSatisfy { $0 == .reject(isExhausted: true) })
        // What came through retry queues before counts, too: otherwise a change of the policy would make it endless.
        #expect(
            Self.actions(.default, [Count(retries: 4, requeues: 0), Count(retries: 2, requeues: 2)])
                == [.reject(isExhausted: true), .reject(isExhausted: true)])
        #expect(
            Self.actions(.requeue(then: .park()), [Count(retries: 0, requeues: 4)])
                == [.park(queue: "q.parked", failures: 5)])
        #expect(Self.actions(.requeue(limit: 1), [Count(retries: 0, requeues: 0)]) == [.reject(isExhausted: true)])
    }

    @Test func requeueWithoutLimitGoesOn() {
        for requeues in [0, 20, 1_000_000] {
            let action = Self.actions(.requeue(limit: nil), [Count(retries: 0, requeues: requeues)])[0]
            guard case .requeue = action else {
                Issue.record("\(action) after \(requeues)")
                continue
            }
        }
    }

    /// Ten redeliveries a second at most, whatever the backoff says; and never longer than its bound.
    @Test func theWaitIsBoundedBothWays() {
        let backoffs = [
            AMQPBackoff(initial: .milliseconds(1), maximum: .milliseconds(1)),
            AMQPBackoff(initial: .milliseconds(200), maximum: .seconds(10)),
            AMQPBackoff(initial: .seconds(3600), maximum: .seconds(86_400), multiplier: 100),
        ]
        var random = SystemRandomNumberGenerator()
        for backoff in backoffs {
            for requeues in 0..<12 {
                for number in [0, 1, .max, random.next(), random.next()] as [UInt64] {
                    let count = Count(retries: 0, requeues: requeues)
                    let rules = Self.rules(.requeue(backoff: backoff, limit: nil))
                    guard
                        case .requeue(let wait) = rules.action(after: count, isCopyable: true, random: number),
                        case .requeue(let later) = rules.actionWhenNotConfirmed(
                            after: Count(retries: 0, requeues: 0), random: number)
                    else {
                        Issue.record("no requeue after \(requeues)")
                        continue
                    }
                    #expect(wait >= .milliseconds(100) && later >= .milliseconds(100))
                    #expect(wait <= max(.milliseconds(100), backoff.bound(round: requeues)))
                }
            }
        }
    }

    @Test func retriesGoThroughTheDelaysInOrder() {
        let policy = AMQPFailurePolicy.retry(AMQPRetryQueues())
        #expect(
            Self.actions(policy, (0..<6).map { Count(retries: $0, requeues: 0) }) == [
                .publish(queue: "q.retry.1000", failures: 1), .publish(queue: "q.retry.10000", failures: 2),
                .publish(queue: "q.retry.60000", failures: 3), .publish(queue: "q.retry.60000", failures: 4),
                .park(queue: "q.parked", failures: 5), .park(queue: "q.parked", failures: 6),
            ])
        // A lost connection is no retry.
        #expect(
            Self.actions(policy, [Count(retries: 1, requeues: 18)]) == [
                .publish(queue: "q.retry.10000", failures: 2)
            ])
        #expect(
            Self.actions(.retry(AMQPRetryQueues(limit: 1, then: .reject)), [Count(retries: 0, requeues: 0)])
                == [.reject(isExhausted: true)])
    }

    @Test func whatCannotBeCopiedIsRequeuedAndThenRejected() {
        for policy in [AMQPFailurePolicy.retry(AMQPRetryQueues()), .requeue(then: .park())] {
            let counts = (0..<5).map { Count(retries: 0, requeues: $0) }
            let actions = Self.actions(policy, counts, isCopyable: false)
            #expect(actions[..<4].allSatisfy { if case .requeue = $0 { true } else { false } })
            #expect(actions[4] == .reject(isExhausted: true))
        }
    }

    /// A quorum queue of RabbitMQ 4 drops a message at its 21st return.
    @Test func aFailedPublishIsNoReturnTooMany() {
        for policy in [AMQPFailurePolicy.retry(AMQPRetryQueues()), .requeue(then: .park())] {
            for requeues in 0..<30 {
                let action = Self.rules(policy).actionWhenNotConfirmed(
                    after: Count(retries: 3, requeues: requeues), random: 7)
                let isRequeue = if case .requeue = action { true } else { false }
                #expect(isRequeue == (requeues < 15))
            }
        }
    }

    @Test func theAttemptIsCountedAsThePolicyCounts() {
        let count = Count(retries: 2, requeues: 3)
        #expect(Self.rules(.default).attempt(after: count) == 6)
        #expect(Self.rules(.retry(AMQPRetryQueues())).attempt(after: count) == 3)
    }
}
