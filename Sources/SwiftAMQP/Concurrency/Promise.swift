internal import AMQPTransport

/// A value that comes later, once; any number of tasks may wait for it.
///
/// Three states: created, waiting, finished. Whoever completes it first wins, later completions are ignored, and
/// continuations are resumed outside the lock.
///
/// - Invariant: `state` is guarded by `lock`; that is why the class is `@unchecked Sendable`.
final class Promise<Value: Sendable>: @unchecked Sendable {
    typealias Outcome = Result<Value, AMQPError>

    private enum State {
        case waiting([UnsafeContinuation<Outcome, Never>], callbacks: [@Sendable (Outcome) -> Void])
        case finished(Outcome)
    }

    private let lock = Lock()
    private var state = State.waiting([], callbacks: [])

    /// Finishes the promise. False if it was finished before.
    @discardableResult
    func complete(_ outcome: Outcome) -> Bool {
        lock.lock()
        guard case .waiting(let continuations, let callbacks) = state else {
            lock.unlock()
            return false
        }
        state = .finished(outcome)
        lock.unlock()
        for continuation in continuations { continuation.resume(returning: outcome) }
        for callback in callbacks { callback(outcome) }
        return true
    }

    /// What it was completed with, if it was.
    var outcome: Outcome? {
        lock.withLock {
            if case .finished(let outcome) = state { outcome } else { nil }
        }
    }

    /// Waits, whatever happens to the task: for what is bounded by a deadline of its own.
    func wait() async -> Outcome {
        await withUnsafeContinuation { continuation in
            lock.lock()
            switch state {
            case .finished(let outcome):
                lock.unlock()
                continuation.resume(returning: outcome)
            case .waiting(let continuations, let callbacks):
                state = .waiting(continuations + [continuation], callbacks: callbacks)
                lock.unlock()
            }
        }
    }

    /// Calls `callback` once, on the thread that completes the promise, or at once if it is complete.
    func whenCompleted(_ callback: @escaping @Sendable (Outcome) -> Void) {
        lock.lock()
        switch state {
        case .finished(let outcome):
            lock.unlock()
            callback(outcome)
        case .waiting(let continuations, let callbacks):
            state = .waiting(continuations, callbacks: callbacks + [callback])
            lock.unlock()
        }
    }

    /// Waits until all of these are completed, until `deadline` at most, whatever happens to the task.
    ///
    /// - Returns: Whether they were in time.
    static func wait(forAll promises: [Promise], until deadline: MonotonicTime) async -> Bool {
        if promises.allSatisfy({ $0.outcome != nil }) { return true }
        let isDone = Promise<Bool>()
        let timer = Deadline(loop: .shared, at: deadline) { isDone.complete(.success(false)) }
        defer { timer.cancel() }
        Task {
            for promise in promises { _ = await promise.wait() }
            isDone.complete(.success(true))
        }
        if case .success(let value) = await isDone.wait() { return value }
        return false
    }

    /// Waits; when the task is cancelled, `onCancel` is called, which must see to it that the promise is completed.
    func value(onCancel: @escaping @Sendable () -> Void) async throws(AMQPError) -> Value {
        let outcome = await withTaskCancellationHandler(operation: { await wait() }, onCancel: onCancel)
        return try outcome.get()
    }
}
