import CSwiftAMQP
import SwiftAMQP
import TestSupport
import Testing

@testable import SwiftAMQPFacade

@Suite("Topologies of C", .timeLimit(.minutes(1)))
struct TopologyTests {
    @Test("what is added is what the Swift API has, and options keep a copy")
    func values() throws {
        let topology = try #require(samqp_topology_new())
        defer { samqp_topology_free(topology) }
        try withTable { table in
            #expect(samqp_table_set_string(table, "alternate-exchange", "other") == SAMQP_OK)
            #expect(
                samqp_topology_add_exchange(topology, "e", "topic", SAMQP_DURABLE | SAMQP_INTERNAL, table) == SAMQP_OK)
        }
        #expect(samqp_topology_add_exchange(topology, "p", "x-delayed-message", SAMQP_AUTO_DELETE, nil) == SAMQP_OK)
        #expect(samqp_topology_add_queue(topology, "q", SAMQP_DURABLE | SAMQP_QUORUM, nil) == SAMQP_OK)
        #expect(samqp_topology_add_queue(topology, nil, SAMQP_EXCLUSIVE | SAMQP_AUTO_DELETE, nil) == SAMQP_OK)
        #expect(samqp_topology_add_binding(topology, "q", "e", "a.*", nil) == SAMQP_OK)
        #expect(samqp_topology_add_binding(topology, nil, "e", nil, nil) == SAMQP_OK)
        #expect(samqp_topology_add_exchange_binding(topology, "p", "e", "#", nil) == SAMQP_OK)
        let expected = AMQPTopology(
            exchanges: [
                AMQPExchange(name: "e", kind: .topic, internal: true, arguments: ["alternate-exchange": "other"]),
                AMQPExchange(name: "p", kind: "x-delayed-message", durable: false, autoDelete: true),
            ],
            queues: [.quorum("q"), AMQPQueue(name: "", durable: false, exclusive: true, autoDelete: true)],
            bindings: [
                .queue("q", to: "e", routingKey: "a.*"), .queue("", to: "e"), .exchange("p", to: "e", routingKey: "#"),
            ])
        #expect(Handle.get(topology, as: TopologyObject.self)?.topology == expected)

        let options = try #require(samqp_options_new())
        defer { samqp_options_free(options) }
        let object = try #require(Handle.get(options, as: OptionsObject.self))
        #expect(samqp_options_set_topology(options, topology) == SAMQP_OK)
        #expect(samqp_topology_add_queue(topology, "later", 0, nil) == SAMQP_OK)
        #expect(samqp_options_add_endpoint(options, "amqp://host", nil) == SAMQP_OK)
        #expect(try OptionsObject.clientConfiguration(object).1 == expected)
        #expect(samqp_options_set_topology(options, nil) == SAMQP_OK)
        #expect(try OptionsObject.clientConfiguration(object).1.isEmpty)
    }

    @Test("what cannot be is not added")
    func refused() throws {
        let topology = try #require(samqp_topology_new())
        defer { samqp_topology_free(topology) }
        var statuses = [
            samqp_topology_add_exchange(nil, "e", "fanout", 0, nil), samqp_topology_add_queue(nil, "q", 0, nil),
            samqp_topology_add_binding(nil, "q", "e", "", nil),
            samqp_topology_add_exchange_binding(nil, "q", "e", "", nil),
            samqp_topology_add_exchange(topology, nil, "fanout", 0, nil),
            samqp_topology_add_exchange(topology, "e", nil, 0, nil),
            samqp_topology_add_exchange(topology, badText, "fanout", 0, nil),
            samqp_topology_add_exchange(topology, "e", longText, 0, nil),
            samqp_topology_add_exchange(topology, "e", "fanout", SAMQP_EXCLUSIVE, nil),
            samqp_topology_add_queue(topology, longText, 0, nil), samqp_topology_add_queue(topology, badText, 0, nil),
            samqp_topology_add_queue(topology, "q", SAMQP_INTERNAL, nil),
            samqp_topology_add_queue(topology, "q", SAMQP_IF_UNUSED, nil),
            samqp_topology_add_queue(topology, "q", 0x8000_0000, nil),
            samqp_topology_add_queue(topology, "q", SAMQP_QUORUM, nil),
            samqp_topology_add_queue(topology, "q", SAMQP_QUORUM | SAMQP_DURABLE | SAMQP_EXCLUSIVE, nil),
            samqp_topology_add_binding(topology, "q", nil, "", nil),
            samqp_topology_add_binding(topology, "q", "e", longText, nil),
            samqp_topology_add_exchange_binding(topology, nil, "e", "", nil),
        ]
        try withTable { table in
            #expect(samqp_table_set_string(table, "x-queue-type", "classic") == SAMQP_OK)
            statuses.append(samqp_topology_add_queue(topology, "q", SAMQP_QUORUM | SAMQP_DURABLE, table))
            #expect(samqp_table_set_void(table, nil) == SAMQP_OK)
            statuses.append(samqp_topology_add_queue(topology, "q", 0, table))
        }
        #expect(statuses == [samqp_status](repeating: SAMQP_ERR_INVALID_ARGUMENT, count: statuses.count))
        #expect(Handle.get(topology, as: TopologyObject.self)?.topology.isEmpty == true)
        samqp_topology_free(nil)
    }

    @Test("a plan says what applying would do, and applying does it, but for what the broker refuses")
    func planAndApply() async throws {
        let (held, fresh) = (uniqueName("held"), uniqueName("fresh"))
        try await withClient { client in
            expectOK { samqp_declare_queue(client.handle, held, SAMQP_DURABLE, nil, nil, 10_000, $0) }
            guard let topology = samqp_topology_new() else {
                Issue.record("no topology")
                return
            }
            defer { samqp_topology_free(topology) }
            #expect(samqp_topology_add_exchange(topology, fresh, "fanout", SAMQP_DURABLE, nil) == SAMQP_OK)
            #expect(samqp_topology_add_queue(topology, held, SAMQP_DURABLE, nil) == SAMQP_OK)
            #expect(samqp_topology_add_binding(topology, held, fresh, "", nil) == SAMQP_OK)
            Self.expectPlan(
                client, topology, applicable: true, [SAMQP_PLAN_MISSING, SAMQP_PLAN_EXISTS, SAMQP_PLAN_MISSING])

            #expect(samqp_topology_add_queue(topology, fresh, SAMQP_DURABLE, nil) == SAMQP_OK)
            // Another one of the same name: with another argument.
            try? withTable { table in
                #expect(samqp_table_set_int(table, "x-max-length", 5, SAMQP_KIND_INT32) == SAMQP_OK)
                expectOK { samqp_declare_queue(client.handle, fresh, SAMQP_DURABLE, table, nil, 10_000, $0) }
            }
            #expect(samqp_topology_add_binding(topology, held, "there-is-none", "", nil) == SAMQP_OK)
            let findings = [
                SAMQP_PLAN_MISSING, SAMQP_PLAN_EXISTS, SAMQP_PLAN_DIFFERS, SAMQP_PLAN_MISSING, SAMQP_PLAN_REFUSED,
            ]
            Self.expectPlan(client, topology, applicable: false, findings)

            var failures = 0
            let said = call { samqp_topology_apply(client.handle, topology, &failures, 10_000, $0) }
            #expect(said.status == SAMQP_ERR_DEGRADED && said.code == said.status && failures == 2)
            #expect(said.replyCode == 406 && said.message.contains(fresh), "\(said.message)")
            #expect(said.message.contains("there-is-none"), "\(said.message)")
            var info = samqp_queue_info.sized
            expectOK { samqp_queue_status(client.handle, held, &info, 10_000, $0) }
            #expect(info.text == held && info.messages == 0 && info.consumers == 0)
            for queue in [held, fresh] {
                expectOK { samqp_delete_queue(client.handle, queue, SAMQP_IF_UNUSED | SAMQP_IF_EMPTY, nil, 10_000, $0) }
            }
            expectOK { samqp_delete_exchange(client.handle, fresh, 0, 10_000, $0) }
            let gone = call { samqp_queue_status(client.handle, held, &info, 10_000, $0) }
            #expect(gone.status == SAMQP_ERR_CHANNEL_EXCEPTION && gone.replyCode == 404 && info.text == "")
        }
    }

    @Test("an application reports its own failures, not those of an earlier one")
    func applyingTwice() async throws {
        let (held, fresh) = (uniqueName("held"), uniqueName("fresh"))
        try await withClient { client in
            expectOK { samqp_declare_queue(client.handle, held, SAMQP_DURABLE, nil, nil, 10_000, $0) }
            let (bad, good) = (samqp_topology_new(), samqp_topology_new())
            #expect(samqp_topology_add_queue(bad, held, SAMQP_EXCLUSIVE, nil) == SAMQP_OK)
            #expect(samqp_topology_add_exchange(good, fresh, "fanout", SAMQP_DURABLE, nil) == SAMQP_OK)
            #expect(samqp_topology_add_queue(good, fresh, SAMQP_DURABLE, nil) == SAMQP_OK)
            #expect(samqp_topology_add_binding(good, fresh, fresh, "", nil) == SAMQP_OK)
            var failures = 7
            let said = call { samqp_topology_apply(client.handle, bad, &failures, 10_000, $0) }
            #expect(said.status == SAMQP_ERR_DEGRADED && failures == 1, "\(said.message)")
            #expect(said.message.contains("1 of 1"), "\(said.message)")
            expectOK { samqp_topology_apply(client.handle, good, &failures, 10_000, $0) }
            #expect(failures == 0)
            // What failed before has not been forgotten.
            #expect(samqp_client_state(client.handle) == SAMQP_STATE_DEGRADED)
            samqp_topology_free(bad)
            samqp_topology_free(good)
            for queue in [held, fresh] {
                expectOK { samqp_delete_queue(client.handle, queue, 0, nil, 10_000, $0) }
            }
            expectOK { samqp_delete_exchange(client.handle, fresh, 0, 10_000, $0) }
        }
    }

    @Test("a topology that contradicts itself is refused with both that it says, and nothing of it is declared")
    func contradictions() async throws {
        let name = uniqueName("twice")
        try await withClient { client in
            let topology = samqp_topology_new()
            #expect(samqp_topology_add_exchange(topology, name, "fanout", SAMQP_DURABLE, nil) == SAMQP_OK)
            #expect(samqp_topology_add_exchange(topology, name, "fanout", SAMQP_DURABLE, nil) == SAMQP_OK)
            #expect(samqp_topology_add_queue(topology, name, SAMQP_DURABLE, nil) == SAMQP_OK)
            #expect(samqp_topology_add_queue(topology, name, SAMQP_DURABLE | SAMQP_QUORUM, nil) == SAMQP_OK)
            Self.expectPlan(client, topology, applicable: false, [SAMQP_PLAN_MISSING, SAMQP_PLAN_REFUSED])
            var failures = 7
            var other: OpaquePointer?
            let options = samqp_options_new()
            expectOK { samqp_options_add_endpoint(options, "amqp://127.0.0.1:1", $0) }
            #expect(samqp_options_set_topology(options, topology) == SAMQP_OK)
            for said in [
                call { samqp_topology_apply(client.handle, topology, &failures, 10_000, $0) },
                call { samqp_client_start(&other, options, nil, nil, $0) },
                call { samqp_client_open(&other, options, nil, nil, 10_000, $0) },
            ] {
                #expect(said.status == SAMQP_ERR_INVALID_ARGUMENT && said.code == said.status)
                #expect(said.message.contains("'x-queue-type' is absent and 'quorum'"), "\(said.message)")
                #expect(said.message.contains("queue '\(name)'"), "\(said.message)")
            }
            #expect(failures == 0 && other == nil)
            var info = samqp_queue_info.sized
            #expect(call { samqp_queue_status(client.handle, name, &info, 10_000, $0) }.replyCode == 404)
            samqp_options_free(options)
            samqp_topology_free(topology)
        }
    }

    private static func expectPlan(
        _ client: Client, _ topology: OpaquePointer?, applicable: Bool, _ findings: [Int32],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var plan: OpaquePointer?
        expectOK(sourceLocation: sourceLocation) {
            samqp_topology_plan(&plan, client.handle, topology, 10_000, $0)
        }
        let count = samqp_plan_count(plan)
        let lines = (0..<count).map { text(samqp_plan_text(plan, $0)) ?? "" }
        #expect(
            (0..<count).map { samqp_plan_finding(plan, $0) } == findings, "\(lines)", sourceLocation: sourceLocation)
        #expect(!lines.contains(""), sourceLocation: sourceLocation)
        #expect(samqp_plan_is_applicable(plan) == (applicable ? 1 : 0), "\(lines)", sourceLocation: sourceLocation)
        #expect(samqp_plan_finding(plan, count) == 0 && samqp_plan_text(plan, -1) == nil)
        samqp_plan_free(plan)
    }

    @Test("exchanges, bindings and queues come and go; counts and names are told")
    func declaring() async throws {
        let (one, two) = (uniqueName("one"), uniqueName("two"))
        try await withClient { client in
            for name in [one, two] {
                expectOK { samqp_declare_exchange(client.handle, name, "fanout", SAMQP_AUTO_DELETE, nil, 10_000, $0) }
            }
            expectOK { samqp_declare_exchange_binding(client.handle, two, one, nil, nil, 10_000, $0) }
            var info = samqp_queue_info.sized
            expectOK { samqp_declare_queue(client.handle, nil, SAMQP_EXCLUSIVE, nil, &info, 10_000, $0) }
            let queue = info.text
            #expect(queue.hasPrefix("amq.gen") && info.struct_size == MemoryLayout<samqp_queue_info>.size)
            #expect(samqp_current_queue_name(client.handle, queue, &info) == SAMQP_OK && info.text == queue)
            #expect(samqp_current_queue_name(client.handle, "x", &info) == SAMQP_OK && info.text == "x")
            expectOK { samqp_declare_binding(client.handle, queue, two, nil, nil, 10_000, $0) }

            var channel: OpaquePointer?
            expectOK { samqp_channel_open(&channel, client.handle, 10_000, $0) }
            expectOK { samqp_channel_publish(channel, one, nil, nil, "abc", 3, 0, 10_000, $0) }
            expectOK { samqp_queue_status(client.handle, queue, &info, 10_000, $0) }
            #expect(info.messages == 1)
            let notEmpty = call { samqp_delete_queue(client.handle, queue, SAMQP_IF_EMPTY, nil, 10_000, $0) }
            #expect(notEmpty.replyCode == 406 && notEmpty.status == SAMQP_ERR_CHANNEL_EXCEPTION)
            var messages: UInt64 = 7
            expectOK { samqp_purge_queue(client.handle, queue, &messages, 10_000, $0) }
            #expect(messages == 1)
            expectOK { samqp_purge_queue(client.handle, queue, nil, 10_000, $0) }
            expectOK { samqp_channel_publish(channel, one, nil, nil, nil, 0, 0, 10_000, $0) }
            // Without the binding it gets there no more.
            expectOK { samqp_delete_binding(client.handle, queue, two, nil, nil, 10_000, $0) }
            expectOK { samqp_delete_exchange_binding(client.handle, two, one, nil, nil, 10_000, $0) }
            expectOK { samqp_delete_queue(client.handle, queue, 0, &messages, -1, $0) }
            #expect(messages == 1)
            samqp_channel_free(channel)
        }
    }

    @Test("without time nothing is done; NULL is refused; flags that mean nothing are")
    func refusedCalls() async throws {
        let name = uniqueName("never")
        try await withClient { client in
            var info = samqp_queue_info.sized
            var plan = OpaquePointer(bitPattern: 1)
            let topology = samqp_topology_new()
            let handle = client.handle
            let late = [
                call { samqp_declare_queue(handle, name, 0, nil, nil, 0, $0) },
                call { samqp_declare_exchange(handle, name, "fanout", 0, nil, 0, $0) },
                call { samqp_declare_binding(handle, name, name, nil, nil, 0, $0) },
                call { samqp_declare_exchange_binding(handle, name, name, nil, nil, 0, $0) },
                call { samqp_delete_binding(handle, name, name, nil, nil, 0, $0) },
                call { samqp_delete_exchange_binding(handle, name, name, nil, nil, 0, $0) },
                call { samqp_delete_queue(handle, name, 0, nil, 0, $0) },
                call { samqp_delete_exchange(handle, name, 0, 0, $0) },
                call { samqp_purge_queue(handle, name, nil, 0, $0) },
                call { samqp_queue_status(handle, name, &info, 0, $0) },
                call { samqp_topology_apply(handle, topology, nil, 0, $0) },
                call { samqp_topology_plan(&plan, handle, topology, 0, $0) },
            ]
            #expect(late.map(\.status) == [samqp_status](repeating: SAMQP_ERR_TIMEOUT, count: late.count))
            #expect(plan == nil)
            let missing = call { samqp_queue_status(handle, name, &info, 10_000, $0) }
            #expect(missing.replyCode == 404)

            var messages: UInt64 = 9
            var failures = 9
            var bad = [
                call { samqp_declare_queue(nil, name, 0, nil, nil, 1, $0) },
                call { samqp_declare_queue(handle, name, SAMQP_INTERNAL, nil, nil, 1, $0) },
                call { samqp_declare_exchange(nil, name, "fanout", 0, nil, 1, $0) },
                call { samqp_declare_exchange(handle, nil, "fanout", 0, nil, 1, $0) },
                call { samqp_declare_exchange(handle, name, nil, 0, nil, 1, $0) },
                call { samqp_declare_binding(nil, name, name, nil, nil, 1, $0) },
                call { samqp_declare_binding(handle, name, nil, nil, nil, 1, $0) },
                call { samqp_declare_exchange_binding(nil, name, name, nil, nil, 1, $0) },
                call { samqp_delete_binding(nil, name, name, nil, nil, 1, $0) },
                call { samqp_delete_exchange_binding(nil, name, name, nil, nil, 1, $0) },
                call { samqp_delete_queue(nil, name, 0, &messages, 1, $0) },
                call { samqp_delete_queue(handle, nil, 0, nil, 1, $0) },
                call { samqp_delete_queue(handle, name, SAMQP_DURABLE, nil, 1, $0) },
                call { samqp_delete_exchange(nil, name, 0, 1, $0) },
                call { samqp_delete_exchange(handle, nil, 0, 1, $0) },
                call { samqp_delete_exchange(handle, name, SAMQP_IF_EMPTY, 1, $0) },
                call { samqp_purge_queue(nil, name, nil, 1, $0) }, call { samqp_purge_queue(handle, nil, nil, 1, $0) },
                call { samqp_queue_status(nil, name, &info, 1, $0) },
                call { samqp_queue_status(handle, nil, &info, 1, $0) },
                call { samqp_queue_status(handle, name, nil, 1, $0) },
                call { samqp_topology_apply(nil, topology, &failures, 1, $0) },
                call { samqp_topology_apply(handle, nil, nil, 1, $0) },
                call { samqp_topology_plan(nil, handle, topology, 1, $0) },
                call { samqp_topology_plan(&plan, nil, topology, 1, $0) },
                call { samqp_topology_plan(&plan, handle, nil, 1, $0) },
            ]
            info.struct_size -= 1
            bad.append(call { samqp_declare_queue(handle, name, 0, nil, &info, 1, $0) })
            bad.append(call { samqp_queue_status(handle, name, &info, 1, $0) })
            #expect(bad.map(\.status) == [samqp_status](repeating: SAMQP_ERR_INVALID_ARGUMENT, count: bad.count))
            #expect(messages == 0 && failures == 0)
            #expect(samqp_current_queue_name(nil, name, &info) == SAMQP_ERR_INVALID_ARGUMENT)
            #expect(samqp_current_queue_name(handle, nil, &info) == SAMQP_ERR_INVALID_ARGUMENT)
            #expect(samqp_current_queue_name(handle, name, nil) == SAMQP_ERR_INVALID_ARGUMENT)
            #expect(samqp_plan_count(nil) == 0 && samqp_plan_finding(nil, 0) == 0 && samqp_plan_text(nil, 0) == nil)
            #expect(samqp_plan_is_applicable(nil) == 0)
            samqp_plan_free(nil)
            samqp_topology_free(topology)
        }
    }
}
