import TestSupport
import Testing

@testable import SwiftAMQP

/// Random sequences of everything that can happen to the publishes of one publisher, against a list that is slow and
/// obvious: no publish is lost, none ends twice or differently, the order and the numbers are exact.
@Suite struct ResendModelTests {
    #if DEBUG
        private static let steps = 20_000
    #else
        private static let steps = 200_000
    #endif

    private struct Entry {
        enum Place { case line, backingOff(Int64), parked, flying, outside }

        let publish: ResendingPublish
        let order: Int
        var place: Place
        var unknown = 0
        var nacked = 0
        var wasSent = false
        var wasTaken = false

        /// The rules of the outcomes in other words than the library's.
        func final(_ last: AMQPPublishOutcome) -> AMQPPublishOutcome {
            if last == .confirmed || unknown + nacked == 0 { return last }
            switch last {
            case .nacked, .notSent: if unknown == 0 { return .nacked }
            case .confirmed, .returned, .unknown: break
            }
            switch last {
            case .notSent(let reason), .unknown(let reason): return .unknown(reason: reason)
            case .returned: return .unknown(reason: .unroutable)
            case .nacked, .confirmed: return .unknown(reason: .timeout)
            }
        }
    }

    private struct Model {
        var entries: [String: Entry] = [:]
        var outside: [String] = []
        var ended: [String: AMQPPublishOutcome] = [:]
        var soloThrough = -1
        var unanswered = 0

        func names(_ isWanted: (Entry) -> Bool) -> [String] {
            entries.values.filter(isWanted).sorted { $0.order < $1.order }.map(\.publish.name)
        }

        var flying: [String] { names { if case .flying = $0.place { true } else { false } } }
        var inLine: [String] { names { if case .line = $0.place { true } else { false } } }
        var parked: String? { names { if case .parked = $0.place { true } else { false } }.first }
        var inside: Int { entries.count - outside.count }
        var bytes: Int {
            entries.filter { !outside.contains($0.key) }.values.reduce(0) { $0 + $1.publish.weight }
        }

        mutating func end(_ name: String, _ last: AMQPPublishOutcome) {
            guard let entry = entries.removeValue(forKey: name) else { return }
            outside.removeAll { $0 == name }
            ended[name] = entry.final(last)
        }

        /// The one to go next.
        mutating func next() -> String? {
            guard parked == nil, soloThrough < 0 || flying.isEmpty, let first = inLine.first else { return nil }
            if let order = entries[first]?.order, order > soloThrough { soloThrough = -1 }
            entries[first]?.wasTaken = true
            return first
        }

        /// An attempt ended, without a nack.
        mutating func lost(_ name: String, isSent: Bool, _ reason: AMQPPublishOutcome.Reason) {
            guard let entry = entries[name] else { return }
            if isSent { unanswered += 1 }
            if isSent, entry.publish.policy == .once { return end(name, .unknown(reason: reason)) }
            if isSent { entries[name]?.unknown += 1 }
            entries[name]?.place = .line
        }
    }

    @Test(arguments: 1...6) func agreesWithAModel(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let limits = (messages: 24, bytes: 40 * 512)
        let line = ResendLine(messages: limits.messages, bytes: limits.bytes)
        var model = Model()
        var made = 0
        var orders = 0
        var firstSends: [Int] = []
        for step in 0..<Self.steps {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<28:
                made += 1
                let publish = line.make(
                    "\(made)", size: Int.random(in: 0...2048, using: &random),
                    policy: Int.random(in: 0..<4, using: &random) == 0 ? .once : .atLeastOnce,
                    deadline: line.now + Int64.random(in: 1...2_000_000_000, using: &random))
                let fits =
                    model.inside == 0
                    || model.inside < limits.messages && model.bytes + publish.weight <= limits.bytes
                let rest = model.entries.values.filter(\.wasTaken)
                let canMakeRoom =
                    rest.isEmpty
                    || rest.count < limits.messages
                        && rest.reduce(publish.weight) { $0 + $1.publish.weight } <= limits.bytes
                try #require(line.canMakeRoom(for: publish) == canMakeRoom, "step \(step)")
                let isTaken = line.accept(publish)
                // Who waits outside and has ended may still be in the way for a moment.
                if !isTaken, model.outside.isEmpty, fits { try #require(line.isAnybodyOutside, "step \(step)") }
                if isTaken { try #require(model.outside.isEmpty && fits, "step \(step): no room") }
                orders += 1
                model.entries[publish.name] = Entry(
                    publish: publish, order: orders, place: isTaken ? .line : .outside)
                if !isTaken {
                    line.waitOutside(publish)
                    model.outside.append(publish.name)
                }
            case 28..<50:
                // Sends some; the channel may have no room for the last.
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    let expected = model.next()
                    if expected != nil, Int.random(in: 0..<12, using: &random) == 0 {
                        try #require(line.park()?.name == expected, "step \(step)")
                        if let expected { model.entries[expected]?.place = .parked }
                        continue
                    }
                    let publish = line.next()
                    try #require(publish?.name == expected, "step \(step): another one was to go")
                    guard let publish, let entry = model.entries[publish.name] else { break }
                    line.didSend(publish)
                    if !entry.wasSent { firstSends.append(entry.order) }
                    model.entries[publish.name]?.wasSent = true
                    model.entries[publish.name]?.place = .flying
                }
            case 50..<56:
                guard let parked = model.parked else { continue }
                line.encodeParked()
                model.entries[parked]?.place = .flying
                if model.entries[parked]?.wasSent == false { firstSends.append(model.entries[parked]?.order ?? 0) }
                model.entries[parked]?.wasSent = true
            case 56..<76:
                guard let name = model.flying.randomElement(using: &random), let entry = model.entries[name] else {
                    continue
                }
                let outcomes: [AMQPPublishOutcome] = [
                    .confirmed, .confirmed, .confirmed, .nacked, .returned(replyCode: 312, replyText: "NO_ROUTE"),
                    .unknown(reason: .timeout),
                ]
                let outcome = outcomes.randomElement(using: &random) ?? .confirmed
                line.end(entry.publish, outcome, random: 10_000_000)
                if outcome == .nacked, entry.publish.policy == .atLeastOnce {
                    model.entries[name]?.nacked += 1
                    model.entries[name]?.place = .backingOff(line.now + 10_000_000)
                } else {
                    if case .unknown = outcome { model.unanswered += 1 }
                    model.end(name, outcome)
                }
            case 76..<82:
                guard let name = model.entries.keys.sorted().randomElement(using: &random),
                    let entry = model.entries[name]
                else { continue }
                let isFlying = if case .flying = entry.place { true } else { false }
                line.withdraw(entry.publish)
                if isFlying { model.unanswered += 1 }
                model.end(name, isFlying ? .unknown(reason: .cancelled) : .notSent(reason: .cancelled))
            case 82..<88: lose(line, &model, .lostConnection, &random)
            case 88..<92:
                lose(line, &model, .exception(Bool.random(using: &random) ? 404 : 541), &random)
            default:
                line.now += Int64.random(in: 0...300_000_000, using: &random)
                _ = line.expire()
                for (name, entry) in model.entries where entry.publish.deadline <= line.now {
                    switch entry.place {
                    case .line, .backingOff, .outside: model.end(name, .notSent(reason: .timeout))
                    case .parked, .flying: break
                    }
                }
                for (name, entry) in model.entries {
                    if case .backingOff(let until) = entry.place, until <= line.now {
                        model.entries[name]?.place = .line
                    }
                }
            }
            // As its publisher does after everything that may have made room.
            for name in line.admitOutside() {
                try #require(model.outside.first == name, "step \(step): another one waits longer")
                model.outside.removeFirst()
                orders += 1
                if let entry = model.entries[name] {
                    model.entries[name] = Entry(publish: entry.publish, order: orders, place: .line)
                }
            }
            try #require(line.count == model.inside, "step \(step)")
            try #require(line.bytes == model.bytes, "step \(step)")
            try #require(line.inFlight == model.flying.count, "step \(step)")
            try #require(line.ended.count == model.ended.count, "step \(step)")
            if model.inside == 0 { try #require(model.outside.isEmpty, "step \(step): they wait for nothing") }
        }
        #expect(line.ended == model.ended)
        #expect(line.ended.count + model.entries.count == made)
        #expect(firstSends == firstSends.sorted(), "what was never sent went out in another order")
        #expect(Set(firstSends).count == firstSends.count)
    }

    /// The channel ends: some of what was on it never reached the kernel.
    private func lose(
        _ line: ResendLine, _ model: inout Model, _ error: AMQPError, _ random: inout SeededGenerator
    ) {
        let reason: AMQPPublishOutcome.Reason = error.code == .channelException ? .channelClosed : .connectionClosed
        let flying = line.flying.map(\.name)
        let first = Int.random(in: 0...flying.count, using: &random)
        let culprit = line.lose(error, notSentFrom: first)
        for (index, name) in flying.enumerated() { model.lost(name, isSent: index < first, reason) }
        let suspects = flying.prefix(first).filter { model.entries[$0] != nil }
        if let parked = model.parked { model.lost(parked, isSent: false, reason) }
        var expected: String?
        if error.code == .channelException {
            if model.unanswered == 1, suspects.count == 1, error.replyCode == 404 {
                expected = suspects.first
            } else {
                let highest = suspects.compactMap { model.entries[$0]?.order }.max() ?? -1
                model.soloThrough = max(model.soloThrough, highest)
            }
        }
        model.unanswered = 0
        #expect(culprit == expected)
        if let expected {
            model.entries[expected]?.unknown -= 1
            model.end(expected, .notSent(reason: .rejected))
        }
    }
}
