internal import CPlatform
internal import Glibc

/// Starts threads of this library: named, and with all signals blocked, so that a handler of the host program never
/// runs on them (see `cplatform_thread_create`, which lets a thread's own faults through).
package enum Thread {
    /// Starts a thread that nobody waits for.
    /// - Parameter name: what `top -H` and debuggers show; cut to 15 bytes (pthread_setname_np(3)).
    package static func startDetached(
        name: String, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        _ = try start(name: name, detached: true, body)
    }

    /// Starts a thread that must be joined, or its stack is never freed.
    package static func startJoinable(
        name: String, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> JoinableThread {
        JoinableThread(handle: try start(name: name, detached: false, body))
    }

    /// The kernel's id of the calling thread, as in /proc/self/task.
    package static var currentID: Int64 { cplatform_thread_id() }

    /// How late the calling thread's timed waits may be; 0 is the default, 50 µs (prctl(2), PR_SET_TIMERSLACK).
    package static func setTimerSlack(nanoseconds: UInt) { _ = cplatform_set_timer_slack(nanoseconds) }

    private static func start(
        name: String, detached: Bool, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> pthread_t {
        let main = Unmanaged.passRetained(Main(name: name, body: body))
        var handle = pthread_t()
        let status = cplatform_thread_create(
            &handle, detached ? 1 : 0,
            { argument in
                // Takes over the reference that `start` made; there is exactly one thread for it.
                if let argument { Unmanaged<Main>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, main.toOpaque())
        guard status == 0 else {
            main.release()
            throw SystemError(errno: status, call: "pthread_create")
        }
        return handle
    }

    /// What the new thread does.
    private final class Main: Sendable {
        private let name: String
        private let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            // By bytes: a longer name is refused whole (ERANGE), and an odd last character does no harm.
            let bytes = Array(name.utf8.prefix(15).map { CChar(bitPattern: $0) }) + [0]
            _ = cplatform_thread_set_name(bytes)
            body()
        }
    }
}

/// A thread to be waited for. Join it exactly once: afterwards the handle may name another thread (pthread_join(3)).
package struct JoinableThread: Sendable {
    fileprivate let handle: pthread_t

    /// Waits for the end of the thread. From the thread itself it returns at once (EDEADLK).
    package func join() { _ = pthread_join(handle, nil) }
}
