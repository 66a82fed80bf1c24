internal import AMQPWire

/// The copy of a failed message that is published to another queue. Pure.
struct FailedCopy {
    /// The header that says how often it failed.
    enum Count {
        /// On its way back: ``AMQPMessage/retriesHeader``.
        case retries(Int)
        /// For good: ``AMQPMessage/failuresHeader``.
        case failures(Int)
    }

    /// Where the message lay: what it was delivered with.
    var address: AMQPAddress
    var count: Count
    /// What is said of the error.
    var error: String?
    /// The largest frame of the connection, in bytes with overhead.
    var maximumFrameSize: Int

    /// Room for what a supervised publish adds: a message id, and the number of the attempt.
    private static let reserve = 128

    /// - Returns: `nil` if no copy can be published: the properties would not fit into a frame, or RabbitMQ could not read
    ///   a header.
    func message(of original: AMQPMessage) -> AMQPMessage? {
        var properties = original.properties
        var headers = properties.headers
        guard headers.firstUnsupportedByRabbitMQ == nil else { return nil }
        clean(&properties, &headers)
        properties.deliveryMode = .persistent
        switch count {
        case .retries(let number): headers[AMQPMessage.retriesHeader] = .int64(Int64(number))
        case .failures(let number):
            headers[AMQPMessage.retriesHeader] = nil
            headers[AMQPMessage.failuresHeader] = .int64(Int64(number))
        }
        if headers[AMQPMessage.firstExchangeHeader] == nil {
            headers[AMQPMessage.firstExchangeHeader] = .string(address.exchange)
            headers[AMQPMessage.firstRoutingKeyHeader] = .string(address.routingKey)
        }
        headers[AMQPMessage.errorHeader] = error.map { .string($0) }
        // What can be missed, first the error: the message is worth more than what is said of it.
        for key in [nil, AMQPMessage.errorHeader, AMQPMessage.firstDeathHeader] {
            if let key { headers[key] = nil }
            properties.headers = headers
            if fits(properties) { return AMQPMessage(body: original.body, properties: properties) }
        }
        return nil
    }

    /// Moves away what would hinder the copy. What an earlier copy has moved stays as it is.
    private func clean(_ properties: inout AMQPProperties, _ headers: inout AMQPTable) {
        if let user = properties.userID {
            headers[AMQPMessage.firstUserIDHeader] = .string(user)
            properties.userID = nil
        }
        if let expiration = properties.expiration {
            headers[AMQPMessage.firstExpirationHeader] = .string(expiration)
            properties.expiration = nil
        }
        for (key, kept) in [
            ("CC", AMQPMessage.firstCCHeader), ("BCC", AMQPMessage.firstBCCHeader),
            ("x-death", AMQPMessage.firstDeathHeader),
        ] {
            guard let value = headers[key] else { continue }
            // What our own retry queues did is of no interest, and would grow with every round.
            if headers[kept] == nil, key != "x-death" || headers[AMQPMessage.retriesHeader] == nil {
                headers[kept] = value
            }
            headers[key] = nil
        }
        // A count of the queue it came from: the next one counts for itself, and does not overwrite this.
        headers["x-delivery-count"] = nil
    }

    private func fits(_ properties: AMQPProperties) -> Bool {
        let bound = FrameEncoder.publishPrefixBound(exchange: "", routingKey: "", properties: properties)
        return bound + Self.reserve <= maximumFrameSize
    }
}
