internal import AMQPTransport
internal import CSwiftAMQP
internal import Glibc
internal import SwiftAMQP

/// Lets a thread of the caller wait for what the Swift API does in tasks. Nothing of the library itself calls this.
enum Waiting {
    /// How long a caller waits.
    struct Limit {
        /// `.distantFuture` for a caller that waits without a limit.
        let deadline: MonotonicTime
        let milliseconds: Int64

        init(milliseconds: Int64) {
            self.milliseconds = milliseconds
            deadline = milliseconds < 0 ? .distantFuture : MonotonicTime.now() + .milliseconds(milliseconds)
        }

        /// What is left, for functions that take a duration. Ten years stand for "without a limit".
        var duration: Duration {
            deadline == .distantFuture ? .seconds(315_360_000) : max(deadline - .now(), .zero)
        }

        var mayWait: Bool { milliseconds != 0 }
    }

    /// Refuses to wait where the one that is waited for may be the caller.
    static func check(_ limit: Limit) throws(Failure) {
        if limit.mayWait, Callback.isInEvent { throw Failure.wouldDeadlock }
    }

    /// Does `operation` in a task and waits for it.
    ///
    /// - Parameter operation: Is cancelled when the time runs out, and has to end then.
    /// - Throws: What it throws; ``Failure/timeout`` if the time ran out.
    static func run<Value: Sendable>(
        _ limit: Limit, _ operation: @escaping @Sendable () async throws(AMQPError) -> Value
    ) throws(Failure) -> Value {
        try check(limit)
        guard limit.mayWait else { throw Failure.timeout }
        let gate = Gate<Result<Value, AMQPError>>()
        let task = Task.detached {
            let result: Result<Value, AMQPError>
            do throws(AMQPError) {
                result = .success(try await operation())
            } catch {
                result = .failure(error)
            }
            gate.open(result)
        }
        if let result = gate.wait(until: limit.deadline) { return try mapped(result.get) }
        task.cancel()
        switch try gate.wait() {
        case .success(let value): return value
        case .failure(let error): throw error.code == .cancelled ? Failure.timeout : Failure(error)
        }
    }
}

extension Waiting {
    /// Does `operation` in a task and waits for it, however long that is: it keeps a deadline of its own.
    static func untilDone<Value: Sendable>(
        _ operation: @escaping @Sendable () async -> Value
    ) throws(Failure) -> Value {
        let gate = Gate<Value>()
        Task.detached { gate.open(await operation()) }
        return try gate.wait()
    }
}

/// A value that one thread waits for and another one brings, once.
///
/// Invariant: `value` is guarded by `lock`; that is why the class is `@unchecked Sendable`.
final class Gate<Value: Sendable>: @unchecked Sendable {
    private let lock = ConditionLock()
    private var value: Value?

    /// The first value stays.
    func open(_ value: Value) {
        lock.withLock { if self.value == nil { self.value = value } }
        lock.wakeAll()
    }

    /// The value, once it is there.
    func wait() throws(Failure) -> Value {
        guard let value = wait(until: .distantFuture) else {
            throw Failure(SAMQP_ERR_INTERNAL, "a wait without a limit came back")
        }
        return value
    }

    /// The value, once it is there; `nil` if it is not by `deadline`.
    func wait(until deadline: MonotonicTime) -> Value? {
        lock.withLock {
            while value == nil { if !lock.wait(until: deadline) { return value } }
            return value
        }
    }
}
