internal import AMQPTransport

/// Wakes one task, for whatever reason: a ring is kept until somebody waits, and many rings are one.
///
/// - Invariant: `isRung` and `waiting` are guarded by `lock`, which is taken on its own; continuations are resumed outside
///   of it. That is why the class is `@unchecked Sendable`.
final class Doorbell: @unchecked Sendable {
    private let lock = Lock()
    private var isRung = false
    private var waiting: UnsafeContinuation<Void, Never>?

    func ring() {
        lock.lock()
        isRung = true
        let continuation = waiting
        waiting = nil
        lock.unlock()
        continuation?.resume()
    }

    /// Waits for a ring, `duration` at most, or until the task is cancelled. For one task at a time.
    func wait(atMost duration: Duration? = nil, loop: EventLoop = .shared) async {
        let timer = duration.map { Deadline(loop: loop, at: .now() + $0) { [self] in ring() } }
        defer { timer?.cancel() }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                lock.lock()
                let isDue = isRung
                if !isDue { waiting = continuation }
                lock.unlock()
                if isDue { continuation.resume() }
            }
        } onCancel: {
            ring()
        }
        lock.withLock { isRung = false }
    }
}
