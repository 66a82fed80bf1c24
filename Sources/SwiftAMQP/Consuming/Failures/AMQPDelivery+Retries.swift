internal import AMQPWire

extension AMQPMessage {
    /// How many times handling the message has failed before it came back through retry queues: an integer.
    public static let retriesHeader = "x-swiftamqp-retries"
    /// In a parked message: how many times handling it failed. It is not ``retriesHeader``, so that a message which people
    /// move back to its queue begins anew.
    public static let failuresHeader = "x-swiftamqp-failures"
    /// The exchange that the message was first published to.
    public static let firstExchangeHeader = "x-swiftamqp-first-exchange"
    /// The routing key that the message was first published with.
    public static let firstRoutingKeyHeader = "x-swiftamqp-first-routing-key"
    /// What the last handler threw; see ``AMQPRetryQueues/errorDetail``.
    public static let errorHeader = "x-swiftamqp-error"
    /// The user id of the original.
    public static let firstUserIDHeader = "x-swiftamqp-user-id"
    /// The expiration of the original.
    public static let firstExpirationHeader = "x-swiftamqp-expiration"
    /// The `CC` header of the original.
    public static let firstCCHeader = "x-swiftamqp-cc"
    /// The `BCC` header of the original.
    public static let firstBCCHeader = "x-swiftamqp-bcc"
    /// The `x-death` header of the original: how it was dead-lettered before its first failure.
    public static let firstDeathHeader = "x-swiftamqp-death"
}

extension AMQPDelivery {
    /// How many times handling it failed before, as far as it came back through retry queues; 0 where it did not.
    public var retryCount: Int { properties.retryCount }

    /// The exchange it was first published to, also after retries.
    public var firstExchange: String {
        properties.headers[AMQPMessage.firstExchangeHeader]?.string ?? exchange
    }

    /// The routing key it was first published with, also after retries.
    public var firstRoutingKey: String {
        properties.headers[AMQPMessage.firstRoutingKeyHeader]?.string ?? routingKey
    }
}

extension AMQPProperties {
    /// What ``AMQPMessage/retriesHeader`` says; anybody may have written it.
    var retryCount: Int {
        guard hasHeaders, let count = headers[AMQPMessage.retriesHeader]?.integer else { return 0 }
        return Int(max(0, min(count, 1_000_000)))
    }

    /// How many times a quorum queue has taken the message back; `nil` where it says nothing, as at the first delivery.
    var returnCount: Int? {
        guard hasHeaders, let count = headers["x-delivery-count"]?.integer, count > 0 else { return nil }
        return Int(min(count, 1_000_000))
    }
}
