import TestSupport
import Testing

@testable import SwiftAMQP

@Suite("Topology plan", .timeLimit(.minutes(2)))
struct TopologyPlanTests {
    /// Everything that the broker holds in a virtual host.
    private func digest(_ broker: Broker, _ vhost: String) async throws -> [String] {
        var lines: [String] = []
        for command in [
            ["list_queues", "name", "durable", "auto_delete", "exclusive", "type", "arguments"],
            ["list_exchanges", "name", "type", "durable", "auto_delete", "internal", "arguments"],
            ["list_bindings", "source_name", "destination_name", "destination_kind", "routing_key", "arguments"],
        ] {
            let text = try await broker.ctl([command[0], "--vhost", vhost] + command.dropFirst())
            lines += text.split(separator: "\n").map { "\(command[0]) \($0)" }.sorted()
        }
        return lines
    }

    private func withVhost(_ body: (Broker, String, AMQPConfiguration) async throws -> Void) async throws {
        let broker = try await Broker.shared
        let vhost = uniqueName("plan")
        try await broker.addVhost(vhost)
        try await broker.setPermissions("guest", vhost: vhost)
        do {
            try await body(broker, vhost, try AMQPConfiguration(url: broker.url(vhost: vhost)))
        } catch {
            try? await broker.deleteVhost(vhost)
            throw error
        }
        try await broker.deleteVhost(vhost)
    }

    @Test(
        "a plan says what applying would do, and does nothing",
        .enabled(if: !Broker.isExternal, "needs rabbitmqctl"))
    func plan() async throws {
        try await withVhost { broker, vhost, configuration in
            try await AMQPConnection.withConnection(configuration) { other in
                let channel = try await other.openChannel()
                try await channel.declare(.topic("equal"))
                try await channel.declare(.topic("differs"))
                try await channel.declare(.classic("equal", messageTTL: .seconds(1)))
                try await channel.declare(.classic("differs"))
                try await channel.declare(AMQPQueue(name: "locked", durable: false, exclusive: true))
                let topology = AMQPTopology(
                    exchanges: [
                        .topic("equal"), .direct("differs"), .direct("new"), .direct("amq.direct"), .direct("amq.mine"),
                        AMQPExchange(name: "alternated", kind: .direct, arguments: ["alternate-exchange": "nowhere"]),
                    ],
                    queues: [
                        .classic("equal", messageTTL: .seconds(1)), .quorum("differs"), .classic("locked"),
                        .quorum("new", deadLetterExchange: "nowhere"), .serverNamed(),
                        .quorum("dead", deadLetterExchange: "equal"), .classic("transient", durable: false),
                    ],
                    bindings: [
                        .queue("new", to: "new"), .queue("equal", to: "amq.fanout"), .queue("", to: "equal"),
                        .queue("new", to: "nowhere"), .queue("nowhere", to: "new"), .queue("differs", to: "new"),
                        .exchange("new", to: "differs"),
                    ])
                let before = try await digest(broker, vhost)
                let plan = try await AMQPConnection.withConnection(configuration) { connection in
                    let bystander = try await connection.openChannel()
                    let plan = try await TopologyPlanner(connection: connection).plan(topology)
                    #expect(bystander.isOpen)
                    return plan
                }
                #expect(try await digest(broker, vhost) == before)

                let expected: [(AMQPTopologyEntity, String)] = [
                    (.exchange("equal"), "exists"), (.exchange("differs"), "exists with other properties"),
                    (.exchange("new"), "would be created"), (.exchange("amq.direct"), "exists"),
                    (.exchange("amq.mine"), "invalid"), (.exchange("alternated"), "would be created"),
                    (.queue("equal"), "exists"), (.queue("differs"), "exists with other properties"),
                    (.queue("locked"), "is locked"), (.queue("new"), "would be created"),
                    (.queue(""), "would be created"), (.queue("dead"), "would be created"),
                    (.queue("transient"), "would be created"),
                    (.binding(.queue("new", to: "new")), "would be created"),
                    (.binding(.queue("equal", to: "amq.fanout")), "would be created"),
                    (.binding(.queue("", to: "equal")), "would be created"),
                    (
                        .binding(.queue("new", to: "nowhere")),
                        "would fail, because there is no exchange 'nowhere', or it would fail itself"
                    ),
                    (
                        .binding(.queue("nowhere", to: "new")),
                        "would fail, because there is no queue 'nowhere', or it would fail itself"
                    ),
                    (
                        .binding(.queue("differs", to: "new")),
                        "would fail, because there is no queue 'differs', or it would fail itself"
                    ),
                    (
                        .binding(.exchange("new", to: "differs")),
                        "would fail, because there is no exchange 'differs', or it would fail itself"
                    ),
                ]
                #expect(plan.items.map(\.entity) == expected.map(\.0))
                for (item, (entity, words)) in zip(plan.items, expected) {
                    #expect(word(item.finding) == words, "\(entity)")
                }
                #expect(!plan.isApplicable)
                #expect(plan.description.contains("inequivalent arg 'x-queue-type'"))
                #expect(
                    plan.warnings.map(\.entity) == [.exchange("alternated"), .queue("new"), .queue("transient")])

                // What the plan says is what comes.
                try await AMQPConnection.withConnection(configuration) { connection in
                    let report = try await TopologyApplier(connection: connection).apply(
                        TopologyRecord(declared: topology).steps)
                    #expect(report.failures.map(\.entity) == plan.problems.map(\.entity))
                }
            }
        }
    }

    @Test(
        "after everything was lost, applying brings everything back",
        .enabled(if: !Broker.isExternal, "needs rabbitmqctl"))
    func wiped() async throws {
        try await withVhost { broker, vhost, configuration in
            let record = TopologyRecord(
                declared: AMQPTopology(
                    exchanges: [
                        .topic("events"), .headers("by-header"),
                        AMQPExchange(
                            name: "inner", kind: .fanout, autoDelete: true, internal: true,
                            arguments: ["alternate-exchange": "events"]),
                    ],
                    queues: [.quorum("q", deliveryLimit: 3), .stream("s"), .classic("c", maximumPriority: 5)],
                    bindings: [
                        .queue("q", to: "events", routingKey: "#"), .exchange("inner", to: "events", routingKey: "a"),
                        .queue("c", to: "inner"),
                        .queue("s", to: "by-header", arguments: ["x-match": "any", "kind": "order"]),
                        .queue("s", to: "by-header", arguments: ["x-match": "any", "kind": "bill"]),
                    ]))
            var digests: [[String]] = []
            for round in 0..<3 {
                if round > 0 { try await broker.wipe(vhost: vhost) }
                try await AMQPConnection.withConnection(configuration) { connection in
                    let applier = TopologyApplier(connection: connection)
                    #expect(try await applier.apply(record.steps).isComplete)
                    digests.append(try await digest(broker, vhost))
                    // Twice is once.
                    #expect(try await applier.apply(record.steps).isComplete)
                    #expect(try await digest(broker, vhost) == digests[round])
                    let plan = try await TopologyPlanner(connection: connection).plan(record.snapshot)
                    #expect(plan.isApplicable)
                }
            }
            #expect(Set(digests).count == 1)
        }
    }

    @Test("what is called invalid is what the broker refuses")
    func lintAgrees() async throws {
        let queues: [AMQPQueue] =
            ["quorum", "stream"].flatMap { kind in
                let table: AMQPTable = ["x-queue-type": .string(kind)]
                return [
                    AMQPQueue(name: uniqueName("lint"), exclusive: true, arguments: table),
                    AMQPQueue(name: uniqueName("lint"), autoDelete: true, arguments: table),
                    AMQPQueue(name: uniqueName("lint"), durable: false, exclusive: true, arguments: table),
                    AMQPQueue(name: "", arguments: table),
                    .init(
                        name: uniqueName("lint"),
                        arguments: ["x-queue-type": .string(kind), "x-max-priority": .int32(3)]),
                ]
            }
            + [
                .stream(uniqueName("lint"), arguments: ["x-dead-letter-exchange": "e"]),
                .stream(uniqueName("lint"), arguments: ["x-message-ttl": .int32(1000)]),
                .stream(uniqueName("lint"), arguments: ["x-expires": .int32(60_000)]),
                .quorum(uniqueName("lint"), arguments: ["x-queue-mode": "lazy"]),
                .classic("amq." + uniqueName("lint")),
            ]
        let exchanges: [AMQPExchange] = [.direct(""), .direct("amq." + uniqueName("lint"))]
        let bindings: [AMQPBinding] = [.queue("q", to: ""), .exchange("", to: "amq.direct")]
        try await withConnection { connection in
            let plan = try await TopologyPlanner(connection: connection).plan(
                AMQPTopology(exchanges: exchanges, queues: queues, bindings: bindings))
            for item in plan.items { #expect(word(item.finding) == "invalid", "\(item.entity)") }
            for step in exchanges.map({ TopologyStep.exchange($0) })
                + queues.map({ TopologyStep.queue($0, recordedName: "") })
                + bindings.map({ TopologyStep.binding($0) })
            {
                let report = try await TopologyApplier(connection: connection).apply([step])
                #expect(report.failures.map(\.error.code) == [.channelException], "\(step): \(report.declared)")
                if case .queue(let name) = report.declared.first {
                    try await connection.withChannel { channel in try await channel.delete(queue: name) }
                }
            }
        }
    }
}
