/// Where a message is published to: an exchange and a routing key.
public struct AMQPAddress: Sendable, Hashable, CustomStringConvertible {
    /// The exchange; empty is the default exchange. At most 255 bytes.
    public var exchange: String
    /// The routing key. At most 255 bytes.
    public var routingKey: String

    /// - Throws: nothing here: names that are too long are refused by the publish, with `.invalidArgument`.
    public init(exchange: String, routingKey: String) {
        self.exchange = exchange
        self.routingKey = routingKey
    }

    /// A queue, by the default exchange, to which every queue is bound with its name
    /// (https://www.rabbitmq.com/tutorials/amqp-concepts.html#exchange-default).
    public static func queue(_ name: String) -> AMQPAddress { AMQPAddress(exchange: "", routingKey: name) }

    /// An exchange.
    public static func exchange(_ name: String, routingKey: String = "") -> AMQPAddress {
        AMQPAddress(exchange: name, routingKey: routingKey)
    }

    public var description: String {
        exchange.isEmpty ? "queue '\(routingKey)'" : "exchange '\(exchange)' with routing key '\(routingKey)'"
    }
}
