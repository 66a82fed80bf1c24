extension CheckReport {
    /// Everything known of one message.
    private struct History {
        var intent: (time: UInt64, deadline: UInt64)?
        var hasTwoIntents = false
        var wasAbandoned = false
        var outcome: CheckedOutcome?
        var attempts: UInt32 = 0
        var outcomes = 0
        var isLate = false
        var deliveries = 0
        /// Deliveries that say nothing of an earlier one.
        var unflagged = 0
        /// How often the broker had been killed when it was delivered last.
        var kills = 0
        var isInverted = false
    }

    package init(run: UInt64, _ records: some Sequence<CheckRecord>, tolerance: Duration = CheckReport.tolerance) {
        self.run = run
        var histories: [MessageID: History] = [:]
        var highest: [UInt32: UInt64] = [:]
        var kills = 0
        for record in records {
            if record.id.run != run {
                if case .delivery = record.event { otherRuns += 1 }
                continue
            }
            switch record.event {
            case .damage: damaged += 1
            case .restart:
                for (id, history) in histories where history.intent != nil && history.outcome == nil {
                    histories[id]?.wasAbandoned = true
                }
            case .brokerKilled: kills += 1
            case .intent(let deadline):
                intents += 1
                var history = histories[record.id] ?? History()
                // A process that goes on after another may try again what that one left.
                if history.intent != nil && !history.wasAbandoned { history.hasTwoIntents = true }
                history.intent = (record.time, deadline)
                histories[record.id] = history
            case .outcome(let outcome, let attempts):
                var history = histories[record.id] ?? History()
                history.outcomes += 1
                if history.outcomes == 1 {
                    history.outcome = outcome
                    history.attempts = attempts
                    outcomes[outcome, default: 0] += 1
                }
                if let (start, deadline) = history.intent {
                    let limit = start &+ deadline &+ tolerance.nanosecondsClamped
                    if record.time > limit { history.isLate = true }
                }
                histories[record.id] = history
            case .delivery(let attempt, let redelivered):
                deliveries += 1
                var history = histories[record.id] ?? History()
                history.deliveries += 1
                if !redelivered && attempt <= 1 {
                    if history.deliveries == 1 || history.kills == kills {
                        history.unflagged += 1
                    } else {
                        forgotten += 1
                    }
                }
                history.kills = kills
                if history.deliveries > 1 {
                    duplicates += 1
                } else {
                    let sequence = record.id.sequence
                    let last = highest[record.id.publisher] ?? 0
                    history.isInverted = sequence < last
                    highest[record.id.publisher] = max(sequence, last)
                }
                histories[record.id] = history
            }
        }
        for (id, history) in histories { judge(id, history) }
        sortFindings()
        trace(records)
    }

    private mutating func judge(_ id: MessageID, _ history: History) {
        let wasDelivered = history.deliveries > 0
        if history.intent == nil || history.hasTwoIntents { unexpected.append(id) }
        if history.outcomes > 1 { double.append(id) }
        if history.isLate { late.append(id) }
        if history.isInverted { inversions.append(id) }
        switch history.outcome {
        case .confirmed: if !wasDelivered { lost.append(id) }
        case .returned, .notSent: if wasDelivered { phantom.append(id) }
        case .unknown: if wasDelivered { recovered.append(id) }
        case .nacked: break
        case nil:
            if history.wasAbandoned { abandoned += 1 } else if history.intent != nil { missing.append(id) }
        }
        // One of them is the message itself. An earlier process may have tried, too, and cannot say so any more.
        if history.outcome != nil, history.attempts <= 1, !history.wasAbandoned, history.unflagged > 1 {
            unflaggedDuplicates.append(id)
        }
    }

    private mutating func sortFindings() {
        lost.sort()
        phantom.sort()
        unflaggedDuplicates.sort()
        inversions.sort()
        missing.sort()
        double.sort()
        late.sort()
        unexpected.sort()
        recovered.sort()
    }

    private mutating func trace(_ records: some Sequence<CheckRecord>) {
        var names: [MessageID: [String]] = [:]
        for (name, ids) in findings + [("recovered", recovered)] {
            for id in ids.prefix(Self.shown) { names[id, default: []].append(name) }
        }
        if names.isEmpty { return }
        for record in records {
            for name in names[record.id] ?? [] { traces[name, default: []].append(record) }
        }
    }
}
