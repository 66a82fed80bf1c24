internal import AMQPTransport

/// A value that changes and that any number of tasks watch. Level-triggered: who comes late sees what is now, and nobody
/// can miss that it changed - only the values in between.
///
/// - Invariant: `current`, `version`, `isFinished` and `waiting` are guarded by `lock`, which is taken on its own;
///   continuations are resumed outside of it. That is why the class is `@unchecked Sendable`.
final class Watched<Value: Sendable>: @unchecked Sendable {
    /// - Invariant: guarded by the lock of the value that is watched; that is why the class is `@unchecked Sendable`.
    private final class Waiter: @unchecked Sendable {
        var continuation: UnsafeContinuation<Void, Never>?
        var isDone = false
    }

    private let lock = Lock()
    private var current: Value
    private var version: UInt64 = 1
    /// It never changes again.
    private var isFinished = false
    private var waiting: [Waiter] = []

    init(_ value: Value) { current = value }

    var value: Value { lock.withLock { current } }

    /// The value, and the number to wait with for another one.
    var snapshot: (value: Value, version: UInt64) { lock.withLock { (current, version) } }

    /// Changes the value and wakes who waits.
    ///
    /// - Parameter isLast: It never changes again.
    func set(_ value: Value, isLast: Bool = false) {
        lock.lock()
        guard !isFinished else {
            lock.unlock()
            return
        }
        current = value
        version += 1
        isFinished = isLast
        wakeAll()
    }

    /// The first value that differs from the one with this number - at once, if it has changed already - or `nil` when the
    /// task is cancelled, it is `deadline`, or there will be no other.
    func next(
        after seen: UInt64, until deadline: MonotonicTime = .distantFuture
    ) async -> (value: Value, version: UInt64)? {
        while !Task.isCancelled {
            let (now, number, isOver) = lock.withLock { (current, version, isFinished) }
            if number != seen { return (now, number) }
            if isOver { return nil }
            if deadline != .distantFuture, MonotonicTime.now() >= deadline { return nil }
            await wait(after: seen, until: deadline)
        }
        return nil
    }

    private func wait(after seen: UInt64, until deadline: MonotonicTime) async {
        let waiter = Waiter()
        var timer: Deadline?
        if deadline != .distantFuture {
            timer = Deadline(loop: .shared, at: deadline) { [self] in wake(waiter) }
        }
        defer { timer?.cancel() }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                lock.lock()
                if version != seen || isFinished || waiter.isDone {
                    lock.unlock()
                    continuation.resume()
                    return
                }
                waiter.continuation = continuation
                waiting.append(waiter)
                lock.unlock()
            }
        } onCancel: {
            wake(waiter)
        }
    }

    private func wake(_ waiter: Waiter) {
        lock.lock()
        waiter.isDone = true
        let continuation = waiter.continuation
        waiter.continuation = nil
        waiting.removeAll { $0 === waiter }
        lock.unlock()
        continuation?.resume()
    }

    /// With the lock held, which it releases.
    private func wakeAll() {
        let woken = waiting
        waiting = []
        let continuations = woken.compactMap { waiter in
            waiter.isDone = true
            return waiter.continuation
        }
        for waiter in woken { waiter.continuation = nil }
        lock.unlock()
        for continuation in continuations { continuation.resume() }
    }
}
