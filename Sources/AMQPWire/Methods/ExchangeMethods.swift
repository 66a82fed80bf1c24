// The arguments of the methods of class exchange. Reserved arguments are sent as zero and not kept.

extension AMQPMethod {
    /// Declares an exchange, or asks whether it exists (`passive`).
    package struct ExchangeDeclare: Sendable, Equatable {
        package var exchange: String
        package var type: String
        package var passive: Bool
        package var durable: Bool
        package var autoDelete: Bool
        package var isInternal: Bool
        package var noWait: Bool
        package var arguments: AMQPTable

        package init(
            exchange: String, type: String, passive: Bool = false, durable: Bool = false, autoDelete: Bool = false,
            isInternal: Bool = false, noWait: Bool = false, arguments: AMQPTable = AMQPTable()
        ) {
            self.exchange = exchange
            self.type = type
            self.passive = passive
            self.durable = durable
            self.autoDelete = autoDelete
            self.isInternal = isInternal
            self.noWait = noWait
            self.arguments = arguments
        }
    }

    /// Deletes an exchange.
    package struct ExchangeDelete: Sendable, Equatable {
        package var exchange: String
        package var ifUnused: Bool
        package var noWait: Bool

        package init(exchange: String, ifUnused: Bool = false, noWait: Bool = false) {
            self.exchange = exchange
            self.ifUnused = ifUnused
            self.noWait = noWait
        }
    }

    /// Binds an exchange to an exchange (https://www.rabbitmq.com/docs/e2e).
    package struct ExchangeBind: Sendable, Equatable {
        package var destination: String
        package var source: String
        package var routingKey: String
        package var noWait: Bool
        package var arguments: AMQPTable

        package init(
            destination: String, source: String, routingKey: String, noWait: Bool = false,
            arguments: AMQPTable = AMQPTable()
        ) {
            self.destination = destination
            self.source = source
            self.routingKey = routingKey
            self.noWait = noWait
            self.arguments = arguments
        }
    }

    /// Takes back ``ExchangeBind``.
    package struct ExchangeUnbind: Sendable, Equatable {
        package var destination: String
        package var source: String
        package var routingKey: String
        package var noWait: Bool
        package var arguments: AMQPTable

        package init(
            destination: String, source: String, routingKey: String, noWait: Bool = false,
            arguments: AMQPTable = AMQPTable()
        ) {
            self.destination = destination
            self.source = source
            self.routingKey = routingKey
            self.noWait = noWait
            self.arguments = arguments
        }
    }
}
