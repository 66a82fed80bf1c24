internal import CSwiftAMQP
internal import SwiftAMQP

/// The properties of a message in the form that C has: holds what a `samqp_properties` points to.
final class PropertiesObject: Sendable {
    private let contentType: CText?
    private let contentEncoding: CText?
    private let correlationID: CText?
    private let replyTo: CText?
    private let expiration: CText?
    private let messageID: CText?
    private let type: CText?
    private let userID: CText?
    private let appID: CText?
    private let clusterID: CText?
    private let headers: TableObject?
    private let timestamp: AMQPTimestamp?
    private let priority: UInt8?
    private let deliveryMode: AMQPDeliveryMode?

    init(_ properties: AMQPProperties) {
        contentType = properties.contentType.map { CText($0) }
        contentEncoding = properties.contentEncoding.map { CText($0) }
        correlationID = properties.correlationID.map { CText($0) }
        replyTo = properties.replyTo.map { CText($0) }
        expiration = properties.expiration.map { CText($0) }
        messageID = properties.messageID.map { CText($0) }
        type = properties.type.map { CText($0) }
        userID = properties.userID.map { CText($0) }
        appID = properties.appID.map { CText($0) }
        clusterID = properties.clusterID.map { CText($0) }
        headers = properties.headers.isEmpty ? nil : TableObject(properties.headers)
        timestamp = properties.timestamp
        priority = properties.priority
        deliveryMode = properties.deliveryMode
    }

    /// Fills the caller's struct with pointers into this object.
    func fill(_ out: UnsafeMutablePointer<samqp_properties>?) -> samqp_status {
        status { () throws(Failure) in try OutputStruct.fill(out, pointers) }
    }

    private var pointers: samqp_properties {
        var fields = samqp_properties()
        fields.content_type = contentType?.pointer
        fields.content_encoding = contentEncoding?.pointer
        fields.correlation_id = correlationID?.pointer
        fields.reply_to = replyTo?.pointer
        fields.expiration = expiration?.pointer
        fields.message_id = messageID?.pointer
        fields.type = type?.pointer
        fields.user_id = userID?.pointer
        fields.app_id = appID?.pointer
        fields.cluster_id = clusterID?.pointer
        fields.headers = headers.map { Handle.lend($0) }
        if let timestamp {
            fields.timestamp = timestamp.secondsSinceEpoch
            fields.has_timestamp = 1
        }
        if let priority {
            fields.priority = priority
            fields.has_priority = 1
        }
        fields.delivery_mode = deliveryMode?.rawValue ?? 0
        return fields
    }
}
