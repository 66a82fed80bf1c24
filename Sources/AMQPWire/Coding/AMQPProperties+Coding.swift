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
    /// No property of class basic has this bit.
    static let unused: UInt32 = 2

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

    /// Adds strings and headers, in `arena`, to the C struct: in place, as it is large and this is hot.
    @inline(__always)
    func fill(_ raw: inout amqp_basic_properties_t, in arena: inout WireArena) {
        storage?.fields.fill(&raw, in: &arena)
    }

    /// How many bytes strings and headers take, and what is wrong with them.
    func sizing() -> WireArena {
        var arena = WireArena()
        var raw = amqp_basic_properties_t()
        fill(&raw, in: &arena)
        return arena
    }

    /// Copies decoded properties. rabbitmq-c leaves the fields of absent properties as they were in its memory, so
    /// each is read only where its flag is set.
    init(_ raw: borrowing amqp_basic_properties_t) throws(WireError) {
        let flags = raw._flags
        self.init(
            storage: flags & ~(PropertyFlags.inline | PropertyFlags.unused) == 0 ? nil : Storage(try Fields(raw)),
            deliveryMode: flags & PropertyFlags.deliveryMode == 0 ? nil : AMQPDeliveryMode(rawValue: raw.delivery_mode),
            priority: flags & PropertyFlags.priority == 0 ? nil : raw.priority)
        // Headers that are there and empty count as absent.
        if let storage, storage.fields.isEmpty { self.storage = nil }
    }
}

extension AMQPProperties.Fields {
    @inline(__always)
    fileprivate func fill(_ raw: inout amqp_basic_properties_t, in arena: inout WireArena) {
        if let contentType {
            raw._flags |= PropertyFlags.contentType
            raw.content_type = arena.shortString(contentType, "content type")
        }
        if let contentEncoding {
            raw._flags |= PropertyFlags.contentEncoding
            raw.content_encoding = arena.shortString(contentEncoding, "content encoding")
        }
        if !headers.isEmpty {
            raw._flags |= PropertyFlags.headers
            raw.headers = arena.table(headers)
        }
        if let correlationID {
            raw._flags |= PropertyFlags.correlationID
            raw.correlation_id = arena.shortString(correlationID, "correlation id")
        }
        if let replyTo {
            raw._flags |= PropertyFlags.replyTo
            raw.reply_to = arena.shortString(replyTo, "reply-to")
        }
        if let expiration {
            raw._flags |= PropertyFlags.expiration
            raw.expiration = arena.shortString(expiration, "expiration")
        }
        if let messageID {
            raw._flags |= PropertyFlags.messageID
            raw.message_id = arena.shortString(messageID, "message id")
        }
        if let timestamp {
            raw._flags |= PropertyFlags.timestamp
            raw.timestamp = timestamp.secondsSinceEpoch
        }
        if let type {
            raw._flags |= PropertyFlags.type
            raw.type = arena.shortString(type, "type")
        }
        if let userID {
            raw._flags |= PropertyFlags.userID
            raw.user_id = arena.shortString(userID, "user id")
        }
        if let appID {
            raw._flags |= PropertyFlags.appID
            raw.app_id = arena.shortString(appID, "app id")
        }
        if let clusterID {
            raw._flags |= PropertyFlags.clusterID
            raw.cluster_id = arena.shortString(clusterID, "cluster id")
        }
    }

    /// In one expression: assigned one by one, every field would be released before it is written.
    fileprivate init(_ raw: borrowing amqp_basic_properties_t) throws(WireError) {
        let flags = raw._flags
        let headers = flags & PropertyFlags.headers == 0 ? AMQPTable() : try AMQPTable(raw.headers)
        self.init(
            contentType: flags & PropertyFlags.contentType == 0 ? nil : raw.content_type.text,
            contentEncoding: flags & PropertyFlags.contentEncoding == 0 ? nil : raw.content_encoding.text,
            headers: headers,
            correlationID: flags & PropertyFlags.correlationID == 0 ? nil : raw.correlation_id.text,
            replyTo: flags & PropertyFlags.replyTo == 0 ? nil : raw.reply_to.text,
            expiration: flags & PropertyFlags.expiration == 0 ? nil : raw.expiration.text,
            messageID: flags & PropertyFlags.messageID == 0 ? nil : raw.message_id.text,
            timestamp: flags & PropertyFlags.timestamp == 0
                ? nil : AMQPTimestamp(secondsSinceEpoch: raw.timestamp),
            type: flags & PropertyFlags.type == 0 ? nil : raw.type.text,
            userID: flags & PropertyFlags.userID == 0 ? nil : raw.user_id.text,
            appID: flags & PropertyFlags.appID == 0 ? nil : raw.app_id.text,
            clusterID: flags & PropertyFlags.clusterID == 0 ? nil : raw.cluster_id.text)
    }
}
