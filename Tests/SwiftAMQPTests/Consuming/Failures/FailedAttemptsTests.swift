import TestSupport
import Testing

@testable import SwiftAMQP

@Suite struct FailedAttemptsTests {
    private typealias Message = FailedAttempts.Message
    private typealias Count = FailedAttempts.Count

    private static func message(
        _ id: String, redelivered: Bool = true, retries: Int = 0, returns: Int? = nil
    ) -> Message {
        Message(key: .id(id), retries: retries, returns: returns, isRedelivered: redelivered)
    }

    @Test func countsWhatComesAgain() {
        var attempts = FailedAttempts()
        #expect(attempts.recordFailure(of: Self.message("a", redelivered: false)) == Count(retries: 0, requeues: 0))
        #expect(attempts.recordFailure(of: Self.message("a")) == Count(retries: 0, requeues: 1))
        #expect(attempts.recordFailure(of: Self.message("b", retries: 3)) == Count(retries: 3, requeues: 0))
        #expect(attempts.recordFailure(of: Self.message("a")) == Count(retries: 0, requeues: 2))
        attempts.forget(.id("a"))
        #expect(attempts.recordFailure(of: Self.message("a")) == Count(retries: 0, requeues: 0))
    }

    /// A new message with the id of an old one is another one.
    @Test func whatIsNotRedeliveredBeginsAnew() {
        var attempts = FailedAttempts()
        for _ in 0..<3 { _ = attempts.recordFailure(of: Self.message("a")) }
        #expect(attempts.recordFailure(of: Self.message("a", redelivered: false)).total == 0)
        #expect(attempts.recordFailure(of: Self.message("a")).total == 1)
    }

    @Test func theQueuesOwnCountCounts() {
        var attempts = FailedAttempts()
        #expect(attempts.recordFailure(of: Self.message("a", returns: 7)).requeues == 7)
        #expect(attempts.recordFailure(of: Self.message("a", returns: 2)).requeues == 2)
        // A queue that does not count every return is helped out.
        #expect(attempts.recordFailure(of: Self.message("a")).requeues == 3)
    }

    @Test func theOldestIsForgottenFirst() {
        var attempts = FailedAttempts(capacity: 3)
        for id in ["a", "b", "c", "a", "d"] { _ = attempts.recordFailure(of: Self.message(id)) }
        #expect(attempts.noted == 3)
        #expect(attempts.recordFailure(of: Self.message("b")).requeues == 0)
        #expect(attempts.recordFailure(of: Self.message("a")).requeues == 2)
    }

    /// Against a list, newest last.
    @Test func model() {
        for seed in UInt64(1)...200 {
            var random = SeededGenerator(seed: seed)
            let capacity = Int.random(in: 1...6, using: &random)
            var attempts = FailedAttempts(capacity: capacity)
            var list: [(id: String, failures: Int)] = []
            for step in 0..<300 {
                let id = "\(Int.random(in: 0..<9, using: &random))"
                let known = list.first { $0.id == id }?.failures ?? 0
                if Int.random(in: 0..<5, using: &random) == 0 {
                    attempts.forget(.id(id))
                    list.removeAll { $0.id == id }
                } else {
                    let isRedelivered = Int.random(in: 0..<4, using: &random) > 0
                    let returns = Int.random(in: 0..<4, using: &random) == 0 ? step : nil
                    let retries = Int.random(in: 0..<3, using: &random)
                    let expected = returns ?? (isRedelivered ? known : 0)
                    let count = attempts.recordFailure(
                        of: Self.message(id, redelivered: isRedelivered, retries: retries, returns: returns))
                    #expect(count == Count(retries: retries, requeues: expected), "seed \(seed), step \(step)")
                    list.removeAll { $0.id == id }
                    list.append((id, expected + 1))
                    if list.count > capacity { list.removeFirst() }
                }
                #expect(attempts.noted == list.count, "seed \(seed), step \(step)")
            }
        }
    }
}
