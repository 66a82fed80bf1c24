public import AMQPWire

/// A queue to declare: its name, its kind and its arguments.
///
/// Queues are durable, not exclusive and not auto-deleted unless told otherwise: a restart of the broker or of the
/// last consumer does not lose them. Transient queues that are not exclusive are refused by newer brokers.
///
/// ```swift
/// let orders = try await channel.declare(.quorum("orders", deliveryLimit: 5))
/// let replies = try await channel.declare(.serverNamed())
/// ```
public struct AMQPQueue: Sendable, Hashable {
    /// The name, at most 255 bytes of UTF-8; empty asks the broker to choose one (`amq.gen-...`).
    public var name: String
    /// Whether the queue survives a restart of the broker.
    public var isDurable: Bool
    /// Whether only the declaring connection may use it; it is deleted with that connection.
    public var isExclusive: Bool
    /// Whether it is deleted when its last consumer leaves.
    public var isAutoDelete: Bool
    /// Further arguments (`x-...`), https://www.rabbitmq.com/queues.html#optional-arguments.
    public var arguments: AMQPTable

    public init(
        name: String, durable: Bool = true, exclusive: Bool = false, autoDelete: Bool = false,
        arguments: AMQPTable = [:]
    ) {
        self.name = name
        isDurable = durable
        isExclusive = exclusive
        isAutoDelete = autoDelete
        self.arguments = arguments
    }

    /// A quorum queue: replicated, for data that must not be lost (https://www.rabbitmq.com/quorum-queues.html).
    ///
    /// - Parameters:
    ///   - name: The name; quorum queues cannot be server-named.
    ///   - deliveryLimit: After how many returns to the queue a message is dropped or dead-lettered
    ///     (`x-delivery-limit`); `nil` leaves the broker's default: none before 4.0, 20 from then on.
    ///   - deadLetterExchange: Where such messages go (`x-dead-letter-exchange`).
    ///   - deadLetterRoutingKey: With which routing key (`x-dead-letter-routing-key`).
    ///   - maximumLength: How many messages it holds at most (`x-max-length`).
    ///   - overflow: What happens beyond that (`x-overflow`).
    ///   - arguments: Further arguments; they win over the ones above.
    public static func quorum(
        _ name: String, deliveryLimit: Int32? = nil, deadLetterExchange: String? = nil,
        deadLetterRoutingKey: String? = nil, maximumLength: Int64? = nil, overflow: Overflow? = nil,
        arguments: AMQPTable = [:]
    ) -> AMQPQueue {
        var table: AMQPTable = ["x-queue-type": "quorum"]
        if let deliveryLimit { table["x-delivery-limit"] = .int32(deliveryLimit) }
        table.setCommon(
            deadLetterExchange: deadLetterExchange, deadLetterRoutingKey: deadLetterRoutingKey,
            maximumLength: maximumLength, overflow: overflow)
        table.merge(arguments)
        return AMQPQueue(name: name, arguments: table)
    }

    /// A classic queue (https://www.rabbitmq.com/classic-queues.html).
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - durable: Whether the queue survives a restart of the broker.
    ///   - exclusive: Whether only this connection may use it.
    ///   - autoDelete: Whether it is deleted with its last consumer.
    ///   - messageTTL: How long a message stays before it expires, in whole milliseconds (`x-message-ttl`).
    ///   - expires: After which time without use the queue is deleted (`x-expires`).
    ///   - deadLetterExchange: Where expired, rejected and dropped messages go (`x-dead-letter-exchange`).
    ///   - deadLetterRoutingKey: With which routing key (`x-dead-letter-routing-key`).
    ///   - maximumLength: How many messages it holds at most (`x-max-length`).
    ///   - overflow: What happens beyond that (`x-overflow`).
    ///   - maximumPriority: Makes it a priority queue with this many levels (`x-max-priority`).
    ///   - arguments: Further arguments; they win over the ones above.
    public static func classic(
        _ name: String, durable: Bool = true, exclusive: Bool = false, autoDelete: Bool = false,
        messageTTL: Duration? = nil, expires: Duration? = nil, deadLetterExchange: String? = nil,
        deadLetterRoutingKey: String? = nil, maximumLength: Int64? = nil, overflow: Overflow? = nil,
        maximumPriority: UInt8? = nil, arguments: AMQPTable = [:]
    ) -> AMQPQueue {
        var table: AMQPTable = ["x-queue-type": "classic"]
        if let messageTTL { table["x-message-ttl"] = .int64(messageTTL.wholeMilliseconds) }
        if let expires { table["x-expires"] = .int64(expires.wholeMilliseconds) }
        if let maximumPriority { table["x-max-priority"] = .int32(Int32(maximumPriority)) }
        table.setCommon(
            deadLetterExchange: deadLetterExchange, deadLetterRoutingKey: deadLetterRoutingKey,
            maximumLength: maximumLength, overflow: overflow)
        table.merge(arguments)
        return AMQPQueue(
            name: name, durable: durable, exclusive: exclusive, autoDelete: autoDelete, arguments: table)
    }

    /// A stream: an append-only log that can be read many times (https://www.rabbitmq.com/streams.html).
    ///
    /// A consumer of a stream needs a prefetch and manual acks.
    ///
    /// - Parameters:
    ///   - name: The name; streams cannot be server-named.
    ///   - maximumLengthBytes: How many bytes it keeps (`x-max-length-bytes`).
    ///   - maximumAge: How long it keeps messages, in the broker's notation, for example `7D` (`x-max-age`).
    ///   - maximumSegmentSizeBytes: The size of its segment files (`x-stream-max-segment-size-bytes`).
    ///   - arguments: Further arguments; they win over the ones above.
    public static func stream(
        _ name: String, maximumLengthBytes: Int64? = nil, maximumAge: String? = nil,
        maximumSegmentSizeBytes: Int64? = nil, arguments: AMQPTable = [:]
    ) -> AMQPQueue {
        var table: AMQPTable = ["x-queue-type": "stream"]
        if let maximumLengthBytes { table["x-max-length-bytes"] = .int64(maximumLengthBytes) }
        if let maximumAge { table["x-max-age"] = .string(maximumAge) }
        if let maximumSegmentSizeBytes { table["x-stream-max-segment-size-bytes"] = .int64(maximumSegmentSizeBytes) }
        table.merge(arguments)
        return AMQPQueue(name: name, arguments: table)
    }

    /// An exclusive queue whose name the broker chooses, for replies and other private traffic. It lives as long as
    /// the connection.
    public static func serverNamed(arguments: AMQPTable = [:]) -> AMQPQueue {
        AMQPQueue(name: "", durable: false, exclusive: true, arguments: arguments)
    }

    /// What a full queue does with one message more (`x-overflow`, https://www.rabbitmq.com/maxlength.html).
    public enum Overflow: String, Sendable, Hashable {
        /// The oldest message goes.
        case dropHead = "drop-head"
        /// The new message is refused: its publish is nacked.
        case rejectPublish = "reject-publish"
        /// As `rejectPublish`, and the message is dead-lettered. Classic queues only.
        case rejectPublishDeadLetter = "reject-publish-dlx"
    }
}

/// What the broker says of a queue when it is declared.
public struct AMQPQueueStatus: Sendable, Hashable {
    /// The name; the one that the broker chose for a server-named queue.
    public var name: String
    /// How many messages are ready to be delivered. Messages that wait for an ack do not count.
    public var messageCount: UInt32
    /// How many consumers are subscribed.
    public var consumerCount: UInt32
}

extension AMQPTable {
    fileprivate mutating func setCommon(
        deadLetterExchange: String?, deadLetterRoutingKey: String?, maximumLength: Int64?,
        overflow: AMQPQueue.Overflow?
    ) {
        if let deadLetterExchange { self["x-dead-letter-exchange"] = .string(deadLetterExchange) }
        if let deadLetterRoutingKey { self["x-dead-letter-routing-key"] = .string(deadLetterRoutingKey) }
        if let maximumLength { self["x-max-length"] = .int64(maximumLength) }
        if let overflow { self["x-overflow"] = .string(overflow.rawValue) }
    }

    fileprivate mutating func merge(_ other: AMQPTable) {
        for (key, value) in other { self[key] = value }
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, saturating.
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? .min : .max }
        let milliseconds = attoseconds / 1_000_000_000_000_000
        let rest = attoseconds % 1_000_000_000_000_000 > 0 ? Int64(1) : 0
        let (sum, sumOverflow) = product.addingReportingOverflow(milliseconds + rest)
        return sumOverflow ? .max : sum
    }
}
