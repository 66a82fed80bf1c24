/// The rules of a proxy and how far each has counted.
struct RuleBook: Sendable {
    struct Match: Sendable {
        var id: Int
        var action: FrameAction
    }

    private struct Entry: Sendable {
        let id: Int
        let rule: FrameRule
        var count = 0
        var counts: [Int: Int] = [:]
        var isSpent = false
    }

    private var entries: [Entry] = []

    var isEmpty: Bool { entries.isEmpty }

    mutating func add(_ rule: FrameRule, id: Int) { entries.append(Entry(id: id, rule: rule)) }

    mutating func remove(_ id: Int) { entries.removeAll { $0.id == id } }

    /// A connection has ended, so its counts are of no more use.
    mutating func forget(connection: Int) {
        for index in entries.indices { entries[index].counts[connection] = nil }
    }

    /// Counts the frame in every rule. Where several would fire, the one that was added first does, and the others
    /// have missed their chance: one frame suffers one fault.
    mutating func match(_ kind: FrameKind, _ direction: FrameDirection, connection: Int) -> Match? {
        var match: Match?
        for index in entries.indices {
            let rule = entries[index].rule
            guard !entries[index].isSpent, rule.direction == direction, rule.kind == nil || rule.kind == kind
            else { continue }
            let count: Int
            if rule.scope == .proxy {
                entries[index].count += 1
                count = entries[index].count
            } else {
                count = (entries[index].counts[connection] ?? 0) + 1
                entries[index].counts[connection] = count
            }
            guard count == rule.nth || (rule.repeats && count > rule.nth) else { continue }
            if !rule.repeats && rule.scope != .each { entries[index].isSpent = true }
            if match == nil { match = Match(id: entries[index].id, action: rule.action) }
        }
        return match
    }
}
