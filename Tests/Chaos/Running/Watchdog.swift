import Glibc
import TestSupport

/// Knows by when every operation has to end, and notices those that do not, even if the code under test blocks every
/// thread of Swift's pool: it looks from a thread of its own.
final class Watchdog: Sendable {
    /// How much longer than its deadline an operation may take.
    static let tolerance: Duration = .seconds(1) * Deadline.scale
    /// After so much more it is not going to end any more, and neither would this process.
    private static let patience: Duration = .seconds(30)

    private struct Operation {
        var name: String
        /// When it has to have ended, in nanoseconds of the monotonic clock.
        var limit: UInt64
        var isReported = false
    }

    private struct State {
        var operations: [UInt64: Operation] = [:]
        var next: UInt64 = 0
        var count = 0
        var overdue: [String] = []
        var isStopping = false
    }

    private let state: Locked<State>
    private let thread: Locked<HarnessThread?>

    init() throws(HarnessError) {
        let state = Locked(State())
        self.state = state
        thread = Locked(
            try HarnessThread("watchdog") {
                while Self.look(state) { usleep(50_000) }
            })
    }

    /// Runs an operation that has to end within `duration`.
    func watch<Value>(
        _ name: String, within duration: Duration, _ body: () async throws -> Value
    ) async rethrows -> Value {
        let limit = MonotonicClock.now() &+ (duration + Self.tolerance).nanosecondsClamped
        let id = state.withLock { state in
            state.next += 1
            state.operations[state.next] = Operation(name: name, limit: limit)
            return state.next
        }
        defer {
            let end = MonotonicClock.now()
            state.withLock { state in
                state.count += 1
                guard let operation = state.operations.removeValue(forKey: id) else { return }
                if end > operation.limit {
                    state.overdue.append("\(name) ended \((end - operation.limit) / 1_000_000) ms too late")
                }
            }
        }
        return try await body()
    }

    /// How many operations have ended.
    var count: Int { state.withLock { $0.count } }

    /// Those that did not end in time, so far.
    var overdue: [String] { state.withLock { $0.overdue } }

    func stop() {
        state.withLock { $0.isStopping = true }
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    private static func look(_ state: Locked<State>) -> Bool {
        let now = MonotonicClock.now()
        var hung: [String] = []
        let goesOn = state.withLock { state in
            for (id, operation) in state.operations where now > operation.limit {
                if !operation.isReported { state.overdue.append("\(operation.name) has not ended in time") }
                state.operations[id]?.isReported = true
                if now - operation.limit > patience.nanosecondsClamped { hung.append(operation.name) }
            }
            return !state.isStopping
        }
        guard hung.isEmpty else { giveUp(hung) }
        return goesOn
    }

    /// Prints every thread's stack, where there is a debugger, and ends the process; its nodes end with it.
    private static func giveUp(_ hung: [String]) -> Never {
        for name in hung { say("HANGS: \(name)") }
        let stacks = try? runCommand(
            ["gdb", "-p", "\(getpid())", "-batch", "-ex", "thread apply all bt 30"], environment: ["PATH": path],
            deadline: .after(.seconds(60)))
        say(stacks?.output ?? "there is no gdb to print the stacks with")
        say("0 passed, \(hung.count) failed")
        _exit(1)
    }

    private static var path: String { environmentVariable("PATH") ?? "/usr/bin:/bin" }
}
