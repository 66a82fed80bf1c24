internal import CRabbitMQ

extension AMQPMethod.ExchangeDeclare: MethodBody {
    static var id: AMQPMethodID { .exchangeDeclare }

    func raw(in arena: inout WireArena) -> amqp_exchange_declare_t {
        amqp_exchange_declare_t(
            ticket: 0, exchange: arena.shortString(exchange, "exchange"), type: arena.shortString(type, "type"),
            passive: passive ? 1 : 0, durable: durable ? 1 : 0, auto_delete: autoDelete ? 1 : 0,
            internal: isInternal ? 1 : 0, nowait: noWait ? 1 : 0, arguments: arena.table(arguments))
    }

    init(_ raw: amqp_exchange_declare_t) throws(WireError) {
        try self.init(
            exchange: raw.exchange.text, type: raw.type.text, passive: raw.passive != 0, durable: raw.durable != 0,
            autoDelete: raw.auto_delete != 0, isInternal: raw.internal != 0, noWait: raw.nowait != 0,
            arguments: AMQPTable(raw.arguments))
    }
}

extension AMQPMethod.ExchangeDelete: MethodBody {
    static var id: AMQPMethodID { .exchangeDelete }

    func raw(in arena: inout WireArena) -> amqp_exchange_delete_t {
        amqp_exchange_delete_t(
            ticket: 0, exchange: arena.shortString(exchange, "exchange"), if_unused: ifUnused ? 1 : 0,
            nowait: noWait ? 1 : 0)
    }

    init(_ raw: amqp_exchange_delete_t) throws(WireError) {
        self.init(exchange: raw.exchange.text, ifUnused: raw.if_unused != 0, noWait: raw.nowait != 0)
    }
}

extension AMQPMethod.ExchangeBind: MethodBody {
    static var id: AMQPMethodID { .exchangeBind }

    func raw(in arena: inout WireArena) -> amqp_exchange_bind_t {
        amqp_exchange_bind_t(
            ticket: 0, destination: arena.shortString(destination, "destination"),
            source: arena.shortString(source, "source"), routing_key: arena.shortString(routingKey, "routing key"),
            nowait: noWait ? 1 : 0, arguments: arena.table(arguments))
    }

    init(_ raw: amqp_exchange_bind_t) throws(WireError) {
        try self.init(
            destination: raw.destination.text, source: raw.source.text, routingKey: raw.routing_key.text,
            noWait: raw.nowait != 0, arguments: AMQPTable(raw.arguments))
    }
}

extension AMQPMethod.ExchangeUnbind: MethodBody {
    static var id: AMQPMethodID { .exchangeUnbind }

    func raw(in arena: inout WireArena) -> amqp_exchange_unbind_t {
        amqp_exchange_unbind_t(
            ticket: 0, destination: arena.shortString(destination, "destination"),
            source: arena.shortString(source, "source"), routing_key: arena.shortString(routingKey, "routing key"),
            nowait: noWait ? 1 : 0, arguments: arena.table(arguments))
    }

    init(_ raw: amqp_exchange_unbind_t) throws(WireError) {
        try self.init(
            destination: raw.destination.text, source: raw.source.text, routingKey: raw.routing_key.text,
            noWait: raw.nowait != 0, arguments: AMQPTable(raw.arguments))
    }
}
