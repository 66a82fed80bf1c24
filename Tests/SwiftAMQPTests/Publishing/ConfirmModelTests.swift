import TestSupport
import Testing

@testable import SwiftAMQP

/// A tracker that is slow and obvious: the publishes that the broker has not answered, in a list.
private struct Model {
    struct Publish {
        let tag: UInt64
        let content: Int?
        let properties: Int
        let deadline: Int64
        let offset: UInt64
        var isWaitedFor: Bool
        var returnCode: UInt16?
    }

    var unanswered: [Publish] = []
    var next: UInt64 = 1

    private func tell(_ publish: Publish, _ outcome: AMQPPublishOutcome) -> [Told] {
        guard publish.isWaitedFor else { return [] }
        let returned = publish.returnCode.map { AMQPPublishOutcome.returned(replyCode: $0, replyText: "NO_ROUTE") }
        return [Told(owner: Int(publish.tag), outcome: returned ?? outcome, sequence: publish.tag + 1000)]
    }

    /// `nil` if the tag was never given out.
    mutating func acknowledge(_ tag: UInt64, multiple: Bool, positive: Bool) -> [Told]? {
        if tag >= next || tag == 0 && !multiple { return nil }
        let isMeant: (Publish) -> Bool = { multiple ? tag == 0 || $0.tag <= tag : $0.tag == tag }
        let all = unanswered.filter(isMeant).flatMap { tell($0, positive ? .confirmed : .nacked) }
        unanswered.removeAll(where: isMeant)
        return all
    }

    mutating func returned(_ content: Int, _ properties: Int, code: UInt16) -> UInt64? {
        let candidates = unanswered.indices.filter {
            unanswered[$0].content == content && unanswered[$0].returnCode == nil
        }
        guard let index = candidates.first(where: { unanswered[$0].properties == properties }) ?? candidates.first
        else { return nil }
        unanswered[index].returnCode = code
        return unanswered[index].tag
    }

    mutating func expire(_ now: Int64) -> [Told] {
        var all: [Told] = []
        for index in unanswered.indices where unanswered[index].deadline <= now {
            all += tell(unanswered[index], .unknown(reason: .timeout))
            unanswered[index].isWaitedFor = false
        }
        return all
    }

    mutating func failAll(written: UInt64) -> [Told] {
        defer { unanswered = [] }
        return unanswered.flatMap {
            tell($0, $0.offset < written ? .unknown(reason: .connectionClosed) : .notSent(reason: .connectionClosed))
        }
    }
}

@Suite struct ConfirmModelTests {
    #if DEBUG
        private static let steps = 50_000
    #else
        private static let steps = 250_000
    #endif

    @Test(arguments: 1...4) func agreesWithAModel(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var publishes = TrackedPublishes()
        var model = Model()
        var now: Int64 = 0
        for step in 0..<Self.steps {
            var expected: [Told] = []
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<45:
                let content = random.maybe { Int.random(in: 0..<8, using: &$0) }
                let properties = Int.random(in: 0..<3, using: &random)
                let deadline = now + Int64.random(in: 1...400, using: &random)
                let hasOwner = Int.random(in: 0..<10, using: &random) > 0
                let tag = publishes.publish(
                    content: content, properties: properties, deadline: deadline, hasOwner: hasOwner)
                model.unanswered.append(
                    .init(
                        tag: tag, content: content, properties: properties, deadline: deadline, offset: tag * 100,
                        isWaitedFor: hasOwner))
                model.next += 1
            case 45..<80:
                let multiple = Int.random(in: 0..<4, using: &random) == 0
                let lowest = model.next > 60 ? model.next - 60 : 0
                let tag =
                    Int.random(in: 0..<40, using: &random) == 0
                    ? 0 : UInt64.random(in: lowest...model.next, using: &random)
                let positive = Int.random(in: 0..<5, using: &random) > 0
                let answer = model.acknowledge(tag, multiple: multiple, positive: positive)
                do {
                    try publishes.acknowledge(tag, multiple: multiple, positive: positive)
                    try #require(answer != nil, "step \(step): tag \(tag) was never given out")
                } catch let error as ConfirmTracker.AcknowledgeError {
                    try #require(answer == nil && error == .unknownTag(tag), "step \(step)")
                }
                expected = answer ?? []
            case 80..<92:
                let content = Int.random(in: 0..<8, using: &random)
                let properties = Int.random(in: 0..<4, using: &random)
                let code = UInt16.random(in: 312...313, using: &random)
                let tag = publishes.returned(content, properties, code: code)
                let right = model.returned(content, properties, code: code)
                try #require(tag == right, "step \(step): the return belongs to another publish")
            case 92..<97:
                now += Int64.random(in: 0...50, using: &random)
                publishes.expire(now)
                expected = model.expire(now)
            case 97..<99:
                guard let index = model.unanswered.indices.randomElement(using: &random) else { continue }
                publishes.tracker.abandon(tag: model.unanswered[index].tag)
                model.unanswered[index].isWaitedFor = false
            default:
                guard Int.random(in: 0..<20, using: &random) == 0 else { continue }
                let written = UInt64.random(in: 0...model.next * 100, using: &random)
                publishes.failAll(written: written)
                expected = model.failAll(written: written)
            }
            let all = publishes.take()
            try #require(all == expected, "step \(step)")
            let pending = publishes.tracker.pendingCount
            try #require(pending == model.unanswered.count, "step \(step)")
            let earliest = publishes.tracker.earliestDeadline
            let promised = model.unanswered.filter(\.isWaitedFor).map(\.deadline).min() ?? .max
            try #require(earliest <= promised, "step \(step): a deadline would be missed")
        }
    }
}
