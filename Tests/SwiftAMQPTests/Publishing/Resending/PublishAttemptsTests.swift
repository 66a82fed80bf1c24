import Testing

@testable import SwiftAMQP

/// The rules of the outcomes, as a table: what an attempt leads to after each history, under both policies.
@Suite struct PublishAttemptsTests {
    enum History: CaseIterable {
        case none, nacked, unknown, nackedThenUnknown, unknownThenNacked, nackedTwice

        var attempts: PublishAttempts {
            var attempts = PublishAttempts()
            let ends: [AMQPPublishOutcome] =
                switch self {
                case .none: []
                case .nacked: [.nacked]
                case .unknown: [.unknown(reason: .connectionClosed)]
                case .nackedThenUnknown: [.nacked, .unknown(reason: .channelClosed)]
                case .unknownThenNacked: [.unknown(reason: .channelClosed), .nacked]
                case .nackedTwice: [.nacked, .nacked]
                }
            for end in ends { _ = attempts.attemptEnded(end, policy: .atLeastOnce) }
            return attempts
        }

        var count: Int {
            switch self {
            case .none: 0
            case .nacked, .unknown: 1
            case .nackedThenUnknown, .unknownThenNacked, .nackedTwice: 2
            }
        }

        var isClean: Bool { self == .none }
        var isAllNacked: Bool { self == .nacked || self == .nackedTwice }
    }

    static let returned = AMQPPublishOutcome.returned(replyCode: 312, replyText: "NO_ROUTE")

    @Test(arguments: History.allCases) func anAttemptCountsOnlyIfSomethingMayHaveArrived(history: History) {
        #expect(history.attempts.current == history.count + 1)
        var attempts = history.attempts
        #expect(attempts.attemptEnded(.notSent(reason: .connectionClosed), policy: .atLeastOnce) == .resend)
        #expect(attempts.current == history.count + 1)
    }

    @Test(arguments: History.allCases, [AMQPDeliveryPolicy.atLeastOnce, .once])
    func confirmedAlwaysEndsAsConfirmed(history: History, policy: AMQPDeliveryPolicy) {
        var attempts = history.attempts
        #expect(attempts.attemptEnded(.confirmed, policy: policy) == .finish(.confirmed))
    }

    @Test(arguments: History.allCases, [AMQPDeliveryPolicy.atLeastOnce, .once])
    func returnedProvesNothingOnceSomethingMayHaveArrived(history: History, policy: AMQPDeliveryPolicy) {
        var attempts = history.attempts
        let expected = history.isClean ? Self.returned : .unknown(reason: .unroutable)
        #expect(attempts.attemptEnded(Self.returned, policy: policy) == .finish(expected))
    }

    @Test(arguments: History.allCases) func nacked(history: History) {
        var attempts = history.attempts
        #expect(attempts.attemptEnded(.nacked, policy: .atLeastOnce) == .resendLater)
        #expect(attempts.current == history.count + 2)
    }

    @Test func nackedOnce() {
        var attempts = PublishAttempts()
        #expect(attempts.attemptEnded(.nacked, policy: .once) == .finish(.nacked))
    }

    /// A deadline, a cancellation, a refusal on this side: the end, whatever the policy.
    @Test(arguments: History.allCases, [AMQPPublishOutcome.Reason.timeout, .cancelled, .rejected, .dropped])
    func whatThisSideEnds(history: History, reason: AMQPPublishOutcome.Reason) {
        for policy in [AMQPDeliveryPolicy.atLeastOnce, .once] {
            var attempts = history.attempts
            let unknown = attempts.attemptEnded(.unknown(reason: reason), policy: policy)
            #expect(unknown == .finish(.unknown(reason: reason)))
            attempts = history.attempts
            let notSent: AMQPPublishOutcome =
                if history.isClean { .notSent(reason: reason) } else if history.isAllNacked { .nacked } else {
                    .unknown(reason: reason)
                }
            #expect(attempts.attemptEnded(.notSent(reason: reason), policy: policy) == .finish(notSent))
        }
    }

    @Test(arguments: History.allCases, [AMQPPublishOutcome.Reason.channelClosed, .connectionClosed])
    func theLossOfAChannel(history: History, reason: AMQPPublishOutcome.Reason) {
        var attempts = history.attempts
        #expect(attempts.attemptEnded(.unknown(reason: reason), policy: .atLeastOnce) == .resend)
        #expect(attempts.current == history.count + 2)
        attempts = history.attempts
        #expect(attempts.attemptEnded(.unknown(reason: reason), policy: .once) == .finish(.unknown(reason: reason)))
        attempts = history.attempts
        #expect(attempts.attemptEnded(.notSent(reason: reason), policy: .once) == .resend)
    }

    /// What was said last, if nothing more is heard of it. Saying it twice changes nothing.
    @Test(arguments: History.allCases) func theLastWord(history: History) {
        let attempts = history.attempts
        let words: [AMQPPublishOutcome] = [
            .confirmed, Self.returned, .nacked, .notSent(reason: .timeout), .notSent(reason: .connectionClosed),
            .unknown(reason: .timeout), .unknown(reason: .channelClosed),
        ]
        for word in words {
            let final = attempts.final(word)
            #expect(attempts.final(final) == final, "\(word)")
            switch final {
            case .returned, .notSent: #expect(history.isClean, "\(word) became \(final)")
            case .nacked: #expect(history.isClean || history.isAllNacked, "\(word) became \(final)")
            case .confirmed: #expect(word == .confirmed)
            case .unknown: break
            }
        }
    }

    @Test(arguments: History.allCases) func theBrokerDiscardedTheLastAttemptAfterAll(history: History) {
        var attempts = history.attempts
        _ = attempts.attemptEnded(.unknown(reason: .channelClosed), policy: .atLeastOnce)
        attempts.withdrawLast()
        #expect(attempts == history.attempts)
    }
}
