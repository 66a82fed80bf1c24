extension AMQPProperties {
    /// All properties but delivery mode and priority.
    struct Fields: Sendable, Hashable {
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

        var isEmpty: Bool {
            contentType == nil && contentEncoding == nil && headers.isEmpty && correlationID == nil && replyTo == nil
                && expiration == nil && messageID == nil && timestamp == nil && type == nil && userID == nil
                && appID == nil && clusterID == nil
        }
    }

    /// Immutable, so that it is shared without a check, and read without copying and without exclusivity checks:
    /// encoding is hot. A change makes a new one.
    final class Storage: Sendable {
        let fields: Fields

        init(_ fields: consuming Fields) {
            self.fields = fields
        }
    }

    /// Changes the fields. `clearing` says that the change removes a property: then no storage is made for it, and the
    /// last one removed gives the storage back.
    @inline(__always)
    mutating func update(clearing: Bool, _ write: (inout Fields) -> Void) {
        if clearing && storage == nil { return }
        var fields = storage?.fields ?? Fields()
        write(&fields)
        storage = clearing && fields.isEmpty ? nil : Storage(fields)
    }
}
