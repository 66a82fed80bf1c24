extension AMQPProperties {
    /// The MIME type of the body, for example `application/json`.
    public var contentType: String? {
        get { storage?.fields.contentType }
        set { update(clearing: newValue == nil) { $0.contentType = newValue } }
    }

    /// The encoding of the body, for example `gzip`.
    public var contentEncoding: String? {
        get { storage?.fields.contentEncoding }
        set { update(clearing: newValue == nil) { $0.contentEncoding = newValue } }
    }

    /// Headers of the application and of the broker. An empty table is not sent, and an absent one arrives empty.
    public var headers: AMQPTable {
        get { storage?.fields.headers ?? AMQPTable() }
        set { update(clearing: newValue.isEmpty) { $0.headers = newValue } }
    }

    /// Ties an answer to its request.
    public var correlationID: String? {
        get { storage?.fields.correlationID }
        set { update(clearing: newValue == nil) { $0.correlationID = newValue } }
    }

    /// The queue that an answer should go to.
    public var replyTo: String? {
        get { storage?.fields.replyTo }
        set { update(clearing: newValue == nil) { $0.replyTo = newValue } }
    }

    /// The time to live of the message in a queue: milliseconds, as a decimal number in a string
    /// (https://www.rabbitmq.com/docs/ttl#per-message-ttl-in-publishers).
    public var expiration: String? {
        get { storage?.fields.expiration }
        set { update(clearing: newValue == nil) { $0.expiration = newValue } }
    }

    /// A name of the message, chosen by the publisher.
    public var messageID: String? {
        get { storage?.fields.messageID }
        set { update(clearing: newValue == nil) { $0.messageID = newValue } }
    }

    /// When the message was made, as the publisher says.
    public var timestamp: AMQPTimestamp? {
        get { storage?.fields.timestamp }
        set { update(clearing: newValue == nil) { $0.timestamp = newValue } }
    }

    /// The kind of message, as the application names it.
    public var type: String? {
        get { storage?.fields.type }
        set { update(clearing: newValue == nil) { $0.type = newValue } }
    }

    /// The user that published; the broker refuses the message when it is not the one of the connection
    /// (https://www.rabbitmq.com/docs/validated-user-id).
    public var userID: String? {
        get { storage?.fields.userID }
        set { update(clearing: newValue == nil) { $0.userID = newValue } }
    }

    /// The program that published.
    public var appID: String? {
        get { storage?.fields.appID }
        set { update(clearing: newValue == nil) { $0.appID = newValue } }
    }

    /// Deprecated by AMQP 0-9-1; carried through.
    public var clusterID: String? {
        get { storage?.fields.clusterID }
        set { update(clearing: newValue == nil) { $0.clusterID = newValue } }
    }
}
