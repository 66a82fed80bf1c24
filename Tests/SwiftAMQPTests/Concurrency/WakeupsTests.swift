import Testing

@testable import SwiftAMQP

@Suite struct WakeupsTests {
    @Test func everythingIsDoneOnce() async {
        let promise = Promise<Int>()
        let counter = Counter()
        var wakeups = Wakeups()
        wakeups.perform { counter.add() }
        wakeups.perform { promise.complete(.success(1)) }
        #expect(counter.value == 0)
        wakeups.run()
        wakeups.run()
        #expect(counter.value == 1)
        #expect(promise.outcome != nil)
    }

    @Test func waitersAreResumedWithTheirOutcome() async {
        let outcome = await withUnsafeContinuation { (continuation: UnsafeContinuation<AMQPPublishOutcome, Never>) in
            var wakeups = Wakeups()
            wakeups.resume(continuation, with: .nacked)
            wakeups.run()
            wakeups.run()
        }
        #expect(outcome == .nacked)
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            var wakeups = Wakeups()
            wakeups.resume(continuation)
            wakeups.run()
            wakeups.run()
        }
    }

    /// The clock is read now and then only, and a budget that was just restarted is not spent.
    @Test func aBudgetIsSpentAfterAWhileAndBeginsAnew() {
        var budget = TimeBudget()
        let first = (0..<128).map { _ in budget.isSpent() }
        #expect(first.prefix(127).allSatisfy { !$0 })
        let clock = ContinuousClock()
        let start = clock.now
        var isSpent = false
        while !isSpent, start.duration(to: clock.now) < .seconds(20) { isSpent = budget.isSpent() }
        #expect(isSpent)
        let next = (0..<127).map { _ in budget.isSpent() }
        #expect(next.allSatisfy { !$0 })
        budget.restart()
        let again = (0..<64).map { _ in budget.isSpent() }
        #expect(again.allSatisfy { !$0 })
    }
}
