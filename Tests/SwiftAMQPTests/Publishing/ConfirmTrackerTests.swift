import Testing

@testable import SwiftAMQP

@Suite struct ConfirmTrackerTests {
    @Test func tagsCountFromOne() {
        var publishes = TrackedPublishes()
        let tags = (0..<5).map { _ in publishes.publish() }
        #expect(tags == [1, 2, 3, 4, 5])
        let (pending, span) = (publishes.tracker.pendingCount, publishes.tracker.span)
        #expect(pending == 5)
        #expect(span == 5)
    }

    @Test func oneByOneInAnyOrder() throws {
        var publishes = TrackedPublishes()
        publishes.publish(count: 4)
        for tag in [3, 1, 4, 2] as [UInt64] { try publishes.acknowledge(tag, positive: tag != 4) }
        let told = publishes.take()
        #expect(
            told == SwiftAMQPTests.told(.confirmed, 3, 1) + SwiftAMQPTests.told(.nacked, 4)
                + SwiftAMQPTests.told(.confirmed, 2))
        let (pending, span) = (publishes.tracker.pendingCount, publishes.tracker.span)
        #expect(pending == 0)
        #expect(span == 0)
    }

    @Test func multipleCoversWhatIsLeftUpToTheTag() throws {
        var publishes = TrackedPublishes()
        publishes.publish(count: 6)
        try publishes.acknowledge(2)
        try publishes.acknowledge(4, multiple: true)
        let first = publishes.take()
        #expect(first == told(.confirmed, 2, 1, 3, 4))
        try publishes.acknowledge(6, multiple: true, positive: false)
        let second = publishes.take()
        #expect(second == told(.nacked, 5, 6))
    }

    @Test func multipleWithTagZeroCoversAllSoFar() throws {
        var publishes = TrackedPublishes()
        try publishes.acknowledge(0, multiple: true)
        publishes.publish(count: 3)
        try publishes.acknowledge(0, multiple: true)
        let all = publishes.take()
        #expect(all == told(.confirmed, 1, 2, 3))
        try publishes.acknowledge(0, multiple: true)
        #expect(publishes.take() == [])
    }

    @Test func repeatedAnswersTellNobodyTwice() throws {
        var publishes = TrackedPublishes()
        publishes.publish(count: 4)
        for _ in 0..<3 {
            try publishes.acknowledge(2)
            try publishes.acknowledge(3, positive: false)
        }
        try publishes.acknowledge(3, multiple: true)
        try publishes.acknowledge(1)
        try publishes.acknowledge(2, multiple: true, positive: false)
        let all = publishes.take()
        #expect(all == told(.confirmed, 2) + told(.nacked, 3) + told(.confirmed, 1))
        let pending = publishes.tracker.pendingCount
        #expect(pending == 1)
    }

    @Test func tagsThatWereNeverGivenOutAreRefused() throws {
        var publishes = TrackedPublishes()
        for (tag, multiple) in [(0, false), (1, false), (1, true), (UInt64.max, true)] as [(UInt64, Bool)] {
            do {
                try publishes.acknowledge(tag, multiple: multiple)
                Issue.record("tag \(tag) was taken")
            } catch {
                #expect(error == .unknownTag(tag))
            }
        }
        publishes.publish(count: 2)
        do {
            try publishes.acknowledge(3, multiple: true)
            Issue.record("tag 3 was taken")
        } catch {
            #expect(error == .unknownTag(3))
        }
        // Nothing was settled by it.
        #expect(publishes.take() == [])
        let pending = publishes.tracker.pendingCount
        #expect(pending == 2)
    }

    @Test func aPublishThatNobodyWaitsForKeepsItsTag() throws {
        var publishes = TrackedPublishes()
        publishes.publish(hasOwner: false)
        publishes.publish()
        try publishes.acknowledge(2, multiple: true)
        let all = publishes.take()
        #expect(all == told(.confirmed, 2))
    }

    @Test func anAbandonedPublishIsNotTold() throws {
        var publishes = TrackedPublishes()
        publishes.publish(count: 2)
        publishes.tracker.abandon(tag: 1)
        publishes.tracker.abandon(tag: 1)
        publishes.tracker.abandon(tag: 0)
        publishes.tracker.abandon(tag: 99)
        try publishes.acknowledge(1)
        publishes.tracker.abandon(tag: 1)
        try publishes.acknowledge(2)
        let all = publishes.take()
        #expect(all == told(.confirmed, 2))
    }

    @Test func theRingGrowsWithoutLosingAnybody() throws {
        var publishes = TrackedPublishes(capacity: 16)
        publishes.publish(count: 10)
        // The ring is entered in its middle, and one old publish keeps it from ever being empty.
        try publishes.acknowledge(9)
        for tag in 1...8 as ClosedRange<UInt64> { try publishes.acknowledge(tag) }
        _ = publishes.take()
        publishes.publish(count: 5000)
        for tag in (11...5010 as ClosedRange<UInt64>).reversed() { try publishes.acknowledge(tag) }
        let told = publishes.take()
        #expect(told.map(\.owner) == Array(11...5010).reversed())
        let oldest = publishes.tracker.oldest
        #expect(oldest == 10)
        try publishes.acknowledge(10)
        #expect(publishes.take().map(\.owner) == [10])
    }

    @Test func anOwnerIsKeptAliveUntilItIsToldUnlessItSaysOtherwise() throws {
        for end in 0..<4 {
            var tracker = ConfirmTracker()
            var owner: NumberedOwner? = NumberedOwner(1)
            weak let kept = owner
            _ = tracker.register(owner: owner, streamOffset: 0, fingerprint: nil, deadline: 5, sequence: 0)
            owner = nil
            #expect(kept != nil)
            switch end {
            case 0: try tracker.acknowledge(tag: 1, multiple: false, positive: true) { _, _, _ in }
            case 1: tracker.expire(now: 5) { _, _, _ in }
            case 2: tracker.abandon(tag: 1)
            default: tracker.failAll(bytesWritten: 0, reason: .channelClosed) { _, _, _ in }
            }
            #expect(kept == nil, "end \(end)")
        }
        let unretained = NumberedOwner(2, isRetained: false)
        var tracker = ConfirmTracker()
        _ = tracker.register(owner: unretained, streamOffset: 0, fingerprint: nil, deadline: 5, sequence: 7)
        var numbers: [Int] = []
        try tracker.acknowledge(tag: 1, multiple: false, positive: true) { owner, _, sequence in
            #expect(owner.takeUnretainedValue() === unretained)
            numbers.append(Int(sequence))
        }
        #expect(numbers == [7])
    }

    @Test func aTrackerThatGoesLetsItsOwnersGo() {
        weak var kept: NumberedOwner?
        do {
            var tracker = ConfirmTracker()
            let owner = NumberedOwner(1)
            kept = owner
            _ = tracker.register(owner: owner, streamOffset: 0, fingerprint: nil, deadline: 5, sequence: 0)
        }
        #expect(kept == nil)
    }
}
