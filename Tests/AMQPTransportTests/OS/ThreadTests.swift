import AMQPTransport
import Glibc
import Testing

@Suite struct ThreadTests {
    @Test func blocksSignalsFromItsFirstInstruction() throws {
        let found = Box<String?>(nil)
        let before = try #require(Task.signalMask())
        let thread = try Thread.startJoinable(name: "masked") { found.set(Task.signalMask()) }
        thread.join()

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
        let thread = try Thread.startJoinable(name: name) { found.set(Task.field("Name")) }
        thread.join()
        #expect(found.get() == expected)
    }

    @Test func hasAnIDOfItsOwn() throws {
        let found = Box<Int64>(0)
        let own = Thread.currentID
        let thread = try Thread.startJoinable(name: "id") { found.set(Thread.currentID) }
        thread.join()
        #expect(found.get() > 0)
        #expect(found.get() != own)
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

    /// What /proc says about the calling thread (proc(5)).
    private enum Task {
        static func signalMask() -> String? { field("SigBlk") }

        static func field(_ name: String) -> String? {
            for line in ProcFile.lines("/proc/self/task/\(Thread.currentID)/status") where line.hasPrefix(name + ":") {
                let value = line.dropFirst(name.utf8.count + 1)
                return String(value.drop { $0 == "\t" || $0 == " " })
            }
            return nil
        }
    }
}
