internal import CRabbitMQ

extension AMQPMethod.BasicQoS: MethodBody {
    static var id: AMQPMethodID { .basicQoS }

    func raw(in arena: inout WireArena) -> amqp_basic_qos_t {
        amqp_basic_qos_t(prefetch_size: prefetchSize, prefetch_count: prefetchCount, global: isGlobal ? 1 : 0)
    }

    init(_ raw: amqp_basic_qos_t) throws(WireError) {
        self.init(prefetchSize: raw.prefetch_size, prefetchCount: raw.prefetch_count, isGlobal: raw.global != 0)
    }
}

extension AMQPMethod.BasicConsume: MethodBody {
    static var id: AMQPMethodID { .basicConsume }

    func raw(in arena: inout WireArena) -> amqp_basic_consume_t {
        amqp_basic_consume_t(
            ticket: 0, queue: arena.shortString(queue, "queue"),
            consumer_tag: arena.shortString(consumerTag, "consumer tag"), no_local: noLocal ? 1 : 0,
            no_ack: noAck ? 1 : 0, exclusive: exclusive ? 1 : 0, nowait: noWait ? 1 : 0,
            arguments: arena.table(arguments))
    }

    init(_ raw: amqp_basic_consume_t) throws(WireError) {
        try self.init(
            queue: raw.queue.text, consumerTag: raw.consumer_tag.text, noLocal: raw.no_local != 0,
            noAck: raw.no_ack != 0, exclusive: raw.exclusive != 0, noWait: raw.nowait != 0,
            arguments: AMQPTable(raw.arguments))
    }
}

extension AMQPMethod.BasicConsumeOK: MethodBody {
    static var id: AMQPMethodID { .basicConsumeOK }

    func raw(in arena: inout WireArena) -> amqp_basic_consume_ok_t {
        amqp_basic_consume_ok_t(consumer_tag: arena.shortString(consumerTag, "consumer tag"))
    }

    init(_ raw: amqp_basic_consume_ok_t) throws(WireError) {
        self.init(consumerTag: raw.consumer_tag.text)
    }
}

extension AMQPMethod.BasicCancel: MethodBody {
    static var id: AMQPMethodID { .basicCancel }

    func raw(in arena: inout WireArena) -> amqp_basic_cancel_t {
        amqp_basic_cancel_t(consumer_tag: arena.shortString(consumerTag, "consumer tag"), nowait: noWait ? 1 : 0)
    }

    init(_ raw: amqp_basic_cancel_t) throws(WireError) {
        self.init(consumerTag: raw.consumer_tag.text, noWait: raw.nowait != 0)
    }
}

extension AMQPMethod.BasicCancelOK: MethodBody {
    static var id: AMQPMethodID { .basicCancelOK }

    func raw(in arena: inout WireArena) -> amqp_basic_cancel_ok_t {
        amqp_basic_cancel_ok_t(consumer_tag: arena.shortString(consumerTag, "consumer tag"))
    }

    init(_ raw: amqp_basic_cancel_ok_t) throws(WireError) {
        self.init(consumerTag: raw.consumer_tag.text)
    }
}

extension AMQPMethod.BasicPublish: MethodBody {
    static var id: AMQPMethodID { .basicPublish }

    func raw(in arena: inout WireArena) -> amqp_basic_publish_t {
        amqp_basic_publish_t(
            ticket: 0, exchange: arena.shortString(exchange, "exchange"),
            routing_key: arena.shortString(routingKey, "routing key"), mandatory: mandatory ? 1 : 0,
            immediate: immediate ? 1 : 0)
    }

    init(_ raw: amqp_basic_publish_t) throws(WireError) {
        self.init(
            exchange: raw.exchange.text, routingKey: raw.routing_key.text, mandatory: raw.mandatory != 0,
            immediate: raw.immediate != 0)
    }
}

extension AMQPMethod.BasicReturn: MethodBody {
    static var id: AMQPMethodID { .basicReturn }

    func raw(in arena: inout WireArena) -> amqp_basic_return_t {
        amqp_basic_return_t(
            reply_code: replyCode, reply_text: arena.shortString(replyText, "reply text"),
            exchange: arena.shortString(exchange, "exchange"),
            routing_key: arena.shortString(routingKey, "routing key"))
    }

    init(_ raw: amqp_basic_return_t) throws(WireError) {
        self.init(
            replyCode: raw.reply_code, replyText: raw.reply_text.text, exchange: raw.exchange.text,
            routingKey: raw.routing_key.text)
    }
}

extension AMQPMethod.BasicDeliver: MethodBody {
    static var id: AMQPMethodID { .basicDeliver }

    func raw(in arena: inout WireArena) -> amqp_basic_deliver_t {
        amqp_basic_deliver_t(
            consumer_tag: arena.shortString(consumerTag, "consumer tag"), delivery_tag: deliveryTag,
            redelivered: redelivered ? 1 : 0, exchange: arena.shortString(exchange, "exchange"),
            routing_key: arena.shortString(routingKey, "routing key"))
    }

    init(_ raw: amqp_basic_deliver_t) throws(WireError) {
        self.init(
            consumerTag: raw.consumer_tag.text, deliveryTag: raw.delivery_tag, redelivered: raw.redelivered != 0,
            exchange: raw.exchange.text, routingKey: raw.routing_key.text)
    }
}

extension AMQPMethod.BasicGet: MethodBody {
    static var id: AMQPMethodID { .basicGet }

    func raw(in arena: inout WireArena) -> amqp_basic_get_t {
        amqp_basic_get_t(ticket: 0, queue: arena.shortString(queue, "queue"), no_ack: noAck ? 1 : 0)
    }

    init(_ raw: amqp_basic_get_t) throws(WireError) {
        self.init(queue: raw.queue.text, noAck: raw.no_ack != 0)
    }
}

extension AMQPMethod.BasicGetOK: MethodBody {
    static var id: AMQPMethodID { .basicGetOK }

    func raw(in arena: inout WireArena) -> amqp_basic_get_ok_t {
        amqp_basic_get_ok_t(
            delivery_tag: deliveryTag, redelivered: redelivered ? 1 : 0,
            exchange: arena.shortString(exchange, "exchange"),
            routing_key: arena.shortString(routingKey, "routing key"), message_count: messageCount)
    }

    init(_ raw: amqp_basic_get_ok_t) throws(WireError) {
        self.init(
            deliveryTag: raw.delivery_tag, redelivered: raw.redelivered != 0, exchange: raw.exchange.text,
            routingKey: raw.routing_key.text, messageCount: raw.message_count)
    }
}

extension AMQPMethod.BasicAck: MethodBody {
    static var id: AMQPMethodID { .basicAck }

    func raw(in arena: inout WireArena) -> amqp_basic_ack_t {
        amqp_basic_ack_t(delivery_tag: deliveryTag, multiple: multiple ? 1 : 0)
    }

    init(_ raw: amqp_basic_ack_t) throws(WireError) {
        self.init(deliveryTag: raw.delivery_tag, multiple: raw.multiple != 0)
    }
}

extension AMQPMethod.BasicReject: MethodBody {
    static var id: AMQPMethodID { .basicReject }

    func raw(in arena: inout WireArena) -> amqp_basic_reject_t {
        amqp_basic_reject_t(delivery_tag: deliveryTag, requeue: requeue ? 1 : 0)
    }

    init(_ raw: amqp_basic_reject_t) throws(WireError) {
        self.init(deliveryTag: raw.delivery_tag, requeue: raw.requeue != 0)
    }
}

extension AMQPMethod.BasicRecoverAsync: MethodBody {
    static var id: AMQPMethodID { .basicRecoverAsync }

    func raw(in arena: inout WireArena) -> amqp_basic_recover_async_t {
        amqp_basic_recover_async_t(requeue: requeue ? 1 : 0)
    }

    init(_ raw: amqp_basic_recover_async_t) throws(WireError) {
        self.init(requeue: raw.requeue != 0)
    }
}

extension AMQPMethod.BasicRecover: MethodBody {
    static var id: AMQPMethodID { .basicRecover }

    func raw(in arena: inout WireArena) -> amqp_basic_recover_t {
        amqp_basic_recover_t(requeue: requeue ? 1 : 0)
    }

    init(_ raw: amqp_basic_recover_t) throws(WireError) {
        self.init(requeue: raw.requeue != 0)
    }
}

extension AMQPMethod.BasicNack: MethodBody {
    static var id: AMQPMethodID { .basicNack }

    func raw(in arena: inout WireArena) -> amqp_basic_nack_t {
        amqp_basic_nack_t(delivery_tag: deliveryTag, multiple: multiple ? 1 : 0, requeue: requeue ? 1 : 0)
    }

    init(_ raw: amqp_basic_nack_t) throws(WireError) {
        self.init(deliveryTag: raw.delivery_tag, multiple: raw.multiple != 0, requeue: raw.requeue != 0)
    }
}
