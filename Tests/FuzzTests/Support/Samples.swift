@testable import AMQPWire

/// Values that the seeds are made of.
enum Samples {
    static let everyKind: AMQPTable = [
        "t": true, "b": .int8(-128), "B": .uint8(255), "s": .int16(-32768), "u": .uint16(65535), "I": .int32(.min),
        "i": .uint32(.max), "l": .int64(.min), "L": .uint64(.max), "f": .float(-1.5), "d": .double(.nan),
        "D": .decimal(AMQPDecimal(scale: 2, value: .max)), "S": "häßlich \u{1F407}", "x": .bytes([0, 255]),
        "T": .timestamp(AMQPTimestamp(secondsSinceEpoch: .max)), "A": [1, "two", [], [3.0]],
        "F": ["nested": ["deeper": nil], "none": [:]], "V": nil, "": "the empty key",
    ]

    static let death: AMQPTable = [
        "x-death": [
            [
                "count": 1, "reason": "expired", "queue": "work", "exchange": "", "routing-keys": ["work"],
                "time": .timestamp(AMQPTimestamp(secondsSinceEpoch: 1_700_000_000)),
            ]
        ], "x-first-death-reason": "expired", "x-delivery-count": 3,
    ]

    static let tables: [AMQPTable] = [
        [:], ["one": 1], everyKind, death, ["a": [[[[[]]]]]], ["a": ["b": ["c": ["d": [:]]]]],
    ]

    static let allProperties = AMQPProperties(
        contentType: "text/plain", contentEncoding: "gzip", headers: everyKind, deliveryMode: .persistent,
        priority: 9, correlationID: "c", replyTo: "r", expiration: "60000", messageID: "m",
        timestamp: AMQPTimestamp(secondsSinceEpoch: 1_700_000_000), type: "t", userID: "guest", appID: "app",
        clusterID: "cluster")

    static let eachProperty: [AMQPProperties] = [
        AMQPProperties(contentType: "a"), AMQPProperties(contentEncoding: "b"), AMQPProperties(headers: death),
        AMQPProperties(deliveryMode: .transient), AMQPProperties(priority: 255), AMQPProperties(correlationID: "d"),
        AMQPProperties(replyTo: "e"), AMQPProperties(expiration: "f"), AMQPProperties(messageID: "g"),
        AMQPProperties(timestamp: AMQPTimestamp(secondsSinceEpoch: 0)), AMQPProperties(type: "h"),
        AMQPProperties(userID: "i"), AMQPProperties(appID: "j"), AMQPProperties(clusterID: ""),
    ]

    static let start = AMQPMethod.connectionStart(
        .init(
            versionMajor: 0, versionMinor: 9,
            serverProperties: [
                "product": "RabbitMQ", "version": "3.10.8",
                "capabilities": ["publisher_confirms": true, "basic.nack": true, "connection.blocked": true],
            ], mechanisms: "AMQPLAIN PLAIN", locales: "en_US"))
    static let tune = AMQPMethod.connectionTune(.init(channelMax: 2047, frameMax: 131_072, heartbeat: 60))

    /// Methods with something in them; the others are in ``Seeds/shortestPayloads``.
    static let methods: [AMQPMethod] = [
        start, tune, .connectionSecure(.init(challenge: [1, 2, 3])),
        .connectionStartOK(.init(clientProperties: everyKind, mechanism: "PLAIN", response: [0, 65], locale: "en_US")),
        .connectionClose(.init(replyCode: 320, replyText: "CONNECTION_FORCED", classID: 10, methodID: 40)),
        .connectionBlocked(.init(reason: "low on memory")),
        .connectionUpdateSecret(.init(newSecret: [9, 8, 7], reason: "expired")),
        .channelClose(.init(replyCode: 404, replyText: "NOT_FOUND", classID: 50, methodID: 10)),
        .exchangeDeclare(
            .init(
                exchange: "e", type: "topic", passive: false, durable: true, autoDelete: false, isInternal: true,
                noWait: false, arguments: ["alternate-exchange": "a"])),
        .exchangeBind(.init(destination: "d", source: "s", routingKey: "#", noWait: true, arguments: ["x": nil])),
        .queueDeclare(.init(queue: "q", arguments: ["x-queue-type": "quorum", "x-max-length": 10])),
        .queueDeclareOK(.init(queue: "amq.gen-x", messageCount: 1, consumerCount: .max)),
        .queueUnbind(.init(queue: "q", exchange: "e", routingKey: "a.b", arguments: ["k": [1, 2]])),
        .basicConsumeOK(.init(consumerTag: "c")), .basicCancel(.init(consumerTag: "c", noWait: true)),
        .basicReturn(.init(replyCode: 312, replyText: "NO_ROUTE", exchange: "e", routingKey: "k")),
        deliver(1), getOK(2), .basicAck(.init(deliveryTag: 2, multiple: true)),
        .basicNack(.init(deliveryTag: 4, multiple: false, requeue: true)),
    ]

    static func deliver(_ tag: UInt64, to consumer: String = "c") -> AMQPMethod {
        .basicDeliver(
            .init(consumerTag: consumer, deliveryTag: tag, redelivered: false, exchange: "e", routingKey: "k"))
    }

    static func getOK(_ tag: UInt64) -> AMQPMethod {
        .basicGetOK(.init(deliveryTag: tag, redelivered: true, exchange: "e", routingKey: "k", messageCount: 3))
    }
}
