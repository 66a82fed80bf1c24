import SwiftAMQP
import TestSupport
import Testing

@Suite("Properties, headers and names", .timeLimit(.minutes(1)))
struct PropertiesTests {
    static let everyKind: AMQPTable = [
        "bool": .bool(true), "int8": .int8(-128), "uint8": .uint8(255), "int16": .int16(-32_768),
        "uint16": .uint16(65_535), "int32": .int32(.min), "uint32": .uint32(.max), "int64": .int64(.min),
        "uint64": .uint64(UInt64(Int64.max)), "float": .float(-1.5), "double": .double(.pi),
        "tiny": .double(.leastNonzeroMagnitude), "decimal": .decimal(.init(scale: 2, value: 31_415)),
        "string": .string("grüße 🐇"), "empty": .string(""), "bytes": .bytes([0, 255, 1, 254]),
        "timestamp": .timestamp(.init(secondsSinceEpoch: 1_700_000_000)),
        "array": .array([1, "two", .array([.bool(false), nil]), .table(["three": 3.5])]),
        "table": .table(["b": 1, "a": .table(["deep": .table([:])])]), "nothing": .void, "": "no key",
    ]

    private func roundTrip(_ message: AMQPMessage) async throws -> AMQPMessage {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            try await channel.publish(message, to: .queue(queue))
            return try await channel.drain(queue, count: 1)[0].message
        }
    }

    @Test("every property and every kind of value arrives as it was sent, in its order")
    func everything() async throws {
        let properties = AMQPProperties(
            contentType: "application/json", contentEncoding: "gzip", headers: Self.everyKind,
            deliveryMode: .transient, priority: 255, correlationID: "c-1", replyTo: "answers", expiration: "60000",
            messageID: "m-1", timestamp: .init(secondsSinceEpoch: 1_700_000_000), type: "order.created",
            userID: "guest", appID: "shop", clusterID: "old")
        let message = AMQPMessage(body: Array(0...255), properties: properties)
        let arrived = try await roundTrip(message)
        #expect(arrived.properties == properties)
        #expect(arrived.properties.headers.map(\.key) == Self.everyKind.map(\.key))
        #expect(arrived.body == message.body)
    }

    @Test("each property alone")
    func oneByOne() async throws {
        let all: [AMQPProperties] = [
            .init(), .init(contentType: ""), .init(contentEncoding: "x"), .init(headers: ["k": "v"]),
            .init(deliveryMode: .persistent), .init(priority: 0), .init(correlationID: "x"), .init(replyTo: "x"),
            .init(expiration: "99999"), .init(messageID: "x"), .init(timestamp: .init(secondsSinceEpoch: 0)),
            .init(timestamp: .init(secondsSinceEpoch: .max)), .init(type: "x"), .init(userID: "guest"),
            .init(appID: "x"), .init(clusterID: "x"),
            .init(correlationID: String(repeating: "ä", count: 127) + "x"),
        ]
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            for properties in all {
                try await channel.publish(AMQPMessage("x", properties: properties), to: .queue(queue))
            }
            #expect(try await channel.drain(queue, count: all.count).map(\.properties) == all)
        }
    }

    @Test(
        "what the broker checks in properties closes the channel",
        arguments: [
            AMQPProperties(userID: "somebody-else"), AMQPProperties(expiration: "soon"),
            AMQPProperties(expiration: "-1"),
        ])
    func refusedByBroker(_ properties: AMQPProperties) async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            let error = await expectError(.channelException, replyCode: 406) {
                try await channel.publish(AMQPMessage("x", properties: properties), to: .queue(queue))
            }
            #expect(error?.outcome?.isUnknown == true)
        }
    }

    @Test("what does not fit into the protocol is refused before a byte is sent")
    func refusedLocally() async throws {
        let long = String(repeating: "x", count: 256)
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            for properties in [
                AMQPProperties(contentType: long), .init(messageID: long), .init(headers: [long: 1]),
                .init(headers: ["k": .table([long: 1])]), .init(headers: ["k": .uint64(.max)]),
                .init(headers: ["k": .double(.infinity)]),
            ] {
                let error = await expectError(.invalidArgument) {
                    try await channel.publish(AMQPMessage("x", properties: properties), to: .queue(queue))
                }
                #expect(error?.outcome?.isNotSent == true)
            }
            await expectError(.invalidArgument) { try await channel.publish(AMQPMessage("x"), to: .queue(long)) }
            await expectError(.invalidArgument) { try await channel.publish(AMQPMessage("x"), to: .exchange(long)) }
            await expectError(.invalidArgument) { try await channel.declare(.classic(long)) }
            await expectError(.invalidArgument) { try await channel.declare(.direct(long)) }
            await expectError(.invalidArgument) {
                try await channel.bind(queue: queue, to: "amq.topic", routingKey: long)
            }
            #expect(channel.isOpen)
            try await channel.publish(AMQPMessage("x"), to: .queue(queue))
            #expect(try await channel.ready(queue) == 1)
        }
    }

    @Test("names of 255 bytes work", arguments: ["n", "ä"])
    func longNames(_ letter: String) async throws {
        func long(_ prefix: String) -> String {
            var name = uniqueName(prefix)
            while name.utf8.count + letter.utf8.count <= 255 { name += letter }
            while name.utf8.count < 255 { name += "." }
            return name
        }
        let (queue, exchange, key) = (long("queue"), long("exchange"), long("key"))
        try await withChannel { channel in
            #expect(try await channel.declare(.classic(queue)).name == queue)
            try await channel.declare(.topic(exchange))
            try await channel.bind(queue: queue, to: exchange, routingKey: key)
            try await channel.publish(AMQPMessage("x"), to: .exchange(exchange, routingKey: key))
            let delivery = try await channel.drain(queue, count: 1)[0]
            #expect(delivery.exchange == exchange)
            #expect(delivery.routingKey == key)
            let missing = long("missing")
            let error = await expectError(.returned, replyCode: 312) {
                try await channel.publish(AMQPMessage("x"), to: .exchange(exchange, routingKey: missing))
            }
            #expect(error?.text.contains(missing) == true)
            try await channel.delete(queue: queue)
            try await channel.delete(exchange: exchange)
        }
    }
}
