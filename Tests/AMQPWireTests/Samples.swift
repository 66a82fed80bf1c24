import AMQPWire

/// Values that the tests share.
enum Samples {
    static let everyKind: AMQPTable = [
        "true": true, "false": false, "int8": .int8(-128), "uint8": .uint8(255), "int16": .int16(-32768),
        "uint16": .uint16(65535), "int32": .int32(.min), "uint32": .uint32(.max), "int64": .int64(.min),
        "uint64": .uint64(.max), "float": .float(-1.5), "double": .double(2.25), "infinity": .double(.infinity),
        "decimal": .decimal(AMQPDecimal(scale: 2, value: .max)), "string": "häßlich \u{1F407}", "empty": "",
        "bytes": .bytes([0, 255, 128]), "no bytes": .bytes([]),
        "timestamp": .timestamp(AMQPTimestamp(secondsSinceEpoch: .max)), "array": [1, "two", [], [3.0]],
        "table": ["nested": ["deeper": nil], "none": [:]], "void": nil, "": "the empty key",
    ]

    static let capabilities: AMQPTable = [
        "product": "SwiftAMQP",
        "capabilities": [
            "publisher_confirms": true, "basic.nack": true, "consumer_cancel_notify": true,
            "connection.blocked": true, "authentication_failure_close": true, "exchange_exchange_bindings": true,
        ],
    ]

    static let allProperties = AMQPProperties(
        contentType: "text/plain", contentEncoding: "gzip", headers: everyKind, deliveryMode: .persistent,
        priority: 9, correlationID: "c", replyTo: "r", expiration: "60000", messageID: "m",
        timestamp: AMQPTimestamp(secondsSinceEpoch: 1_700_000_000), type: "t", userID: "guest", appID: "app",
        clusterID: "cluster")

    /// Each property by itself.
    static let eachProperty: [AMQPProperties] = [
        AMQPProperties(contentType: "a"), AMQPProperties(contentEncoding: "b"), AMQPProperties(headers: ["c": 1]),
        AMQPProperties(deliveryMode: .transient), AMQPProperties(deliveryMode: AMQPDeliveryMode(rawValue: 0)),
        AMQPProperties(priority: 0), AMQPProperties(correlationID: "d"), AMQPProperties(replyTo: "e"),
        AMQPProperties(expiration: "f"), AMQPProperties(messageID: "g"),
        AMQPProperties(timestamp: AMQPTimestamp(secondsSinceEpoch: 0)), AMQPProperties(type: "h"),
        AMQPProperties(userID: "i"), AMQPProperties(appID: "j"), AMQPProperties(clusterID: ""),
    ]

    /// Every method, with arguments that differ from their defaults and from each other.
    static let methods: [AMQPMethod] = connectionMethods + channelMethods + queueMethods + basicMethods

    private static let connectionMethods: [AMQPMethod] = [
        .connectionStart(
            .init(
                versionMajor: 0, versionMinor: 9, serverProperties: everyKind, mechanisms: "PLAIN AMQPLAIN",
                locales: "en_US")),
        .connectionStartOK(
            .init(clientProperties: capabilities, mechanism: "PLAIN", response: [0, 65, 0, 66], locale: "en_US")),
        .connectionSecure(.init(challenge: [1, 2, 3])), .connectionSecureOK(.init(response: [])),
        .connectionTune(.init(channelMax: 2047, frameMax: 131_072, heartbeat: 60)),
        .connectionTuneOK(.init(channelMax: 1, frameMax: .max, heartbeat: 0)),
        .connectionOpen(.init(virtualHost: "/")), .connectionOpenOK,
        .connectionClose(.init(replyCode: 320, replyText: "CONNECTION_FORCED", classID: 10, methodID: 40)),
        .connectionCloseOK, .connectionBlocked(.init(reason: "low on memory")), .connectionUnblocked,
        .connectionUpdateSecret(.init(newSecret: [9, 8, 7], reason: "expired")), .connectionUpdateSecretOK,
    ]

    private static let channelMethods: [AMQPMethod] = [
        .channelOpen, .channelOpenOK, .channelFlow(.init(active: true)), .channelFlowOK(.init(active: false)),
        .channelClose(.init(replyCode: 404, replyText: "NOT_FOUND", classID: 50, methodID: 10)), .channelCloseOK,
        .accessRequest(.init(realm: "/data", exclusive: true, passive: false, active: true, write: true, read: true)),
        .accessRequestOK(.init(ticket: 101)),
        .exchangeDeclare(
            .init(
                exchange: "e", type: "topic", passive: false, durable: true, autoDelete: false, isInternal: true,
                noWait: false, arguments: ["alternate-exchange": "a"])),
        .exchangeDeclareOK, .exchangeDelete(.init(exchange: "e", ifUnused: true, noWait: true)), .exchangeDeleteOK,
        .exchangeBind(
            .init(destination: "d", source: "s", routingKey: "#", noWait: true, arguments: ["x": nil])),
        .exchangeBindOK, .exchangeUnbind(.init(destination: "d", source: "s", routingKey: "#", arguments: [:])),
        .exchangeUnbindOK,
    ]

    private static let queueMethods: [AMQPMethod] = [
        .queueDeclare(
            .init(
                queue: "q", passive: true, durable: false, exclusive: true, autoDelete: false, noWait: true,
                arguments: ["x-queue-type": "quorum", "x-max-length": 10])),
        .queueDeclareOK(.init(queue: "amq.gen-x", messageCount: 1, consumerCount: .max)),
        .queueBind(.init(queue: "q", exchange: "e", routingKey: "a.b", noWait: false, arguments: everyKind)),
        .queueBindOK, .queuePurge(.init(queue: "q", noWait: true)), .queuePurgeOK(.init(messageCount: 5)),
        .queueDelete(.init(queue: "q", ifUnused: false, ifEmpty: true, noWait: false)),
        .queueDeleteOK(.init(messageCount: 6)),
        .queueUnbind(.init(queue: "q", exchange: "e", routingKey: "a.b", arguments: ["k": [1, 2]])), .queueUnbindOK,
        .confirmSelect(.init(noWait: true)), .confirmSelectOK, .txSelect, .txSelectOK, .txCommit, .txCommitOK,
        .txRollback, .txRollbackOK,
    ]

    private static let basicMethods: [AMQPMethod] = [
        .basicQoS(.init(prefetchSize: 1, prefetchCount: 64, isGlobal: true)), .basicQoSOK,
        .basicConsume(
            .init(
                queue: "q", consumerTag: "c", noLocal: false, noAck: true, exclusive: false, noWait: true,
                arguments: ["x-priority": .int32(10)])),
        .basicConsumeOK(.init(consumerTag: "c")), .basicCancel(.init(consumerTag: "c", noWait: true)),
        .basicCancelOK(.init(consumerTag: "c")),
        .basicPublish(.init(exchange: "", routingKey: "q", mandatory: true, immediate: false)),
        .basicReturn(.init(replyCode: 312, replyText: "NO_ROUTE", exchange: "e", routingKey: "k")),
        .basicDeliver(
            .init(consumerTag: "c", deliveryTag: .max, redelivered: true, exchange: "e", routingKey: "k")),
        .basicGet(.init(queue: "q", noAck: true)),
        .basicGetOK(.init(deliveryTag: 1, redelivered: false, exchange: "e", routingKey: "k", messageCount: 3)),
        .basicGetEmpty, .basicAck(.init(deliveryTag: 2, multiple: true)),
        .basicReject(.init(deliveryTag: 3, requeue: true)), .basicRecoverAsync(.init(requeue: true)),
        .basicRecover(.init(requeue: false)), .basicRecoverOK,
        .basicNack(.init(deliveryTag: 4, multiple: false, requeue: true)),
    ]
}
