import Glibc
import Synchronization

/// Why the tool should come to an end before its work is done: the first SIGINT or SIGTERM, or a reader that is gone.
///
/// The first signal asks for an orderly end, another one, half a second later or more, ends the process at once.
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
    ///
    /// By a handler and not by `sigwait`: libdispatch lets the main thread wait with all signals unblocked.
    static func install() {
        guard DetachedThread.start({ watch() }) else { return }
        for number in [SIGINT, SIGTERM] {
            var action = sigaction()
            sigaction(number, nil, &action)
            guard unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) != ignored else { continue }
            signalEnd = signals.1
            action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                let code = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(Stop.signalEnd, &byte, 1)
                errno = code
            }
            action.sa_flags = SA_RESTART
            sigaction(number, &action, nil)
        }
    }

    /// SIG_IGN, which Swift cannot compare.
    private static let ignored = 1
    /// Constant when the handler is installed; a plain number, so that the handler initialises nothing.
    nonisolated(unsafe) private static var signalEnd: Int32 = -1

    private static func watch() {
        var first: ContinuousClock.Instant?
        while true {
            var number: UInt8 = 0
            guard read(signals.0, &number, 1) == 1 else { continue }
            // Commands without an orderly end of their own end like every program.
            guard isAwaited.load(ordering: .acquiring) else { _exit(128 + Int32(number)) }
            if let first, ContinuousClock.now - first > repeatInterval { _exit(128 + Int32(number)) }
            first = first ?? .now
            request()
        }
    }

    /// One Ctrl-C may come twice: to the process group, and from a wrapper such as timeout(1) that passes it on.
    private static let repeatInterval = Duration.milliseconds(500)

    private static let requested = Atomic<Bool>(false)
    private static let isAwaited = Atomic<Bool>(false)
    private static let events = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
    private static let ends = makePipe()
    private static let signals = makePipe()

    private static func makePipe() -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
