import TestSupport
import Testing

@testable import SwiftAMQP

@Suite("Topology", .timeLimit(.minutes(2)))
struct TopologyTests {
    private func apply(_ topology: AMQPTopology, on connection: AMQPConnection) async throws -> AMQPTopologyReport {
        try await TopologyApplier(connection: connection).apply(TopologyRecord(declared: topology).steps)
    }

    @Test("what the broker refuses is reported in its words, and the rest is there")
    func refused() async throws {
        let (conflict, locked, good) = (uniqueName("conflict"), uniqueName("locked"), uniqueName("good"))
        let missing = uniqueName("missing")
        try await withChannel { other in
            try await other.declare(.classic(conflict))
            try await other.declare(AMQPQueue(name: locked, durable: false, exclusive: true))
            try await other.declare(AMQPExchange(name: conflict, kind: .direct, durable: false))
            try await withConnection { connection in
                let bystander = try await connection.openChannel()
                let report = try await apply(
                    AMQPTopology(
                        exchanges: [.topic(conflict), .direct("amq." + good), .topic(good)],
                        queues: [.quorum(conflict), .classic(locked), .classic(good)],
                        bindings: [
                            .queue(conflict, to: good), .queue(good, to: missing),
                            .queue(good, to: good, routingKey: "a.#"), .queue(missing, to: good),
                            .exchange(good, to: "amq.topic", routingKey: "#"), .queue(good, to: conflict),
                        ]), on: connection)
                #expect(
                    report.failures.map(\.entity) == [
                        .exchange(conflict), .exchange("amq." + good), .queue(conflict), .queue(locked),
                        .binding(.queue(conflict, to: good)), .binding(.queue(good, to: missing)),
                        .binding(.queue(missing, to: good)), .binding(.queue(good, to: conflict)),
                    ])
                #expect(
                    report.failures.map(\.error.replyCode) == [406, 403, 406, 405, 406, 404, 404, 406])
                #expect(report.failures.first?.error.text.contains("inequivalent arg 'type'") == true)
                #expect(
                    report.declared == [
                        .exchange(good), .queue(good), .binding(.queue(good, to: good, routingKey: "a.#")),
                        .binding(.exchange(good, to: "amq.topic", routingKey: "#")),
                    ])
                #expect(bystander.isOpen)
                try await bystander.publish(AMQPMessage("x"), to: .exchange("amq.topic", routingKey: "a.b"))
                #expect(try await bystander.drain(good, count: 1).map(\.text) == ["x"])
            }
            for name in [conflict, good] {
                try await other.delete(queue: name)
                try await other.delete(exchange: name)
            }
        }
    }

    @Test(
        "what the user may not declare is reported, and planned so",
        .enabled(if: !Broker.isExternal, "needs rabbitmqctl"))
    func permissions() async throws {
        let broker = try await Broker.shared
        let user = uniqueName("limited")
        let (own, guarded) = ("own-" + uniqueName("q"), uniqueName("guarded"))
        try await broker.addUser(user, password: "x")
        try await broker.setPermissions(user, configure: "^own-.*$", write: "^own-.*$", read: "^own-.*$")
        try await withChannel(to: broker) { admin in
            try await admin.declare(.classic(guarded))
            let topology = AMQPTopology(
                queues: [.classic(guarded), .classic(own)], bindings: [.queue(own, to: "amq.direct")])
            let configuration = try AMQPConfiguration(url: broker.url(user: user, password: "x"))
            try await AMQPConnection.withConnection(configuration) { connection in
                let plan = try await TopologyPlanner(connection: connection).plan(topology)
                #expect(plan.problems.map(\.entity) == [.queue(guarded)])
                #expect(
                    plan.items.map { word($0.finding) } == ["no permission", "would be created", "would be created"])
                let report = try await apply(topology, on: connection)
                // That the user may not read from the exchange could not be asked.
                #expect(report.failures.map(\.entity) == [.queue(guarded), .binding(.queue(own, to: "amq.direct"))])
                #expect(report.failures.allSatisfy { $0.error.replyCode == 403 })
                #expect(report.declared == [.queue(own)])
            }
            try await admin.delete(queue: guarded)
            try await admin.delete(queue: own)
        }
        try await broker.deleteUser(user)
    }

    @Test("a server-named queue comes back under another name, with its bindings")
    func serverNamed() async throws {
        let exchange = uniqueName("events")
        var record = TopologyRecord(
            declared: AMQPTopology(
                exchanges: [.topic(exchange)], queues: [.serverNamed()],
                bindings: [.queue("", to: exchange, routingKey: "a.#")]))
        var names: [String] = []
        for round in 0..<3 {
            try await withConnection { connection in
                let report = try await TopologyApplier(connection: connection).apply(record.steps)
                #expect(report.isComplete)
                for (old, new) in report.renamedQueues { record.didRename(queue: old, to: new) }
                #expect(record.steps.map(\.entity) == report.declared)
                try await connection.withChannel { channel in
                    // Also a queue of the run time, which the next round restores.
                    if round == 0 {
                        let name = try await channel.declare(.serverNamed()).name
                        record.didDeclare(.serverNamed(), named: name)
                        try await channel.bind(queue: name, to: exchange, routingKey: "b")
                        record.didBind(.queue(name, to: exchange, routingKey: "b"))
                        names.append(name)
                    }
                    let queues = [record.currentName(ofQueue: ""), record.currentName(ofQueue: names[0])]
                    for (queue, key) in zip(queues, ["a.b", "b"]) {
                        try await channel.publish(AMQPMessage(key), to: .exchange(exchange, routingKey: key))
                        #expect(try await channel.drain(queue, count: 1).map(\.text) == [key])
                    }
                    names += queues
                }
            }
        }
        #expect(Set(names).count == 6)
        try await withChannel { try await $0.delete(exchange: exchange) }
    }

    @Test("a durable server-named queue is kept with its messages")
    func durableServerNamed() async throws {
        let queue = AMQPQueue(name: "")
        var record = TopologyRecord(declared: AMQPTopology())
        try await withChannel { channel in
            let name = try await channel.declare(queue).name
            record.didDeclare(queue, named: name)
            try await channel.publish(AMQPMessage("x"), to: .queue(name))
        }
        try await withConnection { connection in
            let report = try await TopologyApplier(connection: connection).apply(record.steps)
            #expect(report.isComplete)
            #expect(report.renamedQueues.isEmpty)
            try await connection.withChannel { channel in
                #expect(try await channel.drain(record.steps[0].name, count: 1).map(\.text) == ["x"])
                try await channel.delete(queue: record.steps[0].name)
            }
            // Now it is gone, and comes back under another name.
            let again = try await TopologyApplier(connection: connection).apply(record.steps)
            let newName = try #require(again.renamedQueues[record.steps[0].name])
            try await connection.withChannel { channel in try await channel.delete(queue: newName) }
        }
    }

    @Test("what the broker deletes by itself is not restored, unless the topology holds it")
    func autoDelete() async throws {
        let (queue, exchange) = (
            AMQPQueue(name: uniqueName("leased"), autoDelete: true),
            AMQPExchange(name: uniqueName("leased"), kind: .fanout, autoDelete: true)
        )
        let binding = AMQPBinding.queue(queue.name, to: exchange.name)
        var passing = TopologyRecord(declared: AMQPTopology())
        passing.didDeclare(exchange)
        passing.didDeclare(queue, named: queue.name)
        passing.didBind(binding)
        var permanent = TopologyRecord(declared: passing.snapshot)
        try await withConnection { connection in
            for _ in 0..<2 {
                #expect(
                    try await TopologyApplier(connection: connection).apply(permanent.steps).declared
                        == [.exchange(exchange.name), .queue(queue.name), .binding(binding)])
                let channel = try await connection.openChannel()
                let deliveries = try await channel.consume(queue.name)
                permanent.consumerStarted(onQueue: queue.name)
                await channel.cancel(deliveries)
                permanent.consumerEnded(onQueue: queue.name)
                // The last consumer takes the queue, the queue its binding, the binding the exchange.
                await expectError(.channelException, replyCode: 404) { try await channel.status(ofQueue: queue.name) }
                try await connection.withChannel { channel in
                    await expectError(.channelException, replyCode: 404) {
                        try await channel.checkExchange(exchange.name)
                    }
                }
            }
        }
        passing.consumerStarted(onQueue: queue.name)
        passing.consumerEnded(onQueue: queue.name)
        #expect(passing.steps.isEmpty)
    }

    @Test("an exchange kind that the broker does not know ends the connection, and is left out the next time")
    func unknownKind() async throws {
        let (odd, good) = (uniqueName("odd"), uniqueName("good"))
        let steps = TopologyRecord(
            declared: AMQPTopology(
                exchanges: [AMQPExchange(name: odd, kind: "x-no-such-kind"), .direct(good)],
                bindings: [.exchange(odd, to: good)])
        ).steps
        try await withConnection { connection in
            // A plan asks nothing that would end it.
            let plan = try await TopologyPlanner(connection: connection).plan(
                AMQPTopology(exchanges: [AMQPExchange(name: "amq.direct", kind: "x-no-such-kind")]))
            #expect(plan.items.map { word($0.finding) } == ["exists, not compared"])
            guard
                case .connectionEnded(let error, let culprit) = await TopologyApplier(connection: connection).run(steps)
            else {
                Issue.record("the connection did not end")
                return
            }
            #expect(error.replyCode == 503)
            #expect(culprit == .exchange(odd))
            try await withConnection { connection in
                let outcome = await TopologyApplier(connection: connection).run(
                    steps, excluding: [AMQPTopologyFailure(entity: .exchange(odd), error: error)])
                guard case .applied(let report) = outcome else {
                    Issue.record("the connection ended again")
                    return
                }
                #expect(report.failures.map(\.entity) == [.exchange(odd), .binding(.exchange(odd, to: good))])
                #expect(report.declared == [.exchange(good)])
                try await connection.withChannel { channel in try await channel.delete(exchange: good) }
            }
        }
    }
}

/// The first words of what a finding says.
func word(_ finding: AMQPTopologyPlan.Finding) -> String {
    finding.description.split(separator: ":").first.map(String.init) ?? ""
}

extension TopologyStep {
    /// The name of a queue's step.
    fileprivate var name: String { if case .queue(_, let name) = self { name } else { "" } }
}
