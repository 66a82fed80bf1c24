/// The properties of a message (https://www.rabbitmq.com/docs/publishers#message-properties).
///
/// All of them are optional. The broker itself looks at delivery mode, priority, expiration, user id and some headers;
/// the others are for applications. Strings are limited to 255 bytes of UTF-8 each; a longer one is refused when
/// the message is sent. Copying is cheap, and properties with nothing but ``deliveryMode`` and ``priority`` allocate
/// nothing.
///
/// A string from the network that is not UTF-8 arrives with U+FFFD in place of what is wrong.
public struct AMQPProperties: Sendable, Hashable {
    /// What most messages do not have; `nil` exactly when all of it is absent, so that equal values look alike.
    var storage: Storage?
    /// Whether the message survives a restart of the broker.
    public var deliveryMode: AMQPDeliveryMode?
    /// The priority, for queues that have priorities, 0 to 255; RabbitMQ advises to use up to 10
    /// (https://www.rabbitmq.com/docs/priority).
    public var priority: UInt8?

    /// No property at all.
    public init() {}

    /// The given properties; what is left out is absent.
    public init(
        contentType: String? = nil, contentEncoding: String? = nil, headers: AMQPTable = AMQPTable(),
        deliveryMode: AMQPDeliveryMode? = nil, priority: UInt8? = nil, correlationID: String? = nil,
        replyTo: String? = nil, expiration: String? = nil, messageID: String? = nil,
        timestamp: AMQPTimestamp? = nil, type: String? = nil, userID: String? = nil, appID: String? = nil,
        clusterID: String? = nil
    ) {
        self.deliveryMode = deliveryMode
        self.priority = priority
        // Tells the common message apart before anything is allocated.
        let isPlain =
            contentType == nil && contentEncoding == nil && headers.isEmpty && correlationID == nil && replyTo == nil
            && expiration == nil && messageID == nil && timestamp == nil && type == nil && userID == nil
            && appID == nil && clusterID == nil
        if isPlain { return }
        storage = Storage(
            Fields(
                contentType: contentType, contentEncoding: contentEncoding, headers: headers,
                correlationID: correlationID, replyTo: replyTo, expiration: expiration, messageID: messageID,
                timestamp: timestamp, type: type, userID: userID, appID: appID, clusterID: clusterID))
    }

    init(storage: Storage?, deliveryMode: AMQPDeliveryMode?, priority: UInt8?) {
        self.storage = storage
        self.deliveryMode = deliveryMode
        self.priority = priority
    }

    public static func == (left: AMQPProperties, right: AMQPProperties) -> Bool {
        guard left.deliveryMode == right.deliveryMode, left.priority == right.priority else { return false }
        if left.storage === right.storage { return true }
        guard let one = left.storage, let other = right.storage else { return false }
        return one.fields == other.fields
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(deliveryMode)
        hasher.combine(priority)
        hasher.combine(storage?.fields)
    }
}

extension AMQPProperties {
    /// Whether both are certainly the same, without looking at what they hold: cheap, and false for equal properties
    /// that were made apart.
    package func isIdentical(to other: AMQPProperties) -> Bool {
        storage === other.storage && deliveryMode == other.deliveryMode && priority == other.priority
    }

    /// Whether there are headers.
    package var hasHeaders: Bool { storage.map { !$0.fields.headers.isEmpty } ?? false }
}
