import SwiftAMQP
import TestSupport
import Testing

@Suite("A client's topology", .timeLimit(.minutes(2)))
struct ClientTopologyTests {
    @Test("a plan says what would fail, applying says what failed, and what failed comes by itself once it can")
    func planAndApply() async throws {
        let held = uniqueName("held")
        let fresh = uniqueName("fresh")
        try await withChannel { other in
            try await other.declare(.classic(held, messageTTL: .seconds(1)))
            let topology = AMQPTopology(
                exchanges: [.fanout(fresh)], queues: [.classic(held), .classic(fresh)],
                bindings: [.queue(fresh, to: fresh), .queue(held, to: fresh)])
            try await withClient(configure: { $0.topologyRetryInterval = .milliseconds(50) }) { client in
                let plan = try await client.plan(topology)
                #expect(!plan.isApplicable)
                #expect(plan.problems.map(\.entity).contains(.queue(held)))
                await #expect(throws: AMQPError.self) { try await client.status(ofQueue: fresh) }

                let report = try await client.apply(topology)
                #expect(!report.isComplete)
                #expect(report.failures.map(\.entity) == [.queue(held), .binding(.queue(held, to: fresh))])
                #expect(report.failures.first?.error.replyCode == 406)
                guard case .degraded(let failures) = client.state else {
                    Issue.record("the state is \(client.state)")
                    return
                }
                #expect(failures.count == 2)
                // The rest works.
                try await client.publish(AMQPMessage("x"), to: .exchange(fresh))
                #expect(try await client.status(ofQueue: fresh).messageCount == 1)

                try await other.delete(queue: held)
                let state = await client.state { if case .open = $0 { true } else { false } }
                #expect(state.isUsable)
                try await client.publish(AMQPMessage("y"), to: .exchange(fresh))
                #expect(try await client.status(ofQueue: held).messageCount == 1)
                #expect(try await client.plan(topology).isApplicable)

                for queue in [held, fresh] { try await client.delete(queue: queue) }
                try await client.delete(exchange: fresh)
                #expect(client.topology.isEmpty)
            }
        }
    }

    @Test("what an application reports is of that application, whatever else of the client's has failed")
    func partsAreReportedApart() async throws {
        let held = uniqueName("held")
        let fresh = uniqueName("fresh")
        try await withChannel { other in
            try await other.declare(.classic(held, messageTTL: .seconds(1)))
            try await withClient { client in
                let bad = AMQPTopology(exchanges: [.fanout(held)], queues: [.classic(held)])
                #expect(try await client.apply(bad).failures.map(\.entity) == [.queue(held)])
                let good = AMQPTopology(
                    exchanges: [.fanout(fresh)], queues: [.serverNamed()], bindings: [.queue("", to: fresh)])
                let report = try await client.apply(good)
                let name = report.renamedQueues[""] ?? ""
                #expect(name.hasPrefix("amq.gen"))
                #expect(report.isComplete)
                #expect(report.declared == [.exchange(fresh), .queue(name), .binding(.queue(name, to: fresh))])
                // The client has not forgotten the rest.
                guard case .degraded(let failures) = client.state else {
                    Issue.record("the state is \(client.state)")
                    return
                }
                #expect(failures.map(\.entity) == [.queue(held)])
                let again = try await client.apply(bad)
                #expect(again.failures.map(\.entity) == [.queue(held)])
                #expect(again.declared == [.exchange(held)])
                #expect(again.renamedQueues.isEmpty)
                for exchange in [held, fresh] { try await client.delete(exchange: exchange) }
            }
            try await other.delete(queue: held)
        }
    }

    @Test("of a topology that contradicts itself nothing is declared, and its plan says so")
    func contradictions() async throws {
        let name = uniqueName("twice")
        let topology = AMQPTopology(
            exchanges: [.fanout(name)], queues: [.classic(name), .classic(name, messageTTL: .seconds(1))],
            bindings: [.queue(name, to: name)])
        try await withClient { client in
            let error = await #expect(throws: AMQPError.self) { try await client.apply(topology) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.text.contains("'x-message-ttl' is absent and 1000") == true)
            #expect(client.topology.isEmpty)
            let missing = await #expect(throws: AMQPError.self) { try await client.status(ofQueue: name) }
            #expect(missing?.replyCode == 404)
            let plan = try await client.plan(topology)
            #expect(plan.problems.map(\.entity) == [.queue(name), .binding(.queue(name, to: name))])
            #expect(plan.description.contains("'x-message-ttl' is absent and 1000"))
            #expect(client.state.isUsable)
        }
    }

    @Test("what the broker closes the connection for is asked twice, and then throws what the broker said")
    func verdicts() async throws {
        let name = uniqueName("odd")
        try await withClient { client in
            try await client.connect()
            let before = client.health().consuming?.connectionCount ?? 0
            let error = await #expect(throws: AMQPError.self) {
                try await client.declare(AMQPExchange(name: name, kind: "x-no-such-kind"))
            }
            #expect(error?.code == .connectionClosedByPeer)
            #expect(error?.replyCode == 503)
            #expect(error?.text.contains("x-no-such-kind") == true)
            // It serves others again, on the one connection that it took after that.
            try await client.declare(.fanout(name))
            #expect(client.health().consuming?.connectionCount == before + 2)
            try await client.delete(exchange: name)
            #expect(client.topology.isEmpty)
        }
    }
}
