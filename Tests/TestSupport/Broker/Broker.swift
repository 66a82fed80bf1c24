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
        case privateNode(PrivateNode)
        case external(url: BrokerURL)
    }

    struct PrivateNode: Sendable {
        let site: BrokerSite
        let installation: BrokerInstallation
        let home: BrokerHome
        /// Whether the home is the node's own and goes with it; that of a cluster is its nodes' in common.
        let ownsHome: Bool
    }

    private struct NodeState: Sendable {
        var node: ChildProcess?
        var isRemoved = false
    }

    /// How long a node may take from start to ready. Measured: 4 s on an idle machine of two cores.
    private static let bootTime = Duration.seconds(60)

    init(external url: BrokerURL) {
        location = .external(url: url)
        state = Locked(NodeState())
    }

    init(_ node: PrivateNode) {
        location = .privateNode(node)
        state = Locked(NodeState())
    }

    private convenience init(configuration: [String]) throws(HarnessError) {
        let installation = try BrokerInstallation.find()
        let home = try BrokerHome()
        do throws(HarnessError) {
            let site = try BrokerSite(home: home, configuration: configuration)
            self.init(PrivateNode(site: site, installation: installation, home: home, ownsHome: true))
        } catch {
            home.tearDown()
            throw error
        }
    }

    deinit {
        // Reached without remove() when a test forgot it. Ending and reaping takes milliseconds here.
        state.withLock { Self.tearDown(&$0, location) }
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

    /// ``start()`` without waiting for a turn.
    func boot() async throws(HarnessError) {
        let node = try privateNode()
        try await onNode { state throws(HarnessError) in
            if state.node?.isRunning == true { return }
            if state.isRemoved { throw HarnessError(.nodeFailed, "this node has been removed") }
            try node.home.startEpmd()
            state.node = try Self.startNode(node.site, node.installation)
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
            guard node.stop(until: .after(.seconds(5))) else {
                throw HarnessError(.nodeFailed, "the node does not stop")
            }
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
        try? await onNode { [location] state throws(HarnessError) in Self.tearDown(&state, location) }
    }

    // MARK: What a test may look at

    /// Whether the node's process lives. Does not say that it answers.
    package var isRunning: Bool { state.withLock { $0.node?.isRunning ?? false } }

    /// The id of the node's process, if it runs.
    package var processID: pid_t? { state.withLock { $0.node?.pid } }

    /// The id of the node's epmd, if it runs.
    package var epmdProcessID: pid_t? { (try? privateNode())?.home.epmdProcessID }

    /// What the node is called among Erlang's nodes; `nil` for an external broker.
    package var nodeName: String? { (try? privateNode())?.site.nodeName }

    /// The directory that holds everything of the node; `nil` for an external broker.
    package var directory: String? { (try? privateNode())?.site.directory }

    /// The node's log so far.
    package func log() throws(HarnessError) -> String { try readTextFile(try privateNode().site.logFile) }

    func privateNode() throws(HarnessError) -> PrivateNode {
        switch location {
        case .privateNode(let node): return node
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

    private static func startNode(
        _ site: BrokerSite, _ installation: BrokerInstallation
    ) throws(HarnessError) -> ChildProcess {
        let console = try check(
            open(site.consoleFile, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600), "open \(site.consoleFile)")
        defer { close(console) }
        let node = try ChildProcess(
            [installation.server], environment: site.environment,
            streams: .init(output: console, error: console), ownSession: true)
        try node.waitForPort(site.port, within: bootTime, what: "the node") { site.logTail() }
        return node
    }

    private static func tearDown(_ state: inout NodeState, _ location: Location) {
        state.node?.killAndWait()
        state.node = nil
        if case .privateNode(let node) = location, node.ownsHome { node.home.tearDown() }
        state.isRemoved = true
    }
}
