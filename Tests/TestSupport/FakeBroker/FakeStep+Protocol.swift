// Pieces of the protocol that most scripts are made of.

extension FakeStep {
    /// Everything from the protocol header to connection.open-ok. Heartbeats are off unless asked for.
    package static func handshake(
        channelMax: UInt16 = 2047, frameMax: UInt32 = 131_072, heartbeat: UInt16 = 0,
        mechanisms: String = "PLAIN AMQPLAIN", serverProperties: [WireField] = FakeBroker.serverProperties
    ) -> FakeStep {
        .steps(
            "handshake",
            [
                .expectProtocolHeader,
                .start(mechanisms: mechanisms, serverProperties: serverProperties),
                .expectMethod(.connectionStartOK, channel: 0),
                .tune(channelMax: channelMax, frameMax: frameMax, heartbeat: heartbeat),
                .expectMethod(.connectionTuneOK, channel: 0),
                .expectMethod(.connectionOpen, channel: 0),
                .sendMethod(0, .connectionOpenOK) { $0.shortString("") },
            ])
    }

    package static func start(
        mechanisms: String = "PLAIN AMQPLAIN", serverProperties: [WireField] = FakeBroker.serverProperties
    ) -> FakeStep {
        .send(WireFrame.start(mechanisms: mechanisms, serverProperties: serverProperties))
    }

    package static func tune(channelMax: UInt16 = 2047, frameMax: UInt32 = 131_072, heartbeat: UInt16 = 0) -> FakeStep {
        .send(WireFrame.tune(channelMax: channelMax, frameMax: frameMax, heartbeat: heartbeat))
    }

    package static func openChannel(_ channel: UInt16) -> FakeStep {
        .steps(
            "open channel \(channel)",
            [
                .expectMethod(.channelOpen, channel: channel),
                .sendMethod(channel, .channelOpenOK) { $0.longString("") },
            ])
    }

    package static func confirmSelect(_ channel: UInt16) -> FakeStep {
        .steps(
            "confirm mode on channel \(channel)",
            [.expectMethod(.confirmSelect, channel: channel), .sendMethod(channel, .confirmSelectOK)])
    }

    /// The client closes the connection, and the broker agrees.
    package static let closeOK = FakeStep.steps(
        "close-ok", [.expectMethod(.connectionClose, channel: 0), .sendMethod(0, .connectionCloseOK), .expectClose])

    /// The client closes a channel, and the broker agrees.
    package static func channelCloseOK(_ channel: UInt16) -> FakeStep {
        .steps(
            "channel close-ok",
            [.expectMethod(.channelClose, channel: channel), .sendMethod(channel, .channelCloseOK)])
    }

    /// The broker closes the connection; the client's close-ok is a step of its own.
    package static func sendConnectionClose(
        _ code: UInt16, _ text: String, causedBy method: WireMethodID = WireMethodID(0, 0)
    ) -> FakeStep {
        .sendMethod(0, .connectionClose) { $0.close(code, text, method) }
    }

    /// The broker closes a channel; the client's close-ok is a step of its own.
    package static func sendChannelClose(
        _ channel: UInt16, _ code: UInt16, _ text: String, causedBy method: WireMethodID = WireMethodID(0, 0)
    ) -> FakeStep {
        .sendMethod(channel, .channelClose) { $0.close(code, text, method) }
    }

    package static func ack(_ channel: UInt16, _ tag: UInt64, multiple: Bool = false) -> FakeStep {
        .sendMethod(channel, .basicAck) {
            $0.u64(tag)
            $0.bits(multiple)
        }
    }

    package static func nack(_ channel: UInt16, _ tag: UInt64, multiple: Bool = false) -> FakeStep {
        .sendMethod(channel, .basicNack) {
            $0.u64(tag)
            $0.bits(multiple, false)
        }
    }

    /// basic.return with the message.
    package static func sendReturn(
        _ channel: UInt16, code: UInt16 = 312, text: String = "NO_ROUTE", exchange: String = "",
        routingKey: String, body: [UInt8]
    ) -> FakeStep {
        .steps(
            "return",
            [
                .sendMethod(channel, .basicReturn) {
                    $0.u16(code)
                    $0.shortString(text)
                    $0.shortString(exchange)
                    $0.shortString(routingKey)
                },
                .sendContent(channel, body),
            ])
    }

    /// basic.deliver with the message.
    package static func deliver(
        _ channel: UInt16, consumerTag: String, tag: UInt64, redelivered: Bool = false, exchange: String = "",
        routingKey: String = "", body: [UInt8] = []
    ) -> FakeStep {
        .steps(
            "deliver",
            [
                .send(
                    WireFrame.deliver(
                        tag, to: consumerTag, channel: channel, redelivered: redelivered, exchange: exchange,
                        routingKey: routingKey)), .sendContent(channel, body),
            ])
    }

    /// A header without properties, and the body in one frame where there is one.
    package static func sendContent(_ channel: UInt16, _ body: [UInt8]) -> FakeStep {
        let header = WireFrame.header(channel, bodySize: UInt64(body.count))
        return body.isEmpty ? .send(header) : .send(header, .body(channel, body))
    }

    package static let sendHeartbeat = FakeStep.send(.heartbeatFrame)

    package static func blocked(_ reason: String) -> FakeStep {
        .sendMethod(0, .connectionBlocked) { $0.shortString(reason) }
    }

    package static let unblocked = FakeStep.sendMethod(0, .connectionUnblocked)
}

extension FakeBroker {
    /// What a RabbitMQ 3.10 says about itself.
    package static let serverProperties: [WireField] = [
        WireField(
            "capabilities",
            .table(
                [
                    "publisher_confirms", "exchange_exchange_bindings", "basic.nack", "consumer_cancel_notify",
                    "connection.blocked", "consumer_priorities", "authentication_failure_close", "per_consumer_qos",
                    "direct_reply_to",
                ].map { WireField($0, .bool(true)) })),
        WireField("cluster_name", .string("fake@localhost")),
        WireField("product", .string("RabbitMQ")),
        WireField("version", .string("3.10.8")),
    ]
}

extension WireWriter {
    fileprivate mutating func close(_ code: UInt16, _ text: String, _ method: WireMethodID) {
        u16(code)
        shortString(text)
        u16(method.classID)
        u16(method.methodID)
    }
}
