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
        let main = Unmanaged.passRetained(Main(name: name, body: body))
        let status = cplatform_thread_create(
            { argument in
                // Takes over the reference made above; there is exactly one thread for it.
                if let argument { Unmanaged<Main>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, main.toOpaque())
        guard status == 0 else {
            main.release()
            throw SystemError(errno: status, call: "pthread_create")
        }
    }

    /// How late the calling thread's timed waits may be; 0 is the default, 50 µs (prctl(2), PR_SET_TIMERSLACK).
    package static func setTimerSlack(nanoseconds: UInt) { _ = cplatform_set_timer_slack(nanoseconds) }

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
