// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CSwiftAMQP
internal import SwiftAMQP

// Messages on plain channels: basic.get and basic.publish.

@_cdecl("samqp_channel_get") @implementation
public func samqp_channel_get(
    _ channel: OpaquePointer?, _ queue: UnsafePointer<CChar>?, _ flags: UInt32, _ timeout_ms: Int64,
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    out?.pointee = nil
    return count(error) { () throws(Failure) -> Int32 in
        guard let out else { throw .missing("out") }
        try flags.checkFlags(SAMQP_AUTO_ACK, of: #function)
        let name = try String(name: queue, as: "queue")
        let acknowledgement: AMQPAcknowledgement = flags.has(SAMQP_AUTO_ACK) ? .automatic : .manual
        let delivery = try ChannelObject.ask(channel, timeout_ms) { (object) async throws(AMQPError) in
            try await object.channel.get(name, acknowledgement: acknowledgement).map {
                // The channel closes when nobody holds it, and its deliveries would be of no use.
                DeliveryObject($0.delivery, owner: object)
            }
        }
        guard let delivery else { return 0 }
        out.pointee = Handle.make(delivery)
        return 1
    }
}

@_cdecl("samqp_channel_publish") @implementation
public func samqp_channel_publish(
    _ channel: OpaquePointer?, _ exchange: UnsafePointer<CChar>?, _ routing_key: UnsafePointer<CChar>?,
    _ properties: UnsafePointer<samqp_properties>?, _ body: UnsafeRawPointer?, _ length: Int, _ flags: UInt32,
    _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        let object = try Handle.require(channel, as: ChannelObject.self, "channel")
        try flags.checkFlags(SAMQP_PUBLISH_UNROUTABLE_OK | SAMQP_PUBLISH_ONCE, of: #function)
        let address = AMQPAddress(
            exchange: try String(optionalName: exchange, as: "exchange"),
            routingKey: try String(optionalName: routing_key, as: "routing_key"))
        let message = AMQPMessage(
            body: [UInt8](try UnsafeRawBufferPointer(caller: body, length: length, as: "body")),
            properties: try AMQPProperties(caller: properties))
        guard timeout_ms != 0 else { throw Failure.noTimeToPublish(to: address) }
        try Waiting.runKeepingTime(timeout_ms) { (timeout) async throws(AMQPError) in
            try await object.publish(
                message, to: address, isMandatory: !flags.has(SAMQP_PUBLISH_UNROUTABLE_OK),
                timeout: timeout_ms < 0 ? nil : timeout)
        }
    }
}
