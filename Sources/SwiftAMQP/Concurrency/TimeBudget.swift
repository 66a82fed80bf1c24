internal import AMQPTransport

/// Sees to it that a loop which never has to wait lets other tasks run.
///
/// Swift's cooperative pool has as many threads as the machine has cores; a loop that never suspends takes one of them
/// for good (*measured*: on two cores a 10 ms ticker was late by 2 s). So fast paths give way about once a millisecond.
struct TimeBudget {
    private static let nanoseconds: Int64 = 1_000_000
    /// Reading the clock costs more than a pop, so it is read once in so many calls.
    private static let stride: UInt32 = 64

    private var calls: UInt32 = 0
    private var startedAt: Int64 = 0

    /// Counts one call of the fast path. True if it is time for `Task.yield()`.
    @inline(__always)
    mutating func isSpent() -> Bool {
        calls &+= 1
        guard calls % Self.stride == 0 else { return false }
        return checkClock()
    }

    /// The task waited for something, so others had their turn.
    mutating func restart() { startedAt = 0 }

    private mutating func checkClock() -> Bool {
        let now = MonotonicTime.coarse().nanoseconds
        if startedAt == 0 {
            startedAt = now
            return false
        }
        guard now - startedAt >= Self.nanoseconds else { return false }
        startedAt = 0
        return true
    }
}
