extension AMQPProperties {
    /// All properties but delivery mode and priority.
    ///
    /// Unchecked, because it is mutable; but it is only written while one value alone refers to it (copy on write).
    final class Storage: @unchecked Sendable {
        var contentType: String?
        var contentEncoding: String?
        var headers = AMQPTable()
        var correlationID: String?
        var replyTo: String?
        var expiration: String?
        var messageID: String?
        var timestamp: AMQPTimestamp?
        var type: String?
        var userID: String?
        var appID: String?
        var clusterID: String?

        init() {}

        func copy() -> Storage {
            let copy = Storage()
            copy.contentType = contentType
            copy.contentEncoding = contentEncoding
            copy.headers = headers
            copy.correlationID = correlationID
            copy.replyTo = replyTo
            copy.expiration = expiration
            copy.messageID = messageID
            copy.timestamp = timestamp
            copy.type = type
            copy.userID = userID
            copy.appID = appID
            copy.clusterID = clusterID
            return copy
        }

        var isEmpty: Bool {
            contentType == nil && contentEncoding == nil && headers.isEmpty && correlationID == nil && replyTo == nil
                && expiration == nil && messageID == nil && timestamp == nil && type == nil && userID == nil
                && appID == nil && clusterID == nil
        }

        func isEqual(to other: Storage) -> Bool {
            contentType == other.contentType && contentEncoding == other.contentEncoding && headers == other.headers
                && correlationID == other.correlationID && replyTo == other.replyTo && expiration == other.expiration
                && messageID == other.messageID && timestamp == other.timestamp && type == other.type
                && userID == other.userID && appID == other.appID && clusterID == other.clusterID
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(contentType)
            hasher.combine(contentEncoding)
            hasher.combine(headers)
            hasher.combine(correlationID)
            hasher.combine(replyTo)
            hasher.combine(expiration)
            hasher.combine(messageID)
            hasher.combine(timestamp)
            hasher.combine(type)
            hasher.combine(userID)
            hasher.combine(appID)
            hasher.combine(clusterID)
        }
    }

    /// Writes into a storage of this value's own. `clearing` says that the write removes a property: then none is
    /// made for it, and the last one removed gives the storage back.
    @inline(__always)
    mutating func update(clearing: Bool, _ write: (Storage) -> Void) {
        if storage == nil {
            if clearing { return }
            storage = Storage()
        } else if !isKnownUniquelyReferenced(&storage) {
            storage = storage?.copy()
        }
        guard let own = storage else { return }
        write(own)
        if clearing && own.isEmpty { storage = nil }
    }
}
