/// What went through a proxy: the last records, and an audit of all of them.
package final class FrameJournal: Sendable {
    /// The seed of the proxy that wrote it.
    package let seed: UInt64
    private let start: UInt64
    private let state: Locked<State>

    private struct State: Sendable {
        let limit: Int
        // A ring, once it is full.
        var records: [FrameRecord] = []
        var oldest = 0
        var total = 0
        var audit = FrameAudit()
    }

    init(seed: UInt64, limit: Int) {
        self.seed = seed
        start = MonotonicClock.now()
        state = Locked(State(limit: max(limit, 0)))
    }

    /// The records that are kept, oldest first.
    package var records: [FrameRecord] {
        state.withLock { Array($0.records[$0.oldest...] + $0.records[..<$0.oldest]) }
    }

    /// How many records there have been. The audit saw all of them, even where fewer are kept.
    package var total: Int { state.withLock { $0.total } }

    package var audit: FrameAudit { state.withLock { $0.audit } }

    /// Forgets the records, and what the audit has found and counted. It still knows what is open and unsettled.
    package func clear() {
        state.withLock { state in
            state.records = []
            state.oldest = 0
            state.total = 0
            state.audit.clearFindings()
        }
    }

    func now() -> UInt64 { MonotonicClock.now() - start }

    func append(_ record: FrameRecord) {
        state.withLock { state in
            state.total += 1
            state.audit.take(record)
            if state.limit == 0 { return }
            if state.records.count < state.limit {
                state.records.append(record)
            } else {
                state.records[state.oldest] = record
                state.oldest = (state.oldest + 1) % state.limit
            }
        }
    }
}

extension FrameJournal: CustomStringConvertible {
    /// A line a record, under a line with the seed.
    package var description: String {
        let records = records
        let head = "proxy with seed \(seed), \(records.count) of \(total) records:"
        return ([head] + records.map(\.description)).joined(separator: "\n")
    }
}
