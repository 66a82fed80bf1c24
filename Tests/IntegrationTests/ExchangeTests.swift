import SwiftAMQP
import TestSupport
import Testing

@Suite("Exchanges", .timeLimit(.minutes(1)))
struct ExchangeTests {
    /// Publishes one message for each routing key and says which of them the queue got.
    private func routed(
        _ channel: AMQPChannel, _ exchange: String, to queue: String, keys: [String]
    ) async throws -> [String] {
        for key in keys {
            try await channel.publish(
                AMQPMessage(key), to: .exchange(exchange, routingKey: key), isMandatory: false)
        }
        return try await channel.drain(queue, count: try await channel.ready(queue)).map(\.text)
    }

    @Test("direct, fanout and topic exchanges route by key")
    func kinds() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            let keys = ["a", "a.b", "a.b.c", "b"]
            for (kind, key, expected) in [
                (AMQPExchange.Kind.direct, "a.b", ["a.b"]), (.fanout, "", keys), (.topic, "a.*", ["a.b"]),
                (.topic, "a.#", ["a", "a.b", "a.b.c"]),
            ] {
                let name = uniqueName("kinds")
                try await channel.declare(AMQPExchange(name: name, kind: kind, durable: false))
                try await channel.bind(queue: queue, to: name, routingKey: key)
                #expect(try await routed(channel, name, to: queue, keys: keys) == expected, "\(kind.rawValue) '\(key)'")
                try await channel.unbind(queue: queue, from: name, routingKey: key)
                #expect(try await routed(channel, name, to: queue, keys: keys).isEmpty)
                try await channel.delete(exchange: name)
            }
        }
    }

    @Test("a headers exchange routes by the values of headers")
    func headers() async throws {
        try await withChannel { channel in
            let name = uniqueName("headers")
            let queue = try await channel.ownQueue()
            try await channel.declare(.headers(name))
            let arguments: AMQPTable = ["x-match": "all", "kind": "order", "priority": .int32(1)]
            try await channel.bind(queue: queue, to: name, arguments: arguments)
            try await channel.publish(
                AMQPMessage("x", properties: .init(headers: ["kind": "order", "priority": .int64(1)])),
                to: .exchange(name))
            await expectError(.returned, replyCode: 312) {
                try await channel.publish(
                    AMQPMessage("x", properties: .init(headers: ["kind": "order"])), to: .exchange(name))
            }
            try await channel.unbind(queue: queue, from: name, arguments: arguments)
            try await channel.delete(exchange: name, ifUnused: true)
        }
    }

    @Test("exchanges are bound to exchanges")
    func exchangeToExchange() async throws {
        try await withChannel { channel in
            let (source, destination) = (uniqueName("source"), uniqueName("destination"))
            let queue = try await channel.ownQueue()
            try await channel.declare(.topic(source))
            try await channel.declare(AMQPExchange(name: destination, kind: .fanout, internal: true))
            try await channel.bind(queue: queue, to: destination)
            try await channel.bind(exchange: destination, to: source, routingKey: "order.#")
            #expect(try await routed(channel, source, to: queue, keys: ["order.new", "other"]) == ["order.new"])
            try await channel.unbind(exchange: destination, from: source, routingKey: "order.#")
            #expect(try await routed(channel, source, to: queue, keys: ["order.new"]).isEmpty)
            try await channel.delete(exchange: source)
            try await channel.delete(exchange: destination)
        }
    }

    @Test("an internal exchange takes no publishes")
    func internalExchange() async throws {
        try await withChannel { channel in
            let name = uniqueName("internal")
            try await channel.declare(AMQPExchange(name: name, kind: .fanout, autoDelete: true, internal: true))
            let error = await expectError(.channelException, replyCode: 403) {
                try await channel.publish(AMQPMessage("x"), to: .exchange(name))
            }
            // The broker refused it before it routed anything, but its close does not say so.
            #expect(error?.outcome == .unknown(reason: .channelClosed))
        }
    }

    @Test("an alternate exchange gets what cannot be routed")
    func alternateExchange() async throws {
        try await withChannel { channel in
            let (main, other) = (uniqueName("main"), uniqueName("other"))
            let queue = try await channel.ownQueue()
            try await channel.declare(.fanout(other))
            try await channel.bind(queue: queue, to: other)
            try await channel.declare(
                AMQPExchange(name: main, kind: .direct, arguments: ["alternate-exchange": .string(other)]))
            try await channel.publish(AMQPMessage("x"), to: .exchange(main, routingKey: "nowhere"))
            #expect(try await channel.ready(queue) == 1)
            try await channel.delete(exchange: main)
            try await channel.delete(exchange: other)
        }
    }

    @Test("what the broker refuses closes that channel and no other")
    func refused() async throws {
        try await withConnection { connection in
            let bystander = try await connection.openChannel()
            let name = uniqueName("exchange")
            let queue = try await bystander.ownQueue()
            try await bystander.declare(.direct(name))
            try await bystander.declare(.direct(name))
            try await bystander.checkExchange(name)
            try await bystander.bind(queue: queue, to: name, routingKey: "k")

            let failing: [(UInt16, (AMQPChannel) async throws -> Void)] = [
                (404, { try await $0.checkExchange(uniqueName("missing")) }),
                (406, { try await $0.declare(.fanout(name)) }),
                (406, { try await $0.declare(AMQPExchange(name: name, kind: .direct, durable: false)) }),
                (403, { try await $0.declare(.direct("amq." + uniqueName("mine"))) }),
                (403, { try await $0.declare(.direct("")) }),
                (403, { try await $0.delete(exchange: "amq.direct") }),
                (406, { try await $0.delete(exchange: name, ifUnused: true) }),
                (404, { try await $0.bind(exchange: name, to: uniqueName("missing")) }),
                (404, { try await $0.publish(AMQPMessage("x"), to: .exchange(uniqueName("missing"))) }),
            ]
            for (code, operation) in failing {
                let channel = try await connection.openChannel()
                await expectError(.channelException, replyCode: code) { try await operation(channel) }
                #expect(!channel.isOpen)
                #expect(channel.closeReason?.replyCode == code)
                await expectError(.channelException, replyCode: code) { try await channel.checkExchange(name) }
            }
            try await bystander.delete(exchange: name)
            try await bystander.delete(exchange: name)
            #expect(bystander.isOpen)
        }
    }

    @Test("a kind that the broker does not know closes the connection")
    func unknownKind() async throws {
        try await withConnection { connection in
            let (first, second) = (try await connection.openChannel(), try await connection.openChannel())
            await expectError(.connectionClosedByPeer, replyCode: 503) {
                try await first.declare(AMQPExchange(name: uniqueName("odd"), kind: "x-no-such-kind"))
            }
            await expectError(.connectionClosedByPeer, replyCode: 503) { try await second.ownQueue() }
            #expect(await connection.waitUntilClosed().replyCode == 503)
        }
    }
}
