@testable import SwiftAMQP

/// Unsettled tags beside a model of the broker: it waits for a settle of each delivery, by tag.
///
/// After every step the broker waits for exactly what the client thinks it does, and it never took back a delivery that
/// the program has not seen.
struct SettleRun: ~Copyable {
    private var tags = UnsettledTags()

    private struct Waiting {
        let tag: UInt64
        let consumer: UInt16
    }

    /// Sorted by tag.
    private var broker: [Waiting] = []
    /// By consumer: up to where it has handed out. Consumer 0 is `basic.get`, which hands out at once.
    private var handedOut: [UInt64] = [.max, 0, 0, 0]
    private var next: UInt64 = 1
    /// Settles on their way to the broker, as the client combines them, and what a broker that gets them waits for.
    private var outbox: [UnsettledTags.Settlement] = []
    private var endsWithAck = false
    private var wire: [UInt64] = []
    /// Now and then deliveries are held for long, and many wait.
    private var limit = 30

    mutating func step(_ choices: inout some Choices) throws {
        switch choices.below(64) {
        case 0..<30: try deliver(&choices)
        case 30..<40:
            let consumer = UInt16(choices.within(1...3))
            if let last = broker.lazy.filter({ [handedOut] in
                $0.consumer == consumer && $0.tag > handedOut[Int(consumer)]
            })
            .prefix(5).last {
                handedOut[Int(consumer)] = last.tag
            }
        case 40..<56: try settle(&choices)
        case 56..<61: try settleUpTo(&choices)
        case 61: try settleNotHandedOut(&choices)
        case 62: limit = choices.oneIn(64) ? 3000 : 1 + choices.below(100)
        default:
            guard choices.oneIn(64) else { return }
            try flush()
            tags.removeAll()
            broker = []
            wire = []
        }
        if choices.oneIn(8) { try flush() }
        let count = tags.count
        try hold(count == broker.count, "\(count) unsettled, and the broker waits for \(broker.count)")
        guard !broker.isEmpty else { return }
        let tag = broker[choices.below(broker.count)].tag
        let isKept = tags.contains(tag: tag)
        try hold(isKept, "delivery \(tag) was forgotten")
    }

    /// The broker takes what is on its way: it settles everything that the client thinks it has, and nothing else.
    private mutating func flush() throws {
        for frame in outbox {
            try hold(wire.contains(frame.tag), "\(frame) is for a tag that the broker does not wait for")
            wire.removeAll { frame.multiple ? $0 <= frame.tag : $0 == frame.tag }
        }
        outbox = []
        endsWithAck = false
        let expected = broker.map(\.tag)
        try hold(wire == expected, "the broker waits for \(wire), not \(expected)")
    }

    /// - Parameter mayCombine: Whether it is an ack.
    private mutating func send(_ frame: UnsettledTags.Settlement, mayCombine: Bool) {
        if mayCombine, endsWithAck, let last = outbox.last, let highest = tags.combined(frame.tag, last.tag) {
            outbox[outbox.count - 1] = .init(tag: highest, multiple: true)
        } else {
            outbox.append(frame)
            endsWithAck = mayCombine
        }
    }

    private func isHandedOut(_ waiting: Waiting) -> Bool { waiting.tag <= handedOut[Int(waiting.consumer)] }

    private mutating func deliver(_ choices: inout some Choices) throws {
        // Some numbers go to consumers with automatic acknowledgement.
        if choices.oneIn(10) { next += UInt64(choices.within(1...5)) }
        guard broker.count < limit else { return }
        if choices.oneIn(64), next > 1 {
            let isTaken = tags.register(tag: next - 1 - UInt64(choices.below(Int(min(next, 5)))), consumer: 1)
            // Skipped numbers may still come, if nothing higher has.
            let highest = tags.highest
            try hold(!isTaken || highest < next, "a tag was taken twice")
            if isTaken { insertSkipped(highest) }
            return
        }
        let consumer = UInt16(choices.below(4))
        let isTaken = tags.register(tag: next, consumer: consumer)
        try hold(isTaken, "delivery \(next) was refused")
        broker.append(Waiting(tag: next, consumer: consumer))
        wire.append(next)
        next += 1
    }

    private mutating func insertSkipped(_ tag: UInt64) {
        broker.append(Waiting(tag: tag, consumer: 1))
        wire.append(tag)
    }

    private mutating func settle(_ choices: inout some Choices) throws {
        let isGuess = choices.oneIn(4) || broker.isEmpty
        let tag = isGuess ? next - min(next, UInt64(choices.below(64))) : broker[choices.below(broker.count)].tag
        let place = broker.firstIndex { $0.tag == tag }
        do throws(UnsettledTags.SettleError) {
            try tags.settle(tag: tag)
        } catch {
            try hold(place == nil, "could not settle \(tag)")
            return
        }
        guard let place else { throw Finding("settled \(tag), which was settled") }
        broker.remove(at: place)
        // Three of four are acks, the others nacks.
        send(.init(tag: tag, multiple: false), mayCombine: !choices.oneIn(4))
    }

    private mutating func settleUpTo(_ choices: inout some Choices) throws {
        let isGuess = choices.oneIn(8) || broker.isEmpty
        let target = isGuess ? nil : broker[choices.below(broker.count)]
        let tag = target?.tag ?? next - min(next, UInt64(choices.below(64)))
        if let target, !isHandedOut(target) { return }
        let isKnown = broker.contains { $0.tag == tag }
        let frames: [UnsettledTags.Settlement]
        do throws(UnsettledTags.SettleError) {
            frames = try tags.settleUpTo(tag: tag) { [handedOut] consumer, tag in tag <= handedOut[Int(consumer)] }
        } catch {
            try hold(!isKnown, "could not settle up to \(tag)")
            return
        }
        try hold(isKnown, "settled up to \(tag), which was settled")
        for frame in frames { send(frame, mayCombine: false) }
        let expected = broker.filter { $0.tag <= tag && isHandedOut($0) }.map(\.tag)
        // What a broker does with a frame: takes the tags that it covers from those that it waits for.
        let covered = take(frames)
        try hold(covered == expected, "settled \(covered), not \(expected)")
    }

    private mutating func settleNotHandedOut(_ choices: inout some Choices) throws {
        let consumer = UInt16(choices.within(1...3))
        let isMeant: (Waiting) -> Bool = { [handedOut] in $0.consumer == consumer && $0.tag > handedOut[Int(consumer)] }
        let frames = tags.settleNotHandedOut(consumer: consumer, above: handedOut[Int(consumer)])
        let expected = broker.filter(isMeant).map(\.tag)
        try hold(frames.count(where: \.multiple) <= 1, "several frames that settle more than one: \(frames)")
        let covered = take(frames)
        try hold(covered == expected, "gave back \(covered), not \(expected)")
        for frame in frames { send(frame, mayCombine: false) }
    }

    /// What the frames settle at the broker, in order; it knows that no longer then.
    private mutating func take(_ frames: [UnsettledTags.Settlement]) -> [UInt64] {
        var covered: [UInt64] = []
        for frame in frames {
            let isCovered: (Waiting) -> Bool = { frame.multiple ? $0.tag <= frame.tag : $0.tag == frame.tag }
            covered += broker.filter(isCovered).map(\.tag)
            broker.removeAll(where: isCovered)
        }
        return covered.sorted()
    }
}
