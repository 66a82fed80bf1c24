import Glibc
import Synchronization

/// Why the tool should come to an end before its work is done: the first SIGINT or SIGTERM, or a reader that is gone.
///
/// The first signal asks for an orderly end, the second ends the process at once.
enum Stop {
    /// Whether the end was asked for.
    static var isRequested: Bool { requested.load(ordering: .acquiring) }

    /// Readable from the moment on at which the end was asked for, for `poll`.
    static let descriptor = ends.0

    /// Runs `body` in a task that is cancelled when the end is asked for.
    static func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        isAwaited.store(true, ordering: .releasing)
        let work = Task { try await body() }
        let watcher = Task { for await _ in events.stream { work.cancel() } }
        defer { watcher.cancel() }
        try await work.value
    }

    /// Asks for the end.
    static func request() {
        guard !requested.exchange(true, ordering: .acquiringAndReleasing) else { return }
        // Never read, so it stays readable.
        _ = write(ends.1, [1], 1)
        events.continuation.yield()
    }

    /// Takes over SIGINT and SIGTERM, unless they are ignored, as `nohup` and shells without job control want it.
    static func install() {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM] {
            var action = sigaction()
            sigaction(number, nil, &action)
            if unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != 1 { sigaddset(&signals, number) }
        }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let taken = signals
        if !DetachedThread.start({ watch(taken) }) { pthread_sigmask(SIG_UNBLOCK, &signals, nil) }
    }

    private static func watch(_ taken: sigset_t) {
        var signals = taken
        var number: Int32 = 0
        while sigwait(&signals, &number) == 0 {
            // Commands without an orderly end of their own end like every program.
            if isRequested || !isAwaited.load(ordering: .acquiring) { _exit(128 + number) }
            request()
        }
    }

    private static let requested = Atomic<Bool>(false)
    private static let isAwaited = Atomic<Bool>(false)
    private static let events = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
    private static let ends: (Int32, Int32) = {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }()
}
