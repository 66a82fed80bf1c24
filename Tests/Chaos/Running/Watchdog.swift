import Glibc
import TestSupport

/// Knows by when every operation has to end: notes those that ended later, and ends the process where one does not end at
/// all, which TestSupport's watchdog finds out even if every thread of Swift's pool is blocked.
final class Watchdog: Sendable {
    /// How much longer than its deadline an operation may take.
    private static let tolerance = TestSupport.Watchdog.grace * Deadline.scale
    /// After so much more it is not going to end any more, and neither would this process.
    private static let patience: Duration = .seconds(30)

    private struct State {
        var count = 0
        var overdue: [String] = []
    }

    private let state = Locked(State())
    private let dog: TestSupport.Watchdog

    init() throws(HarnessError) { dog = try TestSupport.Watchdog(report: say) }

    /// Runs an operation that has to end within `duration`.
    func watch<Value>(
        _ name: String, within duration: Duration, _ body: () async throws -> Value
    ) async rethrows -> Value {
        let start = ContinuousClock.now
        defer {
            let late = ContinuousClock.now - start - duration
            state.withLock { state in
                state.count += 1
                guard late > Self.tolerance else { return }
                state.overdue.append("\(name) ended \(late.inMilliseconds) ms too late")
            }
        }
        return try await dog.watch(name, within: duration + Self.patience, bark: Self.giveUp, body)
    }

    /// How many operations have ended.
    var count: Int { state.withLock { $0.count } }

    /// Those that did not end in time, so far.
    var overdue: [String] { state.withLock { $0.overdue } }

    func stop() { dog.end() }

    /// The stacks are printed already. The nodes end with the process.
    private static func giveUp(_ error: HarnessError) {
        say("HANGS: \(error)")
        say("0 passed, 1 failed")
        _exit(1)
    }
}
