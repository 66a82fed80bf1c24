import TestSupport
import Testing

/// Measures how much later something ends than a plain sleep of the same length.
///
/// Both resume on the same pool, which other tests keep busy for a while now and then: what they cost both does not
/// count against the library.
struct Punctuality: Sendable {
    private let sleep: Task<ContinuousClock.Instant, Never>

    init(_ duration: Duration) {
        let start = ContinuousClock.now
        sleep = Task.detached {
            try? await Task.sleep(until: start + duration, clock: .continuous)
            return ContinuousClock.now
        }
    }

    /// How late this moment is. The contract allows 250 ms after each deadline.
    func lateness() async -> Duration {
        let now = ContinuousClock.now
        return now - (await sleep.value)
    }

    static let allowance = Duration.milliseconds(250) * Deadline.scale
}
