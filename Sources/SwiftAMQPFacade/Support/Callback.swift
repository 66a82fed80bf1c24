internal import Glibc

/// Knows whether the present thread is inside a callback of the caller, where it may not wait for itself.
enum Callback {
    enum Kind {
        /// Of an event, or a notification: nothing may wait. By whom it is called, if somebody may be waited for.
        case event(Dispatcher?)
        /// A handler of deliveries, which may wait for all but the end of its consumer and client.
        case handler(HandlerThreads)
    }

    /// What a thread is in. It lies on the stack of ``run(_:_:)``.
    private struct Frame {
        let kind: Kind
    }

    /// A slot of each thread; `nil` if the process has none left, and then callbacks are not told apart.
    private static let key: pthread_key_t? = {
        var key = pthread_key_t()
        return pthread_key_create(&key, nil) == 0 ? key : nil
    }()

    private static var current: Kind? {
        guard let key, let frame = pthread_getspecific(key) else { return nil }
        return frame.assumingMemoryBound(to: Frame.self).pointee.kind
    }

    /// Nothing may wait here.
    static var isInEvent: Bool { if case .event = current { true } else { false } }

    static func isIn(_ dispatcher: Dispatcher) -> Bool {
        if case .event(let current?) = current { current === dispatcher } else { false }
    }

    /// The handler that this thread is in.
    static var handler: HandlerThreads? { if case .handler(let threads) = current { threads } else { nil } }

    /// Calls `body`, which calls into the program.
    ///
    /// Invariant of the pointer: it is in the thread's slot for the time of `body` only.
    static func run(_ kind: Kind, _ body: () -> Void) {
        guard let key else { return body() }
        let before = pthread_getspecific(key)
        var frame = Frame(kind: kind)
        withUnsafeMutablePointer(to: &frame) { pointer in
            pthread_setspecific(key, pointer)
            body()
            pthread_setspecific(key, before)
        }
    }
}
