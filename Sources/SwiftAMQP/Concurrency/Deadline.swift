internal import AMQPTransport

/// A timer that any thread may set and take back.
///
/// - Invariant: `timer` and `isCancelled` are touched on the loop's thread only; that is why the class is
///   `@unchecked Sendable`.
final class Deadline: @unchecked Sendable {
    private let loop: EventLoop
    private var timer: LoopTimer?
    private var isCancelled = false

    /// Runs `action` on the loop's thread at `time`, unless it is cancelled before.
    init(loop: EventLoop, at time: MonotonicTime, _ action: @escaping @Sendable () -> Void) {
        self.loop = loop
        loop.execute { [self] in
            guard !isCancelled else { return }
            timer = loop.schedule(at: time, action)
        }
    }

    func cancel() {
        loop.execute { [self] in
            isCancelled = true
            if let timer { loop.cancel(timer) }
            timer = nil
        }
    }
}
