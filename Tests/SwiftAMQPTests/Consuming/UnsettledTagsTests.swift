import Testing

@testable import SwiftAMQP

@Suite struct UnsettledTagsTests {
    private typealias Settlement = UnsettledTags.Settlement

    private static func single(_ tags: UInt64...) -> [Settlement] { tags.map { Settlement(tag: $0, multiple: false) } }
    private static func upTo(_ tag: UInt64) -> [Settlement] { [Settlement(tag: tag, multiple: true)] }

    private static func filled(_ tags: some Sequence<UInt64>, consumer: UInt16 = 1) -> UnsettledTags {
        var unsettled = UnsettledTags()
        for tag in tags { #expect(unsettled.register(tag: tag, consumer: consumer) == true) }
        return unsettled
    }

    @Test func aTagIsSettledOnce() throws {
        var tags = Self.filled(1...3)
        try tags.settle(tag: 2)
        for tag in [0, 2, 4, UInt64.max] as [UInt64] {
            do {
                try tags.settle(tag: tag)
                Issue.record("tag \(tag) was settled")
            } catch {
                #expect(error == .alreadySettled)
            }
        }
        try tags.settle(tag: 1)
        try tags.settle(tag: 3)
        let count = tags.count
        #expect(count == 0)
    }

    @Test func tagsMustCountUpwards() {
        var tags = UnsettledTags()
        let taken = [0, 5, 5, 4, 6].map { tags.register(tag: $0, consumer: 1) }
        #expect(taken == [false, true, false, false, true])
        let (count, highest) = (tags.count, tags.highest)
        #expect(count == 2)
        #expect(highest == 6)
    }

    @Test func multipleIsOneFrameWhereAllWasHandedOut() throws {
        var tags = Self.filled(1...5)
        let first = try tags.settleUpTo(tag: 3) { _, _ in true }
        #expect(first == Self.upTo(3))
        let second = try tags.settleUpTo(tag: 5) { _, _ in true }
        #expect(second == Self.upTo(5))
        for tag in 1...5 as ClosedRange<UInt64> {
            let isThere = tags.contains(tag: tag)
            #expect(!isThere)
        }
    }

    @Test func whatMultipleCoveredCannotBeSettledAgain() throws {
        var tags = Self.filled(1...5)
        _ = try tags.settleUpTo(tag: 4) { _, _ in true }
        for tag in 1...4 as ClosedRange<UInt64> {
            do {
                try tags.settle(tag: tag)
                Issue.record("tag \(tag) was settled")
            } catch {
                #expect(error == .alreadySettled)
            }
        }
        do {
            _ = try tags.settleUpTo(tag: 4) { _, _ in true }
            Issue.record("tag 4 was settled")
        } catch {
            #expect(error == .alreadySettled)
        }
        let isThere = tags.contains(tag: 5)
        #expect(isThere)
    }

    /// 3 sits in the buffer of another consumer: `multiple` would ack it unseen.
    @Test func multipleStopsBeforeWhatWasNotHandedOut() throws {
        var tags = Self.filled(1...6)
        let frames = try tags.settleUpTo(tag: 5) { _, tag in tag != 3 }
        #expect(frames == Self.upTo(2) + Self.single(4, 5))
        let (holds, count) = (tags.contains(tag: 3), tags.count)
        #expect(holds)
        #expect(count == 2)
        // Handed out since, it is covered by the next one.
        let rest = try tags.settleUpTo(tag: 6) { _, _ in true }
        #expect(rest == Self.upTo(6))
    }

    @Test func aHoleAtTheFrontLeavesSingleFramesOnly() throws {
        var tags = Self.filled(1...3)
        let frames = try tags.settleUpTo(tag: 3) { _, tag in tag > 1 }
        #expect(frames == Self.single(2, 3))
        let holds = tags.contains(tag: 1)
        #expect(holds)
    }

    @Test func consumersAreToldApart() throws {
        var tags = UnsettledTags()
        for tag in 1...8 as ClosedRange<UInt64> {
            let taken = tags.register(tag: tag, consumer: tag % 2 == 0 ? 2 : 1)
            #expect(taken)
        }
        // Consumer 2 was given nothing beyond 4.
        let frames = try tags.settleUpTo(tag: 7) { consumer, tag in consumer == 1 || tag <= 4 }
        #expect(frames == Self.upTo(5) + Self.single(7))
        let none = tags.settleNotHandedOut(consumer: 1, above: 0)
        #expect(none == [])
        let left = tags.settleNotHandedOut(consumer: 2, above: 4)
        #expect(left == Self.upTo(8))
        let again = tags.settleNotHandedOut(consumer: 2, above: 4)
        #expect(again == [])
        let count = tags.count
        #expect(count == 0)
    }

    @Test func whatIsOwedIsWhatWasGivenAndNotSettled() throws {
        var tags = Self.filled(1...3)
        let none = tags.containsHandedOut { _, tag in tag <= 0 }
        #expect(!none)
        let some = tags.containsHandedOut { _, tag in tag <= 1 }
        #expect(some)
        try tags.settle(tag: 1)
        let left = tags.containsHandedOut { _, tag in tag <= 1 }
        #expect(!left)
    }

    @Test func whatNobodyWasGivenGoesBackAtOnce() throws {
        var tags = Self.filled(1...1000)
        let left = tags.settleNotHandedOut(consumer: 1, above: 0)
        #expect(left == Self.upTo(1000))
        let count = tags.count
        #expect(count == 0)
        let none = tags.settleNotHandedOut(consumer: 1, above: 0)
        #expect(none == [])
    }

    @Test func whatWasHandedOutStaysWithTheProgram() throws {
        var tags = Self.filled(1...5)
        try tags.settle(tag: 4)
        let left = tags.settleNotHandedOut(consumer: 1, above: 2)
        #expect(left == Self.single(3) + Self.single(5))
        let count = tags.count
        #expect(count == 2)
        try tags.settle(tag: 1)
        try tags.settle(tag: 2)
    }

    /// Auto-ack deliveries of the same channel take numbers and are not tracked.
    @Test func gapsAreNoTags() throws {
        var tags = Self.filled([3, 7, 8, 20, 1000, 1001, UInt64.max - 1])
        for tag in [1, 4, 9, 999, 1002, UInt64.max] as [UInt64] {
            do {
                try tags.settle(tag: tag)
                Issue.record("tag \(tag) was settled")
            } catch {
                #expect(error == .alreadySettled)
            }
        }
        try tags.settle(tag: 8)
        let frames = try tags.settleUpTo(tag: 1000) { _, _ in true }
        #expect(frames == Self.upTo(1000))
        try tags.settle(tag: UInt64.max - 1)
        let count = tags.count
        #expect(count == 1)
    }

    @Test func afterRecoverTheTagsGoOn() throws {
        var tags = Self.filled(1...5)
        tags.removeAll()
        let (count, holds) = (tags.count, tags.contains(tag: 5))
        #expect(count == 0)
        #expect(!holds)
        let taken = [5, 6].map { tags.register(tag: $0, consumer: 1) }
        #expect(taken == [false, true])
        try tags.settle(tag: 6)
    }

    /// A delivery held for very long must not keep the memory of all that came after it, nor get lost by that.
    @Test func oneThatIsHeldForLongStaysSettlable() throws {
        var tags = Self.filled([1])
        for tag in 2...20_000 as ClosedRange<UInt64> {
            _ = tags.register(tag: tag, consumer: 1)
            if tag % 1000 != 0 { try tags.settle(tag: tag) }
        }
        let count = tags.count
        #expect(count == 21)
        try tags.settle(tag: 1)
        try tags.settle(tag: 5000)
        let frames = try tags.settleUpTo(tag: 20_000) { _, tag in tag != 7000 }
        #expect(frames.first == Settlement(tag: 6000, multiple: true))
        #expect(frames.count == 14)
        let left = tags.count
        #expect(left == 1)
    }

    @Test func twoAcksAreOneWhereNothingBelowWaits() throws {
        var tags = Self.filled([1, 2, 3, 7, 8])
        try tags.settle(tag: 2)
        try tags.settle(tag: 3)
        let with1Waiting = tags.combined(3, 2)
        try tags.settle(tag: 1)
        let upTo3 = [tags.combined(1, 3), tags.combined(3, 1)]
        try tags.settle(tag: 8)
        let with7Waiting = tags.combined(8, 3)
        try tags.settle(tag: 7)
        let upTo8 = tags.combined(7, 8)
        _ = tags.register(tag: 9, consumer: 1)
        let with9Waiting = tags.combined(7, 8)
        #expect(with1Waiting == nil)
        #expect(upTo3 == [3, 3])
        #expect(with7Waiting == nil)
        #expect(upTo8 == 8)
        #expect(with9Waiting == 8)
    }
}
