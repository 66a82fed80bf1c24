import Testing

@testable import SwiftAMQP

@Suite struct ConfirmDeadlineTests {
    @Test func whoseDeadlineHasPassedIsToldOnceAndTheLateAnswerIsIgnored() throws {
        var publishes = TrackedPublishes()
        for deadline in [30, 10, 20] as [Int64] { publishes.publish(deadline: deadline) }
        let first = publishes.tracker.earliestDeadline
        #expect(first == 10)
        publishes.expire(9)
        #expect(publishes.take() == [])
        publishes.expire(10)
        let second = publishes.take()
        #expect(second == told(.unknown(reason: .timeout), 2))
        let next = publishes.tracker.earliestDeadline
        #expect(next == 20)
        publishes.expire(25)
        let third = publishes.take()
        #expect(third == told(.unknown(reason: .timeout), 3))
        // The tags are still the broker's to answer.
        let pending = publishes.tracker.pendingCount
        #expect(pending == 3)
        try publishes.acknowledge(2)
        try publishes.acknowledge(3, multiple: true)
        let late = publishes.take()
        #expect(late == told(.confirmed, 1))
        let (left, deadline) = (publishes.tracker.pendingCount, publishes.tracker.earliestDeadline)
        #expect(left == 0)
        #expect(deadline == .max)
    }

    @Test func noDeadlineIsMissedWhenOthersAreAnswered() throws {
        var publishes = TrackedPublishes()
        publishes.publish(deadline: 10)
        publishes.publish(deadline: 20)
        try publishes.acknowledge(1)
        let early = publishes.tracker.earliestDeadline
        // Too early costs a look, too late would break a promise.
        #expect(early <= 20)
        publishes.expire(20)
        let all = publishes.take()
        #expect(all == told(.confirmed, 1) + told(.unknown(reason: .timeout), 2))
    }

    @Test func whereTheKernelHasAByteTheFateIsUnknown() {
        for (written, unsent) in [(0, 1), (100, 1), (101, 2), (299, 3), (300, 3), (301, 4)] as [(UInt64, Int)] {
            var publishes = TrackedPublishes()
            // Their frames begin at 100, 200 and 300.
            publishes.publish(count: 3)
            publishes.failAll(written: written, .channelClosed)
            let all = publishes.take()
            let expected = (1...3).flatMap {
                told($0 < unsent ? .unknown(reason: .channelClosed) : .notSent(reason: .channelClosed), $0)
            }
            #expect(all == expected, "with \(written) bytes written")
        }
    }

    @Test func afterAFailureTheNumbersGoOnAndNothingIsToldTwice() throws {
        var publishes = TrackedPublishes()
        publishes.publish(count: 20)
        publishes.failAll(written: 0)
        #expect(publishes.take().count == 20)
        publishes.failAll(written: 0)
        try publishes.acknowledge(20, multiple: true)
        #expect(publishes.take() == [])
        let tag = publishes.publish()
        #expect(tag == 21)
        try publishes.acknowledge(21)
        let all = publishes.take()
        #expect(all == told(.confirmed, 21))
    }
}
