import Glibc

/// What a node, or the nodes of a cluster, have in common: a directory with a cookie in it, an epmd, and the guardian that
/// leaves nothing of it all behind.
final class BrokerHome: Sendable {
    let directory: String
    /// What every process of these nodes finds in its environment.
    let environment: [String: String]
    private let epmdPort: UInt16
    private let state: Locked<State>

    private struct State: Sendable {
        var guardian: BrokerGuardian?
        var epmd: ChildProcess?
    }

    /// Marks every process of the home, whoever started it, so that the guardian finds them all.
    static let marker = "SWIFTAMQP_BROKER_DIR"
    /// As arguments of the VM. Without them it would take connections of other nodes from anywhere.
    static let loopbackOnly = "-kernel inet_dist_use_interface {127,0,0,1}"

    init() throws(HarnessError) {
        epmdPort = try LoopbackPort.free()
        directory = try makeTemporaryDirectory("swiftamqp")
        // Nothing of our own environment but PATH: a developer's RABBITMQ_* would lead the node astray.
        // HOME holds the cookie. RABBITMQ_CONF_ENV_FILE names no file, so that /etc/rabbitmq is not read.
        let path = (environmentVariable("PATH").map { $0 + ":" } ?? "") + "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        environment = [
            "PATH": path,
            "HOME": directory,
            "LANG": "C.UTF-8",
            "TMPDIR": directory,
            Self.marker: directory,
            // A node that cannot boot would leave a dump in whatever folder the tests run in.
            "ERL_CRASH_DUMP_SECONDS": "0",
            "ERL_EPMD_PORT": "\(epmdPort)",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CONF_ENV_FILE": directory + "/none",
            "RABBITMQ_CTL_ERL_ARGS": "+S 1:1 +sbwt none \(Self.loopbackOnly)",
            // Port 0: rabbitmqctl is a node too, and its default range allows ten at a time.
            "RABBITMQ_CTL_DIST_PORT_MIN": "0",
            "RABBITMQ_CTL_DIST_PORT_MAX": "0",
        ]
        do throws(HarnessError) {
            // Written here, because nodes that start together would each write one of their own.
            try writeTextFile(directory + "/.erlang.cookie", Self.cookie())
            try check(chmod(directory + "/.erlang.cookie", 0o400), "chmod of the cookie")
            state = Locked(State(guardian: try BrokerGuardian(directory: directory)))
        } catch {
            unlink(directory + "/.erlang.cookie")
            rmdir(directory)
            throw error
        }
    }

    /// Starts the epmd if it does not run. In the foreground, because as a daemon it would not be our child, and we could
    /// not end it by its id.
    func startEpmd() throws(HarnessError) {
        try state.withLock { state throws(HarnessError) in
            if state.epmd?.isRunning == true { return }
            let epmd = try ChildProcess(
                ["epmd", "-port", "\(epmdPort)", "-address", "127.0.0.1"], environment: environment, ownSession: true)
            // A node would start an epmd of its own if it came first.
            try epmd.waitForPort(epmdPort, within: .seconds(60), what: "epmd") { "" }
            state.epmd = epmd
        }
    }

    /// The id of the epmd's process, if it runs.
    var epmdProcessID: pid_t? { state.withLock { $0.epmd?.pid } }

    /// Ends every process of the home and removes its directory. Takes milliseconds where the nodes have ended.
    func tearDown() {
        state.withLock { state in
            state.epmd?.killAndWait()
            state.epmd = nil
            state.guardian?.release()
            state.guardian = nil
        }
    }

    private static func cookie() -> String {
        String((0..<20).map { _ in Character(Unicode.Scalar(UInt8.random(in: UInt8(ascii: "A")...UInt8(ascii: "Z")))) })
    }
}

extension ChildProcess {
    /// Waits until the process listens. It has no other way to say so than to accept, so ask every few milliseconds.
    func waitForPort(
        _ port: UInt16, within time: Duration, what: String, log: () -> String
    ) throws(HarnessError) {
        let deadline = Deadline.after(time)
        while !LoopbackPort.accepts(port) {
            if !isRunning {
                throw HarnessError(.nodeFailed, "\(what) ended while it started. Its log ends with:\n\(log())")
            }
            if deadline.hasPassed {
                killAndWait()
                throw HarnessError(.timeout, "\(what) did not open port \(port) in time.\n\(log())")
            }
            usleep(20_000)
        }
    }
}
