package import Glibc

/// A process that this process started, known by its id, and reaped by ``wait(until:)``.
package final class ChildProcess: Sendable {
    package let pid: pid_t
    /// POSIX_SPAWN_SETSID, which the Glibc module does not import.
    private static let setSession: Int32 = 0x80

    private let status = Locked<Int32?>(nil)

    /// Where the standard streams of a child go. `nil` is /dev/null.
    package struct Streams: Sendable {
        package var input: Int32?
        package var output: Int32?
        package var error: Int32?

        package init(input: Int32? = nil, output: Int32? = nil, error: Int32? = nil) {
            self.input = input
            self.output = output
            self.error = error
        }
    }

    /// Starts `arguments[0]`, looked up in PATH of this process.
    ///
    /// The child gets its three streams and no other descriptor: one that held the test runner's output pipe open
    /// would make the runner wait for ever. `ownSession` keeps Ctrl-C at the terminal away from it.
    package init(
        _ arguments: [String], environment: [String: String], streams: Streams = Streams(), ownSession: Bool = false
    ) throws(HarnessError) {
        guard let program = arguments.first else { throw HarnessError(.nodeFailed, "no program to start") }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in [(Int32(0), streams.input), (1, streams.output), (2, streams.error)] {
            if let descriptor {
                posix_spawn_file_actions_adddup2(&actions, descriptor, number)
            } else {
                posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
            }
        }
        // What this harness opens is close-on-exec; these are what the test runner left open, which are low numbers.
        for descriptor in 3..<Int32(1024) { posix_spawn_file_actions_addclose(&actions, descriptor) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A test may ignore or block signals; what it starts must not take that over.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        if ownSession { flags |= Self.setSession }
        posix_spawnattr_setflags(&attributes, Int16(truncatingIfNeeded: flags))

        let argv = CStringArray(arguments)
        let envp = CStringArray(environment.map { "\($0.key)=\($0.value)" })
        var pid = pid_t()
        let code = posix_spawnp(&pid, program, &actions, &attributes, argv.pointers, envp.pointers)
        guard code == 0 else { throw HarnessError(.system(errno: code), "cannot start \(program)") }
        self.pid = pid
    }

    /// The raw wait status if the process has ended, without waiting.
    package var exitStatus: Int32? {
        status.withLock { known in
            if let known { return known }
            var raw: Int32 = 0
            if waitpid(pid, &raw, WNOHANG) == pid { known = raw }
            return known
        }
    }

    package var isRunning: Bool { exitStatus == nil }

    /// Sends a signal, unless the process has been reaped: then its id may be somebody else's.
    package func signal(_ number: Int32) {
        status.withLock { known in
            if known == nil { _ = Glibc.kill(pid, number) }
        }
    }

    /// Stops the process (SIGSTOP), and waits until all of its threads have stopped: they run on for a moment after the signal
    /// was sent. False past the deadline, or if it has ended.
    package func stop(until deadline: Deadline) -> Bool {
        signal(SIGSTOP)
        while isRunning, !deadline.hasPassed {
            var info = siginfo_t()
            // Only looked at: what wait() reaps is left alone.
            if waitid(P_PID, id_t(pid), &info, WSTOPPED | WNOWAIT | WNOHANG) == 0, info.si_code == CLD_STOPPED {
                return true
            }
            usleep(1_000)
        }
        return false
    }

    /// Waits until the process has ended and reaps it. Returns the raw wait status, or `nil` past the deadline.
    package func wait(until deadline: Deadline) -> Int32? {
        // waitpid knows no deadline, and a pidfd to poll is out of Glibc's module: so look again and again.
        while true {
            if let status = exitStatus { return status }
            if deadline.hasPassed { return nil }
            usleep(5_000)
        }
    }

    /// Ends the process at once and reaps it.
    package func killAndWait() {
        signal(SIGKILL)
        _ = wait(until: .after(.seconds(10)))
    }
}

/// What a raw wait status means: the exit code, or 128 + the signal, as a shell says it.
package func exitCode(ofWaitStatus raw: Int32) -> Int32 {
    let signal = raw & 0x7F
    return signal == 0 ? (raw >> 8) & 0xFF : 128 + signal
}

/// `char *argv[]`, ended by NULL, that lives as long as the object.
private final class CStringArray {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) { pointers = strings.map { strdup($0) } + [nil] }

    deinit { for pointer in pointers { free(pointer) } }
}
