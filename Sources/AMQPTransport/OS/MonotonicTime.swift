internal import CPlatform

/// A point in time on the clock that no administrator sets: nanoseconds of CLOCK_MONOTONIC, clock_gettime(2).
///
/// Everything saturates: timeouts come from callers and from a peer's heartbeat proposal, and "for ever" is written as
/// `.seconds(.max)` by some of them.
package struct MonotonicTime: Comparable, Hashable, Sendable {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Later than everything: a timer that never fires.
    package static let distantFuture = MonotonicTime(nanoseconds: .max)

    /// About 25 ns through the vDSO.
    package static func now() -> MonotonicTime { MonotonicTime(nanoseconds: cplatform_monotonic_ns()) }

    /// The time of the last tick of the kernel, 1 to 10 ms ago, for a quarter of the price. Never later than `now()`.
    package static func coarse() -> MonotonicTime { MonotonicTime(nanoseconds: cplatform_monotonic_coarse_ns()) }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    package static func + (time: Self, duration: Duration) -> MonotonicTime {
        // The distant future is no point of the clock: one hour before it is the distant future still.
        guard time != .distantFuture else { return .distantFuture }
        return MonotonicTime(nanoseconds: time.nanoseconds.addingSaturating(duration.saturatingNanoseconds))
    }

    /// How long after `earlier` this is; negative if it is before.
    package static func - (later: Self, earlier: Self) -> Duration {
        .nanoseconds(later.nanoseconds.subtractingSaturating(earlier.nanoseconds))
    }

    /// The nanoseconds to wait from `now` on, in the form that ``Epoll/wait(into:timeoutNanoseconds:)`` takes:
    /// 0 if it has passed, -1 if it never comes.
    package func timeoutNanoseconds(from now: MonotonicTime) -> Int64 {
        self == .distantFuture ? -1 : max(0, nanoseconds.subtractingSaturating(now.nanoseconds))
    }
}

extension Duration {
    /// Whole nanoseconds, cut to what Int64 holds (292 years) and towards zero.
    package var saturatingNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        return nanoseconds.addingSaturating(attoseconds / 1_000_000_000)
    }
}

extension Int64 {
    func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    func subtractingSaturating(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}
