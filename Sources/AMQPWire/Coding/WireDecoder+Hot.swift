internal import CRabbitMQ

/// `basic.deliver` without a copy: its strings point into the payload and must not outlive it.
package struct DeliverView {
    package let consumerTag: UnsafeRawBufferPointer
    package let exchange: UnsafeRawBufferPointer
    package let routingKey: UnsafeRawBufferPointer
    package let deliveryTag: UInt64
    package let redelivered: Bool
}

/// What a `basic.ack` or a `basic.nack` settles.
package struct SettleView: Sendable, Equatable {
    package let deliveryTag: UInt64
    /// All up to the tag, not it alone.
    package let multiple: Bool
    /// Of a nack; `false` for an ack. As a refusal of a publish, it means nothing.
    package let requeue: Bool

    package init(deliveryTag: UInt64, multiple: Bool, requeue: Bool) {
        self.deliveryTag = deliveryTag
        self.multiple = multiple
        self.requeue = requeue
    }
}

// The methods that come once a message. None of these allocates: the pool's page stays.
extension WireDecoder {
    /// Decodes the payload of a frame whose ``peekMethodID(_:)`` is `basic.deliver`.
    package func decodeDeliver(_ payload: UnsafeRawBufferPointer) throws(WireError) -> DeliverView {
        let arguments = try Self.arguments(payload, .basicDeliver)
        defer { pool.recycle(afterDecoding: 0) }
        let raw = try decodeRaw(.basicDeliver, arguments).assumingMemoryBound(to: amqp_basic_deliver_t.self)
        return DeliverView(
            consumerTag: raw.pointee.consumer_tag.buffer, exchange: raw.pointee.exchange.buffer,
            routingKey: raw.pointee.routing_key.buffer, deliveryTag: raw.pointee.delivery_tag,
            redelivered: raw.pointee.redelivered != 0)
    }

    /// Decodes the payload of a frame whose ``peekMethodID(_:)`` is `basic.ack`.
    package func decodeAck(_ payload: UnsafeRawBufferPointer) throws(WireError) -> SettleView {
        let arguments = try Self.arguments(payload, .basicAck)
        defer { pool.recycle(afterDecoding: 0) }
        let raw = try decodeRaw(.basicAck, arguments).assumingMemoryBound(to: amqp_basic_ack_t.self)
        return SettleView(
            deliveryTag: raw.pointee.delivery_tag, multiple: raw.pointee.multiple != 0, requeue: false)
    }

    /// Decodes the payload of a frame whose ``peekMethodID(_:)`` is `basic.nack`.
    package func decodeNack(_ payload: UnsafeRawBufferPointer) throws(WireError) -> SettleView {
        let arguments = try Self.arguments(payload, .basicNack)
        defer { pool.recycle(afterDecoding: 0) }
        let raw = try decodeRaw(.basicNack, arguments).assumingMemoryBound(to: amqp_basic_nack_t.self)
        return SettleView(
            deliveryTag: raw.pointee.delivery_tag, multiple: raw.pointee.multiple != 0,
            requeue: raw.pointee.requeue != 0)
    }

    /// What follows the id, which must be `id`.
    @inline(__always)
    private static func arguments(
        _ payload: UnsafeRawBufferPointer, _ id: AMQPMethodID
    ) throws(WireError) -> UnsafeRawBufferPointer {
        guard peekMethodID(payload) == id.rawValue else {
            throw WireError(.unexpectedFrame, "\(id.name) was expected")
        }
        return UnsafeRawBufferPointer(rebasing: payload[4...])
    }
}
