import TestSupport
import Testing

@testable import SwiftAMQP

@Suite struct UnsettledTagsModelTests {
    #if DEBUG
        private static let steps = 30_000
    #else
        private static let steps = 200_000
    #endif

    /// What a broker does with a frame: takes the tags that it covers from those that it waits for.
    private static func apply(_ frame: UnsettledTags.Settlement, to waiting: inout [UInt64: UInt16]) -> [UInt64] {
        let covered = waiting.keys.filter { frame.multiple ? $0 <= frame.tag : $0 == frame.tag }
        for tag in covered { waiting[tag] = nil }
        return covered
    }

    /// After every step the broker waits for exactly what the client thinks it does, and it never took back a delivery
    /// that the program has not seen.
    @Test(arguments: 1...4) func theBrokerAndTheClientAgree(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var tags = UnsettledTags()
        var broker: [UInt64: UInt16] = [:]
        // By consumer: up to where it has handed out. Consumer 0 is `basic.get`, which hands out at once.
        var handedOut: [UInt64] = [0, 0, 0, 0]
        var next: UInt64 = 1
        func isHandedOut(_ consumer: UInt16, _ tag: UInt64) -> Bool {
            consumer == 0 || tag <= handedOut[Int(consumer)]
        }
        for step in 0..<Self.steps {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<50:
                // Now and then numbers go to auto-ack consumers.
                if Int.random(in: 0..<10, using: &random) == 0 { next += UInt64.random(in: 1...5, using: &random) }
                guard broker.count < 300 else { continue }
                let consumer = UInt16.random(in: 0...3, using: &random)
                let taken = tags.register(tag: next, consumer: consumer)
                try #require(taken, "step \(step)")
                broker[next] = consumer
                next += 1
            case 50..<65:
                let consumer = Int.random(in: 1...3, using: &random)
                let mine = broker.filter { $0.value == consumer && $0.key > handedOut[consumer] }.keys.sorted()
                if let tag = mine.prefix(5).last { handedOut[consumer] = tag }
            case 65..<88:
                let tag = UInt64.random(in: 0...next, using: &random)
                let isKnown = broker[tag] != nil
                do {
                    try tags.settle(tag: tag)
                    try #require(isKnown, "step \(step): settled what was settled")
                    broker[tag] = nil
                } catch is UnsettledTags.SettleError {
                    try #require(!isKnown, "step \(step): could not settle \(tag)")
                }
            case 88..<97:
                guard
                    let tag = broker.filter({ isHandedOut($0.value, $0.key) }).keys.sorted().randomElement(
                        using: &random)
                else { continue }
                let expected = broker.filter { $0.key <= tag && isHandedOut($0.value, $0.key) }
                let unseen = broker.filter { !isHandedOut($0.value, $0.key) }
                let frames = try tags.settleUpTo(tag: tag, isHandedOut: isHandedOut)
                var covered: [UInt64] = []
                for frame in frames { covered += Self.apply(frame, to: &broker) }
                try #require(covered.sorted() == expected.keys.sorted(), "step \(step)")
                try #require(unseen.allSatisfy { broker[$0.key] != nil }, "step \(step): an unseen one was settled")
            default:
                let consumer = UInt16.random(in: 1...3, using: &random)
                let left = tags.settleNotHandedOut(consumer: consumer, above: handedOut[Int(consumer)])
                let expected = broker.filter { $0.value == consumer && !isHandedOut(consumer, $0.key) }.keys.sorted()
                try #require(left == expected, "step \(step)")
                for tag in left { broker[tag] = nil }
            }
            let count = tags.count
            try #require(count == broker.count, "step \(step)")
        }
        for tag in broker.keys {
            let holds = tags.contains(tag: tag)
            #expect(holds)
        }
    }
}
