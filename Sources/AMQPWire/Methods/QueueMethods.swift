// The arguments of the methods of class queue. Reserved arguments are sent as zero and not kept.

extension AMQPMethod {
    /// Declares a queue, or asks whether it exists (`passive`); an empty name lets the server choose one.
    package struct QueueDeclare: Sendable, Equatable {
        package var queue: String
        package var passive: Bool
        package var durable: Bool
        package var exclusive: Bool
        package var autoDelete: Bool
        package var noWait: Bool
        package var arguments: AMQPTable

        package init(
            queue: String, passive: Bool = false, durable: Bool = false, exclusive: Bool = false,
            autoDelete: Bool = false, noWait: Bool = false, arguments: AMQPTable = AMQPTable()
        ) {
            self.queue = queue
            self.passive = passive
            self.durable = durable
            self.exclusive = exclusive
            self.autoDelete = autoDelete
            self.noWait = noWait
            self.arguments = arguments
        }
    }

    /// The name and the state of a declared queue.
    package struct QueueDeclareOK: Sendable, Equatable {
        package var queue: String
        package var messageCount: UInt32
        package var consumerCount: UInt32

        package init(queue: String, messageCount: UInt32, consumerCount: UInt32) {
            self.queue = queue
            self.messageCount = messageCount
            self.consumerCount = consumerCount
        }
    }

    /// Binds a queue to an exchange.
    package struct QueueBind: Sendable, Equatable {
        package var queue: String
        package var exchange: String
        package var routingKey: String
        package var noWait: Bool
        package var arguments: AMQPTable

        package init(
            queue: String, exchange: String, routingKey: String, noWait: Bool = false,
            arguments: AMQPTable = AMQPTable()
        ) {
            self.queue = queue
            self.exchange = exchange
            self.routingKey = routingKey
            self.noWait = noWait
            self.arguments = arguments
        }
    }

    /// Removes the ready messages of a queue.
    package struct QueuePurge: Sendable, Equatable {
        package var queue: String
        package var noWait: Bool

        package init(queue: String, noWait: Bool = false) {
            self.queue = queue
            self.noWait = noWait
        }
    }

    /// How many messages were removed.
    package struct QueuePurgeOK: Sendable, Equatable {
        package var messageCount: UInt32

        package init(messageCount: UInt32) {
            self.messageCount = messageCount
        }
    }

    /// Deletes a queue.
    package struct QueueDelete: Sendable, Equatable {
        package var queue: String
        package var ifUnused: Bool
        package var ifEmpty: Bool
        package var noWait: Bool

        package init(queue: String, ifUnused: Bool = false, ifEmpty: Bool = false, noWait: Bool = false) {
            self.queue = queue
            self.ifUnused = ifUnused
            self.ifEmpty = ifEmpty
            self.noWait = noWait
        }
    }

    /// How many messages went with the queue.
    package struct QueueDeleteOK: Sendable, Equatable {
        package var messageCount: UInt32

        package init(messageCount: UInt32) {
            self.messageCount = messageCount
        }
    }

    /// Takes back ``QueueBind``.
    package struct QueueUnbind: Sendable, Equatable {
        package var queue: String
        package var exchange: String
        package var routingKey: String
        package var arguments: AMQPTable

        package init(queue: String, exchange: String, routingKey: String, arguments: AMQPTable = AMQPTable()) {
            self.queue = queue
            self.exchange = exchange
            self.routingKey = routingKey
            self.arguments = arguments
        }
    }
}
