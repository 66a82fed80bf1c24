@testable import SwiftAMQP

/// A tracker of confirms beside one that is slow and obvious: the publishes without an answer, in a list.
struct ConfirmRun: ~Copyable {
    private var tracker = ConfirmTracker(capacity: 16)
    private var told: [Told] = []

    private var unanswered: [Publish] = []
    private var next: UInt64 = 1
    private var now: Int64 = 0

    private struct Publish {
        let tag: UInt64
        /// Exchange, routing key and body by a number; `nil` if the publish is not mandatory.
        let content: Int?
        let properties: Int
        let deadline: Int64
        let offset: UInt64
        var isWaitedFor: Bool
        var returnCode: UInt16?
    }

    /// What an owner was told.
    private struct Told: Equatable {
        var owner: UInt64
        var outcome: AMQPPublishOutcome
        var sequence: UInt64
    }

    private final class Owner: PublishOwner, @unchecked Sendable {
        let tag: UInt64
        init(tag: UInt64) { self.tag = tag }
    }

    /// One operation on both, and a comparison of all that can be seen of them.
    mutating func step(_ choices: inout some Choices) throws {
        var expected: [Told] = []
        told = []
        switch choices.below(32) {
        case 0..<13: publish(&choices)
        case 13:
            // So that the ring has to grow, and to wrap around.
            for _ in 0..<choices.below(unanswered.count > 200 ? 1 : 40) { publish(&choices) }
        case 14..<26: expected = try acknowledge(&choices)
        case 26..<29: try giveBack(&choices)
        case 29:
            now += Int64(choices.below(60))
            expected = expire()
            tracker.expire(now: now) { told.append(Self.entry($0, $1, $2)) }
        case 30:
            guard !unanswered.isEmpty else { return }
            let index = choices.below(unanswered.count)
            tracker.abandon(tag: unanswered[index].tag)
            unanswered[index].isWaitedFor = false
        default:
            guard choices.oneIn(16) else { return }
            let written = next * 100 - UInt64(choices.below(Int(min(next * 100, 5000))))
            expected = unanswered.flatMap {
                tell($0, $0.offset < written ? .unknown(reason: .timeout) : .notSent(reason: .timeout))
            }
            unanswered = []
            tracker.failAll(bytesWritten: written, reason: .timeout) { told.append(Self.entry($0, $1, $2)) }
        }
        let isTold = told == expected
        try hold(isTold, "told \(told), not \(expected)")
        try compare()
    }

    private func compare() throws(Finding) {
        let pending = tracker.pendingCount
        try hold(pending == unanswered.count, "\(pending) pending, not \(unanswered.count)")
        let oldest = tracker.oldest
        try hold(oldest == unanswered.first?.tag ?? next, "the oldest is \(oldest)")
        let newest = tracker.next
        try hold(newest == next, "the next is \(newest)")
        let earliest = tracker.earliestDeadline
        let isInTime = unanswered.allSatisfy { !$0.isWaitedFor || $0.deadline >= earliest }
        try hold(isInTime, "a deadline would be missed")
    }

    // MARK: The operations

    private mutating func publish(_ choices: inout some Choices) {
        let hasOwner = !choices.oneIn(10)
        let publish = Publish(
            tag: next, content: choices.oneIn(2) ? choices.below(8) : nil, properties: choices.below(3),
            deadline: now + 1 + Int64(choices.below(250)), offset: next * 100, isWaitedFor: hasOwner)
        let tag = tracker.register(
            owner: hasOwner ? Owner(tag: next) : nil, streamOffset: publish.offset,
            fingerprint: publish.content.map { Self.prints[$0 * 4 + publish.properties] }, deadline: publish.deadline,
            sequence: next + 1000)
        // A wrong tag shows in the comparison.
        if tag == next { unanswered.append(publish) }
        next += 1
    }

    private mutating func acknowledge(_ choices: inout some Choices) throws -> [Told] {
        let multiple = choices.oneIn(4)
        let positive = !choices.oneIn(5)
        // Mostly near the oldest; also answered ones, 0, and some that were never given out.
        let base = unanswered.first?.tag ?? next
        let distance = UInt64(choices.below(24))
        let tag = choices.oneIn(40) ? 0 : choices.oneIn(8) ? next + 4 - min(distance, next + 4) : base &- 4 &+ distance
        let isKnown = tag < next && (tag > 0 || multiple)
        do throws(ConfirmTracker.AcknowledgeError) {
            try tracker.acknowledge(tag: tag, multiple: multiple, positive: positive) {
                told.append(Self.entry($0, $1, $2))
            }
        } catch {
            try hold(!isKnown && error == .unknownTag(tag), "\(error) for tag \(tag)")
            return []
        }
        try hold(isKnown, "tag \(tag) was never given out")
        let isMeant: (Publish) -> Bool = { multiple ? tag == 0 || $0.tag <= tag : $0.tag == tag }
        let expected = unanswered.filter(isMeant).flatMap { tell($0, positive ? .confirmed : .nacked) }
        unanswered.removeAll(where: isMeant)
        return expected
    }

    private mutating func giveBack(_ choices: inout some Choices) throws {
        let content = choices.below(8)
        let properties = choices.below(4)
        let code = UInt16(312 + choices.below(2))
        let candidates = unanswered.indices.filter {
            unanswered[$0].content == content && unanswered[$0].returnCode == nil
        }
        let index = candidates.first { unanswered[$0].properties == properties } ?? candidates.first
        let tag = tracker.markReturned(fingerprint: Self.prints[content * 4 + properties], code: code, text: "NO_ROUTE")
        try hold(tag == index.map { unanswered[$0].tag }, "the return belongs to another publish than \(tag as Any)")
        if let index { unanswered[index].returnCode = code }
    }

    private mutating func expire() -> [Told] {
        var expected: [Told] = []
        for index in unanswered.indices where unanswered[index].deadline <= now {
            expected += tell(unanswered[index], .unknown(reason: .timeout))
            unanswered[index].isWaitedFor = false
        }
        return expected
    }

    // MARK: Inside

    private func tell(_ publish: Publish, _ outcome: AMQPPublishOutcome) -> [Told] {
        guard publish.isWaitedFor else { return [] }
        let returned = publish.returnCode.map { AMQPPublishOutcome.returned(replyCode: $0, replyText: "NO_ROUTE") }
        return [Told(owner: publish.tag, outcome: returned ?? outcome, sequence: publish.tag + 1000)]
    }

    private static func entry(_ owner: Unmanaged<PublishOwner>, _ outcome: AMQPPublishOutcome, _ sequence: UInt64)
        -> Told
    {
        Told(owner: (owner.takeUnretainedValue() as? Owner)?.tag ?? 0, outcome: outcome, sequence: sequence)
    }

    /// By content and properties.
    private static let prints: [PublishFingerprint] = (0..<32).map { number in
        PublishFingerprint(
            address: PublishFingerprint.addressHash(exchange: "e", routingKey: "\(number / 4)"),
            body: PublishFingerprint.bodyHash(Array("body \(number / 4)".utf8)),
            properties: [UInt8(number % 4)].withUnsafeBytes { .init($0) })
    }
}
