// The arguments of the methods of class basic. Reserved arguments are sent as zero and not kept.

extension AMQPMethod {
    /// The prefetch of a channel (`isGlobal`) or of its next consumers (https://www.rabbitmq.com/docs/consumer-prefetch).
    package struct BasicQoS: Sendable, Equatable {
        package var prefetchSize: UInt32
        package var prefetchCount: UInt16
        package var isGlobal: Bool

        package init(prefetchSize: UInt32, prefetchCount: UInt16, isGlobal: Bool = false) {
            self.prefetchSize = prefetchSize
            self.prefetchCount = prefetchCount
            self.isGlobal = isGlobal
        }
    }

    /// Starts a consumer; an empty tag lets the server choose one.
    package struct BasicConsume: Sendable, Equatable {
        package var queue: String
        package var consumerTag: String
        package var noLocal: Bool
        package var noAck: Bool
        package var exclusive: Bool
        package var noWait: Bool
        package var arguments: AMQPTable

        package init(
            queue: String, consumerTag: String, noLocal: Bool = false, noAck: Bool = false, exclusive: Bool = false,
            noWait: Bool = false, arguments: AMQPTable = AMQPTable()
        ) {
            self.queue = queue
            self.consumerTag = consumerTag
            self.noLocal = noLocal
            self.noAck = noAck
            self.exclusive = exclusive
            self.noWait = noWait
            self.arguments = arguments
        }
    }

    /// The tag of the new consumer.
    package struct BasicConsumeOK: Sendable, Equatable {
        package var consumerTag: String

        package init(consumerTag: String) {
            self.consumerTag = consumerTag
        }
    }

    /// Ends a consumer; the server sends it when the queue is gone (https://www.rabbitmq.com/docs/consumer-cancel).
    package struct BasicCancel: Sendable, Equatable {
        package var consumerTag: String
        package var noWait: Bool

        package init(consumerTag: String, noWait: Bool = false) {
            self.consumerTag = consumerTag
            self.noWait = noWait
        }
    }

    /// The consumer that has ended.
    package struct BasicCancelOK: Sendable, Equatable {
        package var consumerTag: String

        package init(consumerTag: String) {
            self.consumerTag = consumerTag
        }
    }

    /// Announces a message; its header and body follow.
    package struct BasicPublish: Sendable, Equatable {
        package var exchange: String
        package var routingKey: String
        package var mandatory: Bool
        package var immediate: Bool

        package init(exchange: String, routingKey: String, mandatory: Bool = false, immediate: Bool = false) {
            self.exchange = exchange
            self.routingKey = routingKey
            self.mandatory = mandatory
            self.immediate = immediate
        }
    }

    /// A mandatory message that could not be routed; its header and body follow.
    package struct BasicReturn: Sendable, Equatable {
        package var replyCode: UInt16
        package var replyText: String
        package var exchange: String
        package var routingKey: String

        package init(replyCode: UInt16, replyText: String, exchange: String, routingKey: String) {
            self.replyCode = replyCode
            self.replyText = replyText
            self.exchange = exchange
            self.routingKey = routingKey
        }
    }

    /// A message for a consumer; its header and body follow.
    package struct BasicDeliver: Sendable, Equatable {
        package var consumerTag: String
        package var deliveryTag: UInt64
        package var redelivered: Bool
        package var exchange: String
        package var routingKey: String

        package init(
            consumerTag: String, deliveryTag: UInt64, redelivered: Bool = false, exchange: String, routingKey: String
        ) {
            self.consumerTag = consumerTag
            self.deliveryTag = deliveryTag
            self.redelivered = redelivered
            self.exchange = exchange
            self.routingKey = routingKey
        }
    }

    /// Asks for one message.
    package struct BasicGet: Sendable, Equatable {
        package var queue: String
        package var noAck: Bool

        package init(queue: String, noAck: Bool = false) {
            self.queue = queue
            self.noAck = noAck
        }
    }

    /// The message asked for; its header and body follow. The count is of those still in the queue.
    package struct BasicGetOK: Sendable, Equatable {
        package var deliveryTag: UInt64
        package var redelivered: Bool
        package var exchange: String
        package var routingKey: String
        package var messageCount: UInt32

        package init(
            deliveryTag: UInt64, redelivered: Bool = false, exchange: String, routingKey: String, messageCount: UInt32
        ) {
            self.deliveryTag = deliveryTag
            self.redelivered = redelivered
            self.exchange = exchange
            self.routingKey = routingKey
            self.messageCount = messageCount
        }
    }

    /// Settles a delivery, or confirms a publish; with `multiple` all up to the tag.
    package struct BasicAck: Sendable, Equatable {
        package var deliveryTag: UInt64
        package var multiple: Bool

        package init(deliveryTag: UInt64, multiple: Bool = false) {
            self.deliveryTag = deliveryTag
            self.multiple = multiple
        }
    }

    /// Refuses one delivery.
    package struct BasicReject: Sendable, Equatable {
        package var deliveryTag: UInt64
        package var requeue: Bool

        package init(deliveryTag: UInt64, requeue: Bool = false) {
            self.deliveryTag = deliveryTag
            self.requeue = requeue
        }
    }

    /// ``BasicRecover`` without an answer; deprecated.
    package struct BasicRecoverAsync: Sendable, Equatable {
        package var requeue: Bool

        package init(requeue: Bool = false) {
            self.requeue = requeue
        }
    }

    /// Asks for every unsettled delivery of the channel again.
    package struct BasicRecover: Sendable, Equatable {
        package var requeue: Bool

        package init(requeue: Bool = false) {
            self.requeue = requeue
        }
    }

    /// Refuses deliveries, or a publish (https://www.rabbitmq.com/docs/nack).
    package struct BasicNack: Sendable, Equatable {
        package var deliveryTag: UInt64
        package var multiple: Bool
        package var requeue: Bool

        package init(deliveryTag: UInt64, multiple: Bool = false, requeue: Bool = false) {
            self.deliveryTag = deliveryTag
            self.multiple = multiple
            self.requeue = requeue
        }
    }
}
