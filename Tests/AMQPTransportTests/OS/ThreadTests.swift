import AMQPTransport
import Glibc
import TestSupport
import Testing

@Suite struct ThreadTests {
    @Test func blocksSignalsFromItsFirstInstruction() throws {
        let found = Box<String?>(nil)
        let before = try #require(Task.signalMask())
        try onThread(named: "masked") { found.set(Task.signalMask()) }

        let mask = try #require(found.get().flatMap { UInt64($0, radix: 16) })
        func isBlocked(_ signal: Int32) -> Bool { mask & (1 << UInt64(signal - 1)) != 0 }
        for signal in [SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGALRM, SIGCHLD, SIGUSR1, SIGUSR2, SIGPROF, SIGURG, 40, 64] {
            #expect(isBlocked(signal), "signal \(signal)")
        }
        // A thread's own faults reach the crash handler of the host.
        for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP] {
            #expect(!isBlocked(signal), "signal \(signal)")
        }
        #expect(Task.signalMask() == before, "the mask of the thread that starts one comes back")
    }

    @Test(arguments: [
        ("samqp-loop", "samqp-loop"), ("a-name-of-more-than-15-bytes", "a-name-of-more-"), ("", ""),
    ]) func isNamed(name: String, expected: String) throws {
        let found = Box<String?>(nil)
        try onThread(named: name) { found.set(Task.field("Name")) }
        #expect(found.get() == expected)
    }

    @Test func detachedThreadsRun() async throws {
        await confirmation { ran in
            await withCheckedContinuation { continuation in
                do {
                    try Thread.startDetached(name: "detached") {
                        Thread.setTimerSlack(nanoseconds: 1)
                        continuation.resume()
                    }
                } catch {
                    Issue.record(error)
                    continuation.resume()
                }
            }
            ran()
        }
    }

    /// Runs `body` on a thread of the library's and waits until it has run.
    private func onThread(named name: String, _ body: @escaping @Sendable () -> Void) throws {
        let changes = Changes()
        let isDone = Box(false)
        try Thread.startDetached(name: name) {
            body()
            isDone.set(true)
            changes.note()
        }
        try #require(changes.wait { isDone.get() })
    }

    /// What /proc says about the calling thread (proc(5)).
    private enum Task {
        static func signalMask() -> String? { field("SigBlk") }

        static func field(_ name: String) -> String? {
            let lines = (try? readTextFile("/proc/thread-self/status"))?.split(separator: "\n") ?? []
            for line in lines where line.hasPrefix(name + ":") {
                let value = line.dropFirst(name.utf8.count + 1)
                return String(value.drop { $0 == "\t" || $0 == " " })
            }
            return nil
        }
    }
}
