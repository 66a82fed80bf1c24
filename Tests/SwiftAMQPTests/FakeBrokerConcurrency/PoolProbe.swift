import TestSupport

/// Knows when Swift's pool, or the machine, was busy with something else: what a cancelled task has to wait for does not
/// count against the library.
final class PoolProbe: Sendable {
    private let gaps = Locked<[(from: ContinuousClock.Instant, to: ContinuousClock.Instant)]>([])
    private let task: Task<Void, Never>

    init() {
        let gaps = gaps
        task = Task.detached {
            while !Task.isCancelled {
                let due = ContinuousClock.now + .milliseconds(2)
                try? await Task.sleep(until: due, clock: .continuous)
                let now = ContinuousClock.now
                if now - due > .milliseconds(5) { gaps.withLock { $0.append((due, now)) } }
            }
        }
    }

    func end() { task.cancel() }

    /// How much of the time between two moments a plain sleep was late by.
    func lateness(from start: ContinuousClock.Instant, to end: ContinuousClock.Instant) -> Duration {
        gaps.withLock { gaps in
            gaps.reduce(.zero) { sum, gap in
                let from = max(start, gap.from)
                let to = min(end, gap.to)
                return to > from ? sum + (to - from) : sum
            }
        }
    }
}
