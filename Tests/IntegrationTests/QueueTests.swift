import SwiftAMQP
import TestSupport
import Testing

@Suite("Queues", .timeLimit(.minutes(1)))
struct QueueTests {
    @Test("declaring, asking, purging, deleting")
    func life() async throws {
        try await withChannel { channel in
            let name = uniqueName("life")
            let status = try await channel.declare(.classic(name))
            #expect(status.name == name)
            #expect([status.messageCount, status.consumerCount] == [0, 0])
            try await channel.publish(texts: ["1", "2", "3"], to: name)
            #expect(try await channel.declare(.classic(name)).messageCount == 3)
            try await channel.withConsumer(name, prefetch: 1) { deliveries in
                let delivery = try #require(try await deliveries.first { _ in true })
                let status = try await channel.status(ofQueue: name)
                #expect([status.messageCount, status.consumerCount] == [2, 1])
                // What waits for an ack is not purged.
                #expect(try await channel.purge(queue: name) == 2)
                try delivery.nack(requeue: true)
            }
            #expect(try await channel.delete(queue: name) == 1)
            #expect(try await channel.delete(queue: name) == 0)
        }
    }

    @Test("the broker chooses the name of a server-named queue, which lives as long as its connection")
    func serverNamed() async throws {
        try await withChannel { observer in
            let name = try await withConnection { connection in
                let name = try await connection.withChannel { channel in try await channel.ownQueue() }
                #expect(name.hasPrefix("amq.gen-"))
                try await connection.withChannel { channel in
                    try await channel.publish(AMQPMessage("x"), to: .queue(name))
                }
                return name
            }
            await expectError(.channelException, replyCode: 404) { try await observer.status(ofQueue: name) }
        }
    }

    @Test("what the broker refuses closes that channel and no other")
    func refused() async throws {
        try await withConnection { connection in
            let bystander = try await connection.openChannel()
            let name = uniqueName("refused")
            let missing = uniqueName("missing")
            try await bystander.declare(.classic(name))
            try await bystander.publish(AMQPMessage("x"), to: .queue(name))
            let deliveries = try await bystander.consume(name)

            let failing: [(UInt16, (AMQPChannel) async throws -> Void)] = [
                (404, { _ = try await $0.status(ofQueue: missing) }),
                (406, { try await $0.declare(.classic(name, durable: false)) }),
                (406, { try await $0.declare(.classic(name, messageTTL: .seconds(1))) }),
                (406, { try await $0.declare(.quorum(name)) }),
                (406, { try await $0.delete(queue: name, ifUnused: true) }),
                (403, { try await $0.declare(.classic("amq." + name)) }),
                (404, { try await $0.bind(queue: name, to: missing) }),
                (404, { try await $0.bind(queue: missing, to: "amq.direct") }),
                (404, { try await $0.purge(queue: missing) }),
                (404, { _ = try await $0.get(missing) }),
                (404, { _ = try await $0.consume(missing) }),
                (406, { try await $0.declare(.classic(uniqueName("ttl"), messageTTL: .seconds(-1))) }),
            ]
            for (index, (code, operation)) in failing.enumerated() {
                let channel = try await connection.openChannel()
                await expectError(.channelException, replyCode: code) { try await operation(channel) }
                #expect(channel.closeReason?.replyCode == code, "operation \(index)")
            }
            await bystander.cancel(deliveries)
            let channel = try await connection.openChannel()
            await expectError(.channelException, replyCode: 406) {
                try await channel.delete(queue: name, ifEmpty: true)
            }
            #expect(bystander.isOpen)
            #expect(try await bystander.delete(queue: name, ifUnused: true) == 1)
        }
    }

    @Test("an exclusive queue is locked for other connections")
    func exclusive() async throws {
        try await withChannel { owner in
            let name = try await owner.ownQueue()
            try await withConnection { other in
                for operation in [
                    { (channel: AMQPChannel) in _ = try await channel.status(ofQueue: name) },
                    { (channel: AMQPChannel) in _ = try await channel.get(name) },
                    { (channel: AMQPChannel) in _ = try await channel.consume(name) },
                    { (channel: AMQPChannel) in _ = try await channel.delete(queue: name) },
                ] {
                    let channel = try await other.openChannel()
                    await expectError(.channelException, replyCode: 405) { try await operation(channel) }
                }
            }
            try await owner.publish(AMQPMessage("mine"), to: .queue(name))
        }
    }

    @Test("the builders declare what they say", .enabled(if: !Broker.isExternal, "needs rabbitmqctl"))
    func builders() async throws {
        let broker = try await Broker.shared
        try await withChannel { channel in
            let names = (0..<3).map { uniqueName("builder\($0)") }
            try await channel.declare(
                .quorum(
                    names[0], deliveryLimit: 5, deadLetterExchange: "dlx", deadLetterRoutingKey: "dead",
                    maximumLength: 100, overflow: .rejectPublish, arguments: ["x-expires": .int32(60_000)]))
            try await channel.declare(
                .classic(
                    names[1], durable: false, autoDelete: true, messageTTL: .seconds(1.5), expires: .seconds(60),
                    deadLetterExchange: "dlx", maximumLength: 7, overflow: .dropHead, maximumPriority: 10))
            try await channel.declare(
                .stream(names[2], maximumLengthBytes: 1_000_000, maximumAge: "7D", maximumSegmentSizeBytes: 100_000))
            let lines = try await broker.ctl(["list_queues", "name", "durable", "auto_delete", "type", "arguments"])
                .split(separator: "\n").map(String.init)
            for (name, parts) in zip(
                names,
                [
                    [
                        "\ttrue\tfalse\t", "quorum", "{\"x-delivery-limit\",5}", "{\"x-dead-letter-exchange\",\"dlx\"}",
                        "{\"x-dead-letter-routing-key\",\"dead\"}", "{\"x-max-length\",100}",
                        "{\"x-overflow\",\"reject-publish\"}", "{\"x-expires\",60000}",
                    ],
                    [
                        "\tfalse\ttrue\t", "classic", "{\"x-message-ttl\",1500}", "{\"x-expires\",60000}",
                        "{\"x-max-length\",7}", "{\"x-overflow\",\"drop-head\"}", "{\"x-max-priority\",10}",
                    ],
                    [
                        "\ttrue\tfalse\t", "stream", "{\"x-max-length-bytes\",1000000}", "{\"x-max-age\",\"7D\"}",
                        "{\"x-stream-max-segment-size-bytes\",100000}",
                    ],
                ])
            {
                let line = lines.first { $0.hasPrefix(name) } ?? ""
                for part in parts { #expect(line.contains(part), "\(part) in \(line)") }
                try await channel.delete(queue: name)
            }
        }
    }

    @Test("arguments that RabbitMQ would misread are refused before anything is sent")
    func unsupportedArguments() async throws {
        try await withChannel { channel in
            for value in [AMQPFieldValue.uint64(.max), .double(.nan), .float(.infinity)] {
                await expectError(.invalidArgument) {
                    try await channel.ownQueue(arguments: ["x-odd": .array([.table(["deep": value])])])
                }
            }
            #expect(channel.isOpen)
            _ = try await channel.ownQueue(arguments: ["x-mine": .array([1, "two", .table(["three": true]), nil])])
        }
    }
}
