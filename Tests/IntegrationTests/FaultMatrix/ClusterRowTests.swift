import SwiftAMQP
import TestSupport
import Testing

extension BrokerFaults {
    /// What supervised publishers and consumers of quorum queues do when nodes of the cluster die.
    @Suite("Fault matrix: clusters", .serialized, .timeLimit(.minutes(3)), .faultCluster)
    struct ClusterRowTests {
        /// Where the leader of the queue is, seen from the node that the client is connected to.
        enum Leader: String, CaseIterable, CustomTestStringConvertible {
            case ours, another

            var testDescription: String { "the leader is on \(rawValue == "ours" ? "our" : "another") node" }
        }

        /// Longer than two nodes need to start.
        private static let timeout: Duration = .seconds(60)

        /// Clients of the first node, for the fault to meet: one that goes on, one that is shut down in the middle of it,
        /// and one that has not connected yet. They know the other nodes, too, if `knowsAll`. A fourth one has a consumer
        /// that handles nothing before `body` has ended and the cluster is whole again; then it has to handle everything.
        private func run(
            _ leader: Leader, knowsAll: Bool = true,
            _ body: (_ ours: MatrixSession, _ ending: MatrixSession, _ beginning: MatrixSession) async throws -> Void
        ) async throws {
            let cluster = try FaultCluster.shared
            let node = cluster.nodes[0]
            let home = leader == .ours ? node : cluster.nodes[1]
            func session(connects: Bool, isOrdered: Bool = true, _ body: (MatrixSession) async throws -> Void)
                async throws
            {
                try await MatrixSession.run(
                    node, others: knowsAll ? cluster.others(than: node) : [], timeout: Self.timeout,
                    queue: { .quorum($0) }, second: { .quorum($0) }, connects: false,
                    isOrdered: isOrdered,
                    configure: { $0.firstConnect = .keepTrying }
                ) { session in
                    // The node that creates a quorum queue leads it at first.
                    try await withChannel(to: home) { channel in
                        for queue in [session.queue, session.second] { try await channel.declare(.quorum(queue)) }
                    }
                    if connects { session.expectConfirmed(try await session.publish(as: 1, count: 50)) }
                    try await body(session)
                }
            }
            try await session(connects: true, isOrdered: false) { consuming in
                let gate = Gate()
                defer { gate.open() }
                try consuming.consume(gate)
                try await eventually("a handler is busy") { gate.arrivals > 0 }
                try await session(connects: true) { ours in
                    #expect(try await cluster.leader(ofQueue: ours.queue) === home)
                    try await session(connects: true) { ending in
                        try await session(connects: false) { beginning in
                            do {
                                try await body(ours, ending, beginning)
                            } catch {
                                try await cluster.start()
                                throw error
                            }
                            // A delivery from before the fault is settled after it.
                            gate.open()
                            try await cluster.start()
                            consuming.expectConfirmed(try await consuming.publish(as: 2, count: 50))
                            try await consuming.expectConsumed()
                            beginning.expectConfirmed(try await beginning.publish(as: 1, count: 5))
                        }
                    }
                }
            }
        }

        /// Calls end by their deadline: with an answer, or because it has passed.
        private func expectCallsEnd(_ session: MatrixSession, within deadline: Duration) async {
            async let status: Void = expectEnd("a status", deadline) {
                _ = try await session.client.status(ofQueue: session.queue, timeout: deadline)
            }
            let new = session.queue + "-during"
            await expectEnd("a declare", deadline) {
                try await session.client.declare(.quorum(new), timeout: deadline)
            }
            await status
            _ = try? await session.client.delete(queue: new, timeout: deadline)
        }

        private func expectEnd(_ what: String, _ deadline: Duration, _ call: () async throws -> Void) async {
            let time = await elapsed {
                do {
                    try await call()
                } catch let error as AMQPError {
                    // Unknown, or the broker's own words: it cannot reach the leader, or not enough of the members.
                    let codes: [AMQPError.Code] = [.timeout, .channelException, .connectionClosedByPeer]
                    #expect(codes.contains(error.code), "\(what): \(error)")
                } catch {
                    Issue.record(error)
                }
            }
            #expect(time <= deadline + .milliseconds(250) * Deadline.scale, "\(what)")
        }

        @Test("row 20: the leader of a quorum queue dies, our node lives: nothing is disconnected")
        func leaderDies() async throws {
            let cluster = try FaultCluster.shared
            try await run(.another, knowsAll: false) { ours, ending, beginning in
                let before = try await ours.enqueue(as: 2, count: 50)
                try await cluster.kill([cluster.nodes[1]])
                let after = try await ours.enqueue(as: 3, count: 50)
                let last = try await ending.enqueue(as: 2, count: 20)
                try await beginning.client.connect()
                await expectCallsEnd(ours, within: .seconds(5))
                let report = await ending.expectShutdown(within: .seconds(20), of: last)
                #expect(!report.isTimedOut)
                #expect(report.publishes.failureCount == 0, "\(report)")
                ours.expectConfirmed(await ours.outcomes(of: before + after))
                #expect(ours.connectionCount == 1)
                #expect(try await cluster.leader(ofQueue: ours.queue) !== cluster.nodes[1])
                try await ours.expectRestored()
            }
        }

        @Test("row 21: our node dies, others live: everything goes on at the next address", arguments: Leader.allCases)
        func ourNodeDies(leader: Leader) async throws {
            let cluster = try FaultCluster.shared
            try await run(leader) { ours, ending, beginning in
                let before = try await ours.enqueue(as: 2, count: 50)
                try await withChannel(to: cluster.nodes[2]) { try await $0.delete(queue: ours.second) }
                try await cluster.kill([cluster.nodes[0]])
                let after = try await ours.enqueue(as: 3, count: 50)
                let last = try await ending.enqueue(as: 2, count: 20)
                async let connecting: Void = beginning.client.connect()
                await ending.expectShutdown(within: .milliseconds(500), of: last)
                #expect(try await cluster.leader(ofQueue: ours.queue) !== cluster.nodes[0])
                await expectCallsEnd(ours, within: .seconds(10))
                let outcomes = await ours.outcomes(of: before + after)
                // A channel whose first publish comes before there is a new leader refuses everything until the old one is
                // back: the publisher takes another one.
                ours.expectConfirmed(outcomes)
                #expect(ours.connectionCount > 1)
                try await connecting
                try await ours.expectRestored()
            }
        }

        enum Minority: String, CaseIterable, CustomTestStringConvertible {
            case ignore
            case pause = "pause_minority"

            var testDescription: String { "cluster_partition_handling = \(rawValue)" }
        }

        /// With `ignore` our node goes on without a quorum; with `pause_minority` it closes its connections and takes none.
        @Test(
            "row 22: no quorum: publishes end by their deadline, or go on when there is one again",
            arguments: [(.ignore, .another), (.pause, .ours)] as [(Minority, Leader)])
        func noQuorum(minority: Minority, leader: Leader) async throws {
            let cluster = try FaultCluster.shared
            for node in cluster.nodes {
                try await node.eval("application:set_env(rabbit, cluster_partition_handling, \(minority.rawValue))")
            }
            try await run(leader) { ours, ending, beginning in
                try await cluster.kill(cluster.others(than: cluster.nodes[0]))
                let short = try await ours.enqueue(as: 2, count: 20, timeout: .seconds(3))
                let long = try await ours.enqueue(as: 3, count: 50)
                async let ends = ours.outcomes(of: short)
                let last = try await ending.enqueue(as: 2, count: 20)
                async let connecting: Void = beginning.client.connect()
                let report = await ending.expectShutdown(within: .seconds(1), of: last)
                #expect(report.publishes.confirmed == 0, "\(report)")
                await expectCallsEnd(ours, within: .seconds(3))
                for outcome in await ends {
                    guard case .failure(let error) = outcome else {
                        Issue.record("confirmed without a quorum")
                        continue
                    }
                    #expect(error.outcome?.isReturned == false, "\(error)")
                }
                try await cluster.start()
                ours.expectConfirmed(await ours.outcomes(of: long))
                if minority == .ignore { #expect(ours.connectionCount == 1) }
                try await connecting
                try await ours.expectRestored()
            }
        }
    }
}
