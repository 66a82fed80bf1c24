internal import CRabbitMQ

extension AMQPMethod.QueueDeclare: MethodBody {
    static var id: AMQPMethodID { .queueDeclare }

    func raw(in arena: inout WireArena) -> amqp_queue_declare_t {
        amqp_queue_declare_t(
            ticket: 0, queue: arena.shortString(queue, "queue"), passive: passive ? 1 : 0, durable: durable ? 1 : 0,
            exclusive: exclusive ? 1 : 0, auto_delete: autoDelete ? 1 : 0, nowait: noWait ? 1 : 0,
            arguments: arena.table(arguments))
    }

    init(_ raw: amqp_queue_declare_t) throws(WireError) {
        try self.init(
            queue: raw.queue.text, passive: raw.passive != 0, durable: raw.durable != 0,
            exclusive: raw.exclusive != 0, autoDelete: raw.auto_delete != 0, noWait: raw.nowait != 0,
            arguments: AMQPTable(raw.arguments))
    }
}

extension AMQPMethod.QueueDeclareOK: MethodBody {
    static var id: AMQPMethodID { .queueDeclareOK }

    func raw(in arena: inout WireArena) -> amqp_queue_declare_ok_t {
        amqp_queue_declare_ok_t(
            queue: arena.shortString(queue, "queue"), message_count: messageCount, consumer_count: consumerCount)
    }

    init(_ raw: amqp_queue_declare_ok_t) throws(WireError) {
        self.init(queue: raw.queue.text, messageCount: raw.message_count, consumerCount: raw.consumer_count)
    }
}

extension AMQPMethod.QueueBind: MethodBody {
    static var id: AMQPMethodID { .queueBind }

    func raw(in arena: inout WireArena) -> amqp_queue_bind_t {
        amqp_queue_bind_t(
            ticket: 0, queue: arena.shortString(queue, "queue"), exchange: arena.shortString(exchange, "exchange"),
            routing_key: arena.shortString(routingKey, "routing key"), nowait: noWait ? 1 : 0,
            arguments: arena.table(arguments))
    }

    init(_ raw: amqp_queue_bind_t) throws(WireError) {
        try self.init(
            queue: raw.queue.text, exchange: raw.exchange.text, routingKey: raw.routing_key.text,
            noWait: raw.nowait != 0, arguments: AMQPTable(raw.arguments))
    }
}

extension AMQPMethod.QueuePurge: MethodBody {
    static var id: AMQPMethodID { .queuePurge }

    func raw(in arena: inout WireArena) -> amqp_queue_purge_t {
        amqp_queue_purge_t(ticket: 0, queue: arena.shortString(queue, "queue"), nowait: noWait ? 1 : 0)
    }

    init(_ raw: amqp_queue_purge_t) throws(WireError) {
        self.init(queue: raw.queue.text, noWait: raw.nowait != 0)
    }
}

extension AMQPMethod.QueuePurgeOK: MethodBody {
    static var id: AMQPMethodID { .queuePurgeOK }

    func raw(in arena: inout WireArena) -> amqp_queue_purge_ok_t {
        amqp_queue_purge_ok_t(message_count: messageCount)
    }

    init(_ raw: amqp_queue_purge_ok_t) throws(WireError) {
        self.init(messageCount: raw.message_count)
    }
}

extension AMQPMethod.QueueDelete: MethodBody {
    static var id: AMQPMethodID { .queueDelete }

    func raw(in arena: inout WireArena) -> amqp_queue_delete_t {
        amqp_queue_delete_t(
            ticket: 0, queue: arena.shortString(queue, "queue"), if_unused: ifUnused ? 1 : 0,
            if_empty: ifEmpty ? 1 : 0, nowait: noWait ? 1 : 0)
    }

    init(_ raw: amqp_queue_delete_t) throws(WireError) {
        self.init(
            queue: raw.queue.text, ifUnused: raw.if_unused != 0, ifEmpty: raw.if_empty != 0, noWait: raw.nowait != 0)
    }
}

extension AMQPMethod.QueueDeleteOK: MethodBody {
    static var id: AMQPMethodID { .queueDeleteOK }

    func raw(in arena: inout WireArena) -> amqp_queue_delete_ok_t {
        amqp_queue_delete_ok_t(message_count: messageCount)
    }

    init(_ raw: amqp_queue_delete_ok_t) throws(WireError) {
        self.init(messageCount: raw.message_count)
    }
}

extension AMQPMethod.QueueUnbind: MethodBody {
    static var id: AMQPMethodID { .queueUnbind }

    func raw(in arena: inout WireArena) -> amqp_queue_unbind_t {
        amqp_queue_unbind_t(
            ticket: 0, queue: arena.shortString(queue, "queue"), exchange: arena.shortString(exchange, "exchange"),
            routing_key: arena.shortString(routingKey, "routing key"), arguments: arena.table(arguments))
    }

    init(_ raw: amqp_queue_unbind_t) throws(WireError) {
        try self.init(
            queue: raw.queue.text, exchange: raw.exchange.text, routingKey: raw.routing_key.text,
            arguments: AMQPTable(raw.arguments))
    }
}
