import Glibc

/// Sees to it that an operation which hangs is found where it hangs: a second after its deadline the stacks of all threads
/// are printed, and the operation fails for whoever awaits it.
///
/// It cannot end what hangs. That is cancelled and left behind, so that the test fails instead of hanging too.
package final class Watchdog: Sendable {
    /// How long past its deadline an operation may be before the dog barks.
    package static let grace = Duration.seconds(1)

    private struct Entry: Sendable {
        var name: String
        var deadline: Deadline
        var bark: @Sendable (HarnessError) -> Void
    }

    private struct State: Sendable {
        var entries: [Int: Entry] = [:]
        var next = 0
        var isOver = false
        var barks: [String] = []
    }

    private let state = Locked(State())
    /// Fired for a new earliest deadline and for the end.
    private let wake: Pipe
    private let report: @Sendable (String) -> Void
    private let thread = Locked<HarnessThread?>(nil)

    /// - Parameter report: What to do with the words and the stacks; by default they are printed.
    package init(report: @escaping @Sendable (String) -> Void = Watchdog.print) throws(HarnessError) {
        self.report = report
        wake = try Pipe()
        let started = try HarnessThread("watchdog") { [self] in keepWatch() }
        thread.withLock { $0 = started }
    }

    /// Runs `body` with a watchdog of its own, which ends with it.
    package static func with<Value>(
        report: @escaping @Sendable (String) -> Void = Watchdog.print, isolation: isolated (any Actor)? = #isolation,
        _ body: (Watchdog) async throws -> Value
    ) async throws -> Value {
        let watchdog = try Watchdog(report: report)
        do {
            let value = try await body(watchdog)
            watchdog.end()
            return value
        } catch {
            watchdog.end()
            throw error
        }
    }

    /// Runs `operation`, which should end within `duration` (stretched under sanitizers).
    ///
    /// - Throws: What `operation` throws; ``HarnessError`` of kind `timeout` if it did not end in time and one second.
    package func watch<Value: Sendable>(
        _ name: String, within duration: Duration, _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task { try await operation() }
        let result = Locked<(continuation: CheckedContinuation<Value, any Error>?, isOver: Bool)>((nil, false))
        let finish: @Sendable (Result<Value, any Error>) -> Void = { outcome in
            let continuation = result.withLock { state -> CheckedContinuation<Value, any Error>? in
                state.isOver = true
                defer { state.continuation = nil }
                return state.continuation
            }
            continuation?.resume(with: outcome)
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                result.withLock { $0.continuation = continuation }
                let id = register(name, .after(duration)) { error in
                    task.cancel()
                    finish(.failure(error))
                }
                Task {
                    let outcome = await task.result
                    withdraw(id)
                    finish(outcome)
                }
            }
        } onCancel: {
            task.cancel()
        }
    }

    /// Runs `operation` where it is called, and waits for it whatever happens: `bark` is called if it does not end within
    /// `duration` (stretched under sanitizers) and one second.
    package func watch<Value>(
        _ name: String, within duration: Duration, bark: @escaping @Sendable (HarnessError) -> Void,
        _ operation: () async throws -> Value
    ) async rethrows -> Value {
        let id = register(name, .after(duration), bark)
        defer { withdraw(id) }
        return try await operation()
    }

    /// What was reported so far, by name.
    package var barks: [String] { state.withLock { $0.barks } }

    /// Stops watching and joins the thread. What is still watched is let go.
    package func end() {
        state.withLock { $0.isOver = true }
        poke()
        let taken = thread.withLock { thread -> HarnessThread? in
            defer { thread = nil }
            return thread
        }
        guard let taken else { return }
        taken.join()
        close(wake.readEnd)
        close(wake.writeEnd)
    }

    package static func print(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    // MARK: Inside

    private func register(_ name: String, _ deadline: Deadline, _ bark: @escaping @Sendable (HarnessError) -> Void)
        -> Int
    {
        let id = state.withLock { state in
            state.next += 1
            state.entries[state.next] = Entry(name: name, deadline: deadline, bark: bark)
            return state.next
        }
        return id
    }

    private func withdraw(_ id: Int) { state.withLock { _ = $0.entries.removeValue(forKey: id) } }

    private func poke() {
        var byte: UInt8 = 1
        _ = send(wake.writeEnd, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }

    /// Looks ten times a second: nothing here needs to be more exact, and registering an operation costs no system call.
    private func keepWatch() {
        while !state.withLock({ $0.isOver }) {
            if !Poll.wait(for: [(wake.readEnd, POLLIN)], until: .exactly(.milliseconds(100))).isEmpty { continue }
            let overdue = state.withLock { state -> [Entry] in
                let late = state.entries.filter { $0.value.deadline.hasPassed(by: Self.grace) }
                for id in late.keys { state.entries[id] = nil }
                state.barks += late.values.map(\.name)
                return Array(late.values)
            }
            guard !overdue.isEmpty else { continue }
            let names = overdue.map(\.name).joined(separator: ", ")
            report("watchdog: past its deadline and a second: \(names)\n\(StackDump.all())\n")
            for entry in overdue {
                entry.bark(HarnessError(.timeout, "\(entry.name) did not end; the stacks of all threads are printed"))
            }
        }
    }
}
