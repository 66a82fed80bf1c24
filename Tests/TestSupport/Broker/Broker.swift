package import Glibc

/// A RabbitMQ broker for tests: a private node that this process starts and ends, or the broker of `AMQP_URL`.
///
/// A private node has a directory, a cookie, an epmd and ports of its own, listens on 127.0.0.1 only, and never
/// outlives this process (see `BrokerGuardian`). Tests that only use a broker take ``shared``; tests that stop, pause
/// or alarm one take a node of their own with ``withPrivateNode(configuration:_:)``.
package final class Broker: Sendable {
    let location: Location
    private let state: Locked<NodeState>

    enum Location: Sendable {
        case privateNode(BrokerSite, BrokerInstallation)
        case external(url: BrokerURL)
    }

    private struct NodeState: Sendable {
        var guardian: BrokerGuardian?
        var epmd: ChildProcess?
        var node: ChildProcess?
        var isRemoved = false
    }

    /// How long a node may take from start to ready. Measured: 4 s on an idle machine of two cores.
    private static let bootTime = Duration.seconds(60)

    init(external url: BrokerURL) {
        location = .external(url: url)
        state = Locked(NodeState())
    }

    private init(configuration: [String]) throws(HarnessError) {
        let installation = try BrokerInstallation.find()
        let site = try BrokerSite(configuration: configuration)
        location = .privateNode(site, installation)
        state = Locked(NodeState(guardian: try BrokerGuardian(directory: site.directory)))
    }

    deinit {
        // Reached without remove() when a test forgot it. Ending and reaping takes milliseconds here.
        state.withLock { Self.tearDown(&$0) }
    }

    // MARK: Life

    /// Starts a new private node and returns when it is fully booted. End it with ``remove()``.
    ///
    /// `configuration` are further lines for rabbitmq.conf.
    package static func start(configuration: [String] = []) async throws(HarnessError) -> Broker {
        // A free port may be taken by somebody else before the node binds it. Then a new site has new ports.
        var attempts = 0
        while true {
            attempts += 1
            let broker = try Broker(configuration: configuration)
            do throws(HarnessError) {
                try await broker.start()
                return broker
            } catch {
                await broker.remove()
                if error.kind != .nodeFailed || attempts == 3 { throw error }
            }
        }
    }

    /// Gives `body` a private node, which is gone afterwards however `body` ends.
    package static func withPrivateNode<Value>(
        configuration: [String] = [], _ body: (Broker) async throws -> Value
    ) async throws -> Value {
        let broker = try await start(configuration: configuration)
        do {
            let value = try await body(broker)
            await broker.remove()
            return value
        } catch {
            await broker.remove()
            throw error
        }
    }

    /// Starts the node again after ``stop()`` or ``kill()``, on the same ports and with the same data; returns when
    /// it is fully booted.
    package func start() async throws(HarnessError) {
        _ = try privateNode()
        await BootGate.shared.enter()
        do throws(HarnessError) {
            try await boot()
        } catch {
            await BootGate.shared.leave()
            throw error
        }
        await BootGate.shared.leave()
    }

    private func boot() async throws(HarnessError) {
        let (site, installation) = try privateNode()
        try await onNode { state throws(HarnessError) in
            if state.node?.isRunning == true { return }
            if state.isRemoved { throw HarnessError(.nodeFailed, "this node has been removed") }
            if state.epmd?.isRunning != true { state.epmd = try Self.startEpmd(site) }
            state.node = try Self.startNode(site, installation)
        }
        // The ports are open now; the boot itself may have a last step to go.
        try await ctl(["await_startup"])
    }

    /// Stops the node in good order: connections are closed, data is kept. Falls back to ``kill()`` after 30 s.
    package func stop() async throws(HarnessError) {
        try await onNode { state throws(HarnessError) in
            guard let node = state.node else { return }
            node.signal(SIGCONT)
            node.signal(SIGTERM)
            if node.wait(until: .after(.seconds(30))) == nil { node.killAndWait() }
            state.node = nil
        }
    }

    /// Ends the node with SIGKILL. Data that reached the kernel is kept.
    package func kill() async throws(HarnessError) {
        try await onNode { state throws(HarnessError) in
            state.node?.killAndWait()
            state.node = nil
        }
    }

    /// ``stop()`` and ``start()``.
    package func restart() async throws(HarnessError) {
        try await stop()
        try await start()
    }

    /// Freezes the node: the kernel goes on accepting connections and bytes for it, but nothing answers.
    package func pause() async throws(HarnessError) {
        try await onNode { state throws(HarnessError) in
            guard let node = state.node else { throw HarnessError(.nodeFailed, "no node to pause") }
            node.signal(SIGSTOP)
        }
    }

    package func resume() async throws(HarnessError) {
        try await onNode { state throws(HarnessError) in
            guard let node = state.node else { throw HarnessError(.nodeFailed, "no node to resume") }
            node.signal(SIGCONT)
        }
    }

    /// Ends the node for good and removes its directory. Never fails and may be called again.
    package func remove() async {
        guard case .privateNode = location else { return }
        try? await onNode { state throws(HarnessError) in Self.tearDown(&state) }
    }

    // MARK: What a test may look at

    /// Whether the node's process lives. Does not say that it answers.
    package var isRunning: Bool { state.withLock { $0.node?.isRunning ?? false } }

    /// The id of the node's process, if it runs.
    package var processID: pid_t? { state.withLock { $0.node?.pid } }

    /// The id of the node's epmd, if it runs.
    package var epmdProcessID: pid_t? { state.withLock { $0.epmd?.pid } }

    /// The directory that holds everything of the node; `nil` for an external broker.
    package var directory: String? {
        if case .privateNode(let site, _) = location { site.directory } else { nil }
    }

    /// The node's log so far.
    package func log() throws(HarnessError) -> String { try readTextFile(try privateNode().site.logFile) }

    func privateNode() throws(HarnessError) -> (site: BrokerSite, installation: BrokerInstallation) {
        switch location {
        case .privateNode(let site, let installation): return (site, installation)
        case .external: throw HarnessError(.externalBroker, Self.controlUnavailableReason)
        }
    }

    // MARK: Processes

    /// One operation on the processes at a time, each on a thread that may block.
    private func onNode(
        _ body: @escaping @Sendable (inout NodeState) throws(HarnessError) -> Void
    ) async throws(HarnessError) {
        _ = try privateNode()
        try await offPool("broker") { [state] () throws(HarnessError) in
            try state.withLock { value throws(HarnessError) in try body(&value) }
        }
    }

    /// In the foreground, because as a daemon it would not be our child, and we could not end it by its id.
    private static func startEpmd(_ site: BrokerSite) throws(HarnessError) -> ChildProcess {
        let epmd = try ChildProcess(
            ["epmd", "-port", "\(site.epmdPort)", "-address", "127.0.0.1"], environment: site.environment,
            ownSession: true)
        // The node would start an epmd of its own if it came first.
        try waitForPort(site.epmdPort, of: epmd, site, what: "epmd")
        return epmd
    }

    private static func startNode(
        _ site: BrokerSite, _ installation: BrokerInstallation
    ) throws(HarnessError) -> ChildProcess {
        let console = try check(
            open(site.consoleFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600), "open \(site.consoleFile)")
        defer { close(console) }
        let node = try ChildProcess(
            [installation.server], environment: site.environment,
            streams: .init(output: console, error: console), ownSession: true)
        try waitForPort(site.port, of: node, site, what: "the node")
        return node
    }

    /// A node has no other way to say that it listens than to accept, so ask every few milliseconds.
    private static func waitForPort(
        _ port: UInt16, of process: ChildProcess, _ site: BrokerSite, what: String
    ) throws(HarnessError) {
        let deadline = Deadline.after(bootTime)
        while !LoopbackPort.accepts(port) {
            if !process.isRunning {
                throw HarnessError(.nodeFailed, "\(what) ended while it started. Its log ends with:\n\(site.logTail())")
            }
            if deadline.hasPassed {
                process.killAndWait()
                throw HarnessError(.timeout, "\(what) did not open port \(port) in time.\n\(site.logTail())")
            }
            usleep(20_000)
        }
    }

    private static func tearDown(_ state: inout NodeState) {
        state.node?.killAndWait()
        state.epmd?.killAndWait()
        state.node = nil
        state.epmd = nil
        state.guardian?.release()
        state.guardian = nil
        state.isRemoved = true
    }
}
