/// Nodes that form a cluster, each a ``Broker`` that can be killed, paused and started again.
///
/// They have a directory, a cookie and an epmd in common and listen on 127.0.0.1 only. All of it is gone with
/// ``remove()``, and does not outlive this process either. Measured on two cores: three nodes take 13 s when nothing else
/// runs, 25 s next to a build, and 120 MB each.
package final class BrokerCluster: Sendable {
    package let nodes: [Broker]
    private let home: BrokerHome

    private init(size: Int, configuration: [String]) throws(HarnessError) {
        let installation = try BrokerInstallation.find()
        let home = try BrokerHome()
        do throws(HarnessError) {
            let names = (0..<size).map { _ in BrokerSite.newNodeName() }
            let members = names.enumerated().map { "cluster_formation.classic_config.nodes.\($0 + 1) = \($1)" }
            var nodes: [Broker] = []
            for (number, name) in names.enumerated() {
                let site = try BrokerSite(
                    home: home, folder: "node-\(number + 1)", nodeName: name,
                    configuration: ["cluster_formation.peer_discovery_backend = classic_config"] + members
                        + configuration)
                nodes.append(Broker(.init(site: site, installation: installation, home: home, ownsHome: false)))
            }
            self.nodes = nodes
        } catch {
            home.tearDown()
            throw error
        }
        self.home = home
    }

    // The guardian ends the nodes of a cluster that a test forgot.
    deinit { home.tearDown() }

    // MARK: Life

    /// Starts a new cluster and returns when every node knows every other. End it with ``remove()``.
    package static func start(size: Int = 3, configuration: [String] = []) async throws(HarnessError) -> BrokerCluster {
        // A free port may be taken by somebody else before a node binds it. Then new sites have new ports.
        var attempts = 0
        while true {
            attempts += 1
            let cluster = try BrokerCluster(size: size, configuration: configuration)
            do throws(HarnessError) {
                try await cluster.start()
                return cluster
            } catch {
                await cluster.remove()
                if error.kind != .nodeFailed || attempts == 3 { throw error }
            }
        }
    }

    /// Gives `body` a cluster, which is gone afterwards however `body` ends.
    package static func withCluster<Value>(
        size: Int = 3, configuration: [String] = [], isolation: isolated (any Actor)? = #isolation,
        _ body: (BrokerCluster) async throws -> Value
    ) async throws -> Value {
        let cluster = try await start(size: size, configuration: configuration)
        do {
            let value = try await body(cluster)
            await cluster.remove()
            return value
        } catch {
            await cluster.remove()
            throw error
        }
    }

    /// Starts the nodes that do not run, all at once, and returns when every node knows every other again.
    package func start() async throws(HarnessError) {
        await BootGate.shared.enter()
        let result = await together(nodes.filter { !$0.isRunning }) { (node) async throws(HarnessError) in
            try await node.boot()
        }
        await BootGate.shared.leave()
        try result.get()
        try await awaitFormation()
    }

    /// Ends nodes with SIGKILL, at the same time.
    package func kill(_ nodes: [Broker]) async throws(HarnessError) {
        try await together(nodes) { (node) async throws(HarnessError) in try await node.kill() }.get()
    }

    /// Ends all nodes for good and removes their directory. Never fails and may be called again.
    package func remove() async {
        for node in nodes { await node.remove() }
        _ = try? await offPool("cluster") { [home] () throws(HarnessError) in home.tearDown() }
    }

    // MARK: What a test may look at

    /// The node whose member leads a quorum queue, as the members on a node that runs know it. Waits for an election that
    /// is under way. Without a majority it throws, unless the member that is asked led before: that one goes on to believe so.
    package func leader(ofQueue queue: String, vhost: String = "/") async throws(HarnessError) -> Broker {
        guard let asked = nodes.first(where: \.isRunning) else { throw HarnessError(.nodeFailed, "no node runs") }
        let answer = try await asked.eval(
            """
            {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"\(vhost)">>, queue, <<"\(queue)">>)), \
            {Name, _} = amqqueue:get_pid(Q), \
            {ok, _, {Name, Leader}} = ra:members({Name, node()}, 5000), atom_to_list(Leader)
            """)
        let name = answer.filter { $0 != "\"" }
        guard let node = nodes.first(where: { $0.nodeName == name }) else {
            throw HarnessError(.nodeFailed, "\(queue) is led by \(name), which is no node of this cluster")
        }
        return node
    }

    /// Every other node.
    package func others(than node: Broker) -> [Broker] { nodes.filter { $0 !== node } }

    // MARK: Inside

    /// A node that was started by itself and formed a cluster of one is a fault of the start.
    private func awaitFormation() async throws(HarnessError) {
        let deadline = Deadline.after(.seconds(30))
        for node in nodes {
            while true {
                let count = try await node.eval("length(rabbit_nodes:all_running())")
                if count == "\(nodes.count)" { break }
                if deadline.hasPassed {
                    throw HarnessError(.nodeFailed, "\(count) of \(nodes.count) nodes have found each other")
                }
            }
        }
    }

    private func together(
        _ nodes: [Broker], _ body: @escaping @Sendable (Broker) async throws(HarnessError) -> Void
    ) async -> Result<Void, HarnessError> {
        await withTaskGroup(of: Result<Void, HarnessError>.self) { group in
            for node in nodes {
                group.addTask {
                    do throws(HarnessError) {
                        try await body(node)
                        return .success(())
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(.success(())) { all, one in
                if case .failure = all { all } else { one }
            }
        }
    }
}
