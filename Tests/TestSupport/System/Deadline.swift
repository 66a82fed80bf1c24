import Glibc

/// A moment on the monotonic clock by which something has to have happened.
package struct Deadline: Sendable {
    private let instant: ContinuousClock.Instant

    /// A deadline `duration` from now, stretched by ``scale``.
    package static func after(_ duration: Duration) -> Deadline {
        Deadline(instant: .now + duration * scale)
    }

    /// A moment `duration` from now that is not stretched: a length of time and no bound on anything.
    static func exactly(_ duration: Duration) -> Deadline { Deadline(instant: .now + duration) }

    package var hasPassed: Bool { ContinuousClock.now >= instant }

    /// Whether it passed so long ago, or longer.
    func hasPassed(by duration: Duration) -> Bool { ContinuousClock.now >= instant + duration }

    /// What is left in milliseconds, rounded up, never negative: the form that `poll` takes.
    package var milliseconds: Int32 {
        let left = (instant - .now).components
        if left.seconds < 0 || left.attoseconds < 0 { return 0 }
        return Int32(clamping: left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1)
    }

    /// How much longer than usual everything may take: 1, or the number in `SWIFTAMQP_TEST_DEADLINE_SCALE`.
    ///
    /// Runs under a sanitizer are several times slower; their make targets set it.
    package static let scale: Int = {
        guard let text = getenv("SWIFTAMQP_TEST_DEADLINE_SCALE") else { return 1 }
        return Int(String(cString: text)).map { min(max($0, 1), 100) } ?? 1
    }()
}
