extension WireFrame {
    /// connection.start.
    package static func start(
        mechanisms: String = "PLAIN", serverProperties: [WireField] = FakeBroker.serverProperties
    ) -> WireFrame {
        .method(0, .connectionStart) {
            $0.u8(0)
            $0.u8(9)
            $0.table(serverProperties)
            $0.longString(mechanisms)
            $0.longString("en_US")
        }
    }

    /// connection.tune.
    package static func tune(
        channelMax: UInt16 = 2047, frameMax: UInt32 = 131_072, heartbeat: UInt16 = 0
    ) -> WireFrame {
        .method(0, .connectionTune) {
            $0.u16(channelMax)
            $0.u32(frameMax)
            $0.u16(heartbeat)
        }
    }

    /// basic.deliver, whose header and body are frames of their own.
    package static func deliver(
        _ tag: UInt64 = 1, to consumerTag: String = "c", channel: UInt16 = 1, redelivered: Bool = false,
        exchange: String = "", routingKey: String = "q"
    ) -> WireFrame {
        .method(channel, .basicDeliver) {
            $0.shortString(consumerTag)
            $0.u64(tag)
            $0.bits(redelivered)
            $0.shortString(exchange)
            $0.shortString(routingKey)
        }
    }
}
