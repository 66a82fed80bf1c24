internal import CSwiftAMQP
internal import SwiftAMQP

extension AMQPProperties {
    /// The properties of a message that a caller publishes; `NULL` is a persistent one.
    ///
    /// Runs for every message: without texts and headers nothing is allocated.
    init(caller pointer: UnsafePointer<samqp_properties>?) throws(Failure) {
        guard let pointer else {
            self = .persistent
            return
        }
        let fields = try OutputStruct.read(pointer)
        guard fields.reserved == (0, 0, 0, 0) else {
            throw .invalidArgument(
                "samqp_properties.reserved is not zero: set the struct to SAMQP_PROPERTIES_INIT first")
        }
        let mode: AMQPDeliveryMode
        switch Int32(fields.delivery_mode) {
        case 0, SAMQP_PERSISTENT: mode = .persistent
        case SAMQP_TRANSIENT: mode = .transient
        default:
            throw .invalidArgument(
                "samqp_properties.delivery_mode is \(fields.delivery_mode); it must be SAMQP_TRANSIENT, "
                    + "SAMQP_PERSISTENT or 0")
        }
        self.init(
            contentType: try Self.text(fields.content_type, "content_type"),
            contentEncoding: try Self.text(fields.content_encoding, "content_encoding"),
            headers: try AMQPTable(callerTable: fields.headers),
            deliveryMode: mode,
            priority: fields.has_priority == 0 ? nil : fields.priority,
            correlationID: try Self.text(fields.correlation_id, "correlation_id"),
            replyTo: try Self.text(fields.reply_to, "reply_to"),
            expiration: try Self.text(fields.expiration, "expiration"),
            messageID: try Self.text(fields.message_id, "message_id"),
            timestamp: fields.has_timestamp == 0 ? nil : AMQPTimestamp(secondsSinceEpoch: fields.timestamp),
            type: try Self.text(fields.type, "type"),
            userID: try Self.text(fields.user_id, "user_id"),
            appID: try Self.text(fields.app_id, "app_id"),
            clusterID: try Self.text(fields.cluster_id, "cluster_id"))
    }

    @inline(__always)
    private static func text(_ pointer: UnsafePointer<CChar>?, _ field: StaticString) throws(Failure) -> String? {
        guard let pointer else { return nil }
        return try String(name: pointer, as: "samqp_properties.\(field)")
    }
}
