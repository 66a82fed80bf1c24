import SwiftAMQP

/// How `--json` shows a delivery and what belongs to it.
enum JSONOutput {
    /// A delivery as one JSON object on one line, the line end included.
    ///
    /// `body` is text, or base64 where it is not UTF-8, as `body_encoding` says. Properties that the message does not
    /// have are left out.
    static func line(_ delivery: AMQPDelivery) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            let body = delivery.body
            if let text = String(validating: body, as: UTF8.self) {
                json.member("body", text)
                json.member("body_encoding", "utf-8")
            } else {
                json.member("body", Base64.encode(body))
                json.member("body_encoding", "base64")
            }
            json.member("exchange", delivery.exchange)
            json.member("routing_key", delivery.routingKey)
            json.member("redelivered", delivery.isRedelivered)
            let properties = delivery.properties
            json.name("properties")
            json.object { Self.write(properties, to: &$0) }
            json.name("headers")
            Self.write(properties.headers, to: &json)
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// The state of a queue as one JSON object on one line, the line end included.
    static func line(_ status: AMQPQueueStatus) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.member("name", status.name)
            json.member("messages", status.messageCount)
            json.member("consumers", status.consumerCount)
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private static func write(_ properties: AMQPProperties, to json: inout JSONWriter) {
        json.member("content_type", properties.contentType)
        json.member("content_encoding", properties.contentEncoding)
        json.member("delivery_mode", properties.deliveryMode?.rawValue)
        json.member("priority", properties.priority)
        json.member("correlation_id", properties.correlationID)
        json.member("reply_to", properties.replyTo)
        json.member("expiration", properties.expiration)
        json.member("message_id", properties.messageID)
        json.member("timestamp", properties.timestamp?.secondsSinceEpoch)
        json.member("type", properties.type)
        json.member("user_id", properties.userID)
        json.member("app_id", properties.appID)
        json.member("cluster_id", properties.clusterID)
    }

    private static func write(_ table: AMQPTable, to json: inout JSONWriter) {
        json.object { json in
            for (key, value) in table {
                json.name(key)
                write(value, to: &json)
            }
        }
    }

    /// JSON has fewer kinds than AMQP: times are seconds since 1970, bytes `{"base64": "..."}`, what is no number a text.
    private static func write(_ value: AMQPFieldValue, to json: inout JSONWriter) {
        switch value {
        case .bool(let value): json.literal(value ? "true" : "false")
        case .int8(let value): json.literal("\(value)")
        case .uint8(let value): json.literal("\(value)")
        case .int16(let value): json.literal("\(value)")
        case .uint16(let value): json.literal("\(value)")
        case .int32(let value): json.literal("\(value)")
        case .uint32(let value): json.literal("\(value)")
        case .int64(let value): json.literal("\(value)")
        case .uint64(let value): json.literal("\(value)")
        case .float(let value): value.isFinite ? json.literal("\(value)") : json.string("\(value)")
        case .double(let value): value.isFinite ? json.literal("\(value)") : json.string("\(value)")
        case .decimal(let value): json.literal("\(value.value)e-\(value.scale)")
        case .string(let value): json.string(value)
        case .bytes(let value): json.object { $0.member("base64", Base64.encode(value)) }
        case .timestamp(let value): json.literal("\(value.secondsSinceEpoch)")
        case .array(let values): json.array { json in for value in values { write(value, to: &json) } }
        case .table(let table): write(table, to: &json)
        case .void: json.literal("null")
        }
    }
}
