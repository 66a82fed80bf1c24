internal import CRabbitMQ

/// The flag word of a content header: one bit a property, and the lowest says that another word follows
/// (AMQP 0-9-1, section 4.2.6.1).
enum PropertyFlags {
    static let contentType: UInt32 = 1 << 15
    static let contentEncoding: UInt32 = 1 << 14
    static let headers: UInt32 = 1 << 13
    static let deliveryMode: UInt32 = 1 << 12
    static let priority: UInt32 = 1 << 11
    static let correlationID: UInt32 = 1 << 10
    static let replyTo: UInt32 = 1 << 9
    static let expiration: UInt32 = 1 << 8
    static let messageID: UInt32 = 1 << 7
    static let timestamp: UInt32 = 1 << 6
    static let type: UInt32 = 1 << 5
    static let userID: UInt32 = 1 << 4
    static let appID: UInt32 = 1 << 3
    static let clusterID: UInt32 = 1 << 2
    static let continuation: UInt32 = 1

    /// Those that ``AMQPProperties`` holds inline.
    static let inline = deliveryMode | priority
}

extension AMQPProperties {
    /// The C struct when there is nothing in ``storage``.
    @inline(__always)
    var plainRaw: amqp_basic_properties_t {
        var raw = amqp_basic_properties_t()
        if let deliveryMode {
            raw._flags |= PropertyFlags.deliveryMode
            raw.delivery_mode = deliveryMode.rawValue
        }
        if let priority {
            raw._flags |= PropertyFlags.priority
            raw.priority = priority
        }
        return raw
    }

    /// The C struct, with strings and headers in `arena`.
    func raw(in arena: inout WireArena) -> amqp_basic_properties_t {
        var raw = plainRaw
        guard let storage else { return raw }
        var flags = raw._flags
        func short(_ value: String?, _ flag: UInt32, _ what: StaticString) -> amqp_bytes_t {
            guard let value else { return arena.empty }
            flags |= flag
            return arena.shortString(value, what)
        }
        raw.content_type = short(storage.contentType, PropertyFlags.contentType, "content type")
        raw.content_encoding = short(storage.contentEncoding, PropertyFlags.contentEncoding, "content encoding")
        raw.correlation_id = short(storage.correlationID, PropertyFlags.correlationID, "correlation id")
        raw.reply_to = short(storage.replyTo, PropertyFlags.replyTo, "reply-to")
        raw.expiration = short(storage.expiration, PropertyFlags.expiration, "expiration")
        raw.message_id = short(storage.messageID, PropertyFlags.messageID, "message id")
        raw.type = short(storage.type, PropertyFlags.type, "type")
        raw.user_id = short(storage.userID, PropertyFlags.userID, "user id")
        raw.app_id = short(storage.appID, PropertyFlags.appID, "app id")
        raw.cluster_id = short(storage.clusterID, PropertyFlags.clusterID, "cluster id")
        if !storage.headers.isEmpty {
            flags |= PropertyFlags.headers
            raw.headers = arena.table(storage.headers)
        }
        if let timestamp = storage.timestamp {
            flags |= PropertyFlags.timestamp
            raw.timestamp = timestamp.secondsSinceEpoch
        }
        raw._flags = flags
        return raw
    }

    /// Copies decoded properties. rabbitmq-c leaves the fields of absent properties as they were in its memory, so
    /// each is read only where its flag is set.
    init(_ raw: amqp_basic_properties_t) throws(WireError) {
        let flags = raw._flags
        func short(_ flag: UInt32, _ bytes: amqp_bytes_t) -> String? {
            flags & flag == 0 ? nil : bytes.text
        }
        let rest = Storage()
        rest.contentType = short(PropertyFlags.contentType, raw.content_type)
        rest.contentEncoding = short(PropertyFlags.contentEncoding, raw.content_encoding)
        if flags & PropertyFlags.headers != 0 { rest.headers = try AMQPTable(raw.headers) }
        rest.correlationID = short(PropertyFlags.correlationID, raw.correlation_id)
        rest.replyTo = short(PropertyFlags.replyTo, raw.reply_to)
        rest.expiration = short(PropertyFlags.expiration, raw.expiration)
        rest.messageID = short(PropertyFlags.messageID, raw.message_id)
        if flags & PropertyFlags.timestamp != 0 { rest.timestamp = AMQPTimestamp(secondsSinceEpoch: raw.timestamp) }
        rest.type = short(PropertyFlags.type, raw.type)
        rest.userID = short(PropertyFlags.userID, raw.user_id)
        rest.appID = short(PropertyFlags.appID, raw.app_id)
        rest.clusterID = short(PropertyFlags.clusterID, raw.cluster_id)
        self.init(
            storage: rest.isEmpty ? nil : rest,
            deliveryMode: flags & PropertyFlags.deliveryMode == 0 ? nil : AMQPDeliveryMode(rawValue: raw.delivery_mode),
            priority: flags & PropertyFlags.priority == 0 ? nil : raw.priority)
    }
}
