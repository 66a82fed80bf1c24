/// What a log of intents, outcomes and deliveries comes to, after everything has healed and queues are empty.
///
/// Sets as in Jepsen's total-queue: what was confirmed has to be found, what was not sent or came back must not be.
package struct CheckReport: Sendable {
    /// How much later than its deadline an outcome may come.
    package static let tolerance: Duration = .milliseconds(250) * Deadline.scale

    package let run: UInt64
    package internal(set) var intents = 0
    /// First outcomes.
    package internal(set) var outcomes: [CheckedOutcome: Int] = [:]
    package internal(set) var deliveries = 0
    /// Deliveries of a message beyond its first.
    package internal(set) var duplicates = 0
    /// Deliveries of another run's messages.
    package internal(set) var otherRuns = 0
    /// Intents that a process left without an outcome when it was killed.
    package internal(set) var abandoned = 0

    /// Deliveries that say nothing of an earlier one, because the broker was killed in between.
    package internal(set) var forgotten = 0

    /// Confirmed, but never delivered.
    package internal(set) var lost: [MessageID] = []
    /// Said not to have been sent, or to have been returned, but delivered.
    package internal(set) var phantom: [MessageID] = []
    /// Delivered more than once without a word of it, although the outcome says that there was one attempt.
    package internal(set) var unflaggedDuplicates: [MessageID] = []
    /// Delivered for the first time after a later message of the same publisher.
    package internal(set) var inversions: [MessageID] = []
    /// Intents without an outcome.
    package internal(set) var missing: [MessageID] = []
    /// Intents with more than one.
    package internal(set) var double: [MessageID] = []
    /// Outcomes past the deadline and the tolerance.
    package internal(set) var late: [MessageID] = []
    /// Outcomes and deliveries without an intent, and intents that came twice: the log is not what it should be.
    package internal(set) var unexpected: [MessageID] = []
    /// Bodies that were not what they had been.
    package internal(set) var damaged = 0
    /// Unknown, and delivered. This is allowed: it is what unknown means.
    package internal(set) var recovered: [MessageID] = []

    /// The records of the first few messages of each finding.
    var traces: [String: [CheckRecord]] = [:]

    /// Everything that must not be, by name.
    package var findings: [(name: String, ids: [MessageID])] {
        [
            ("lost", lost), ("phantom", phantom), ("unflagged duplicates", unflaggedDuplicates),
            ("inversions", inversions), ("missing", missing), ("double", double), ("late", late),
            ("unexpected", unexpected),
        ]
    }

    /// Whether nothing was found that must not be. `ordered: false` leaves inversions out: where the broker nacked, or
    /// several consumers share a queue, the order is not promised.
    package func isClean(ordered: Bool = true) -> Bool {
        damaged == 0 && findings.allSatisfy { $0.ids.isEmpty || (!ordered && $0.name == "inversions") }
    }
}

extension CheckReport: CustomStringConvertible {
    /// One line.
    package var description: String {
        let kinds = CheckedOutcome.allCases.compactMap { kind in outcomes[kind].map { "\($0) \(kind)" } }
        var faults = findings.filter { !$0.ids.isEmpty }.map { "\($0.ids.count) \($0.name)" }
        if damaged > 0 { faults.append("\(damaged) damaged") }
        var text = "run \(run): \(intents) intents: \(kinds.joined(separator: ", "))"
        if !recovered.isEmpty { text += " (\(recovered.count) recovered)" }
        if forgotten > 0 { text += ", \(forgotten) forgotten by a broker that was killed" }
        if abandoned > 0 { text += ", \(abandoned) abandoned" }
        text += "; \(deliveries) deliveries, \(duplicates) duplicates; "
        return text + (faults.isEmpty ? "clean" : "FOUND " + faults.joined(separator: ", "))
    }

    /// With the history of the first few messages of each finding.
    package var fullDescription: String {
        var lines = [description]
        for (name, ids) in findings + [("recovered", recovered)] where !ids.isEmpty {
            lines.append("\(name): \(ids.prefix(Self.shown).map(\.description).joined(separator: ", "))")
            if ids.count > Self.shown { lines[lines.count - 1] += " and \(ids.count - Self.shown) more" }
            lines += (traces[name] ?? []).map { "  \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    /// How many messages of a finding are shown.
    static let shown = 10
}
