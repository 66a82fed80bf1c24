// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import AMQPTransport
public import CSwiftAMQP
internal import SwiftAMQP

// The functions of `samqp_delivery`.

private func object(_ delivery: OpaquePointer?) -> DeliveryObject? { Handle.get(delivery, as: DeliveryObject.self) }

private func required(_ delivery: OpaquePointer?) throws(Failure) -> DeliveryObject {
    try Handle.require(delivery, as: DeliveryObject.self, "delivery")
}

@_cdecl("samqp_delivery_body") @implementation
public func samqp_delivery_body(_ delivery: OpaquePointer?, _ length: UnsafeMutablePointer<Int>?) -> UnsafeRawPointer? {
    guard let object = object(delivery) else {
        length?.pointee = 0
        return nil
    }
    let bytes = object.delivery.bodyBytes
    length?.pointee = bytes.count
    // For an empty body, bytes that are there.
    return bytes.isEmpty ? UnsafeRawPointer(CText.empty.pointer) : bytes.baseAddress
}

@_cdecl("samqp_delivery_properties") @implementation
public func samqp_delivery_properties(
    _ delivery: OpaquePointer?, _ out: UnsafeMutablePointer<samqp_properties>?
) -> samqp_status {
    status { () throws(Failure) in
        let object = try required(delivery)
        guard let out else { throw .missing("out") }
        let filled = object.properties.fill(out)
        if filled != SAMQP_OK { throw Failure(filled, "the struct is too short") }
        if let error = object.delivery.propertiesError { throw Failure(SAMQP_ERR_PROTOCOL, error.text) }
    }
}

@_cdecl("samqp_delivery_exchange") @implementation
public func samqp_delivery_exchange(_ delivery: OpaquePointer?) -> UnsafePointer<CChar>? {
    object(delivery)?.exchange.pointer
}

@_cdecl("samqp_delivery_routing_key") @implementation
public func samqp_delivery_routing_key(_ delivery: OpaquePointer?) -> UnsafePointer<CChar>? {
    object(delivery)?.routingKey.pointer
}

@_cdecl("samqp_delivery_consumer_tag") @implementation
public func samqp_delivery_consumer_tag(_ delivery: OpaquePointer?) -> UnsafePointer<CChar>? {
    object(delivery)?.consumerTag.pointer
}

@_cdecl("samqp_delivery_tag") @implementation
public func samqp_delivery_tag(_ delivery: OpaquePointer?) -> UInt64 { object(delivery)?.delivery.deliveryTag ?? 0 }

@_cdecl("samqp_delivery_redelivered") @implementation
public func samqp_delivery_redelivered(_ delivery: OpaquePointer?) -> Int32 {
    object(delivery)?.delivery.isRedelivered == true ? 1 : 0
}

@_cdecl("samqp_delivery_retry_count") @implementation
public func samqp_delivery_retry_count(_ delivery: OpaquePointer?) -> UInt64 {
    UInt64(clamping: object(delivery)?.delivery.retryCount ?? 0)
}

@_cdecl("samqp_delivery_is_stale") @implementation
public func samqp_delivery_is_stale(_ delivery: OpaquePointer?) -> Int32 {
    // The locks of a child of fork(2) may be held by nobody.
    guard !Fork.isChild else { return 1 }
    return object(delivery)?.delivery.isStale == true ? 1 : 0
}

@_cdecl("samqp_delivery_is_cancelled") @implementation
public func samqp_delivery_is_cancelled(_ delivery: OpaquePointer?) -> Int32 {
    object(delivery)?.isCancelled == true ? 1 : 0
}

@_cdecl("samqp_delivery_ack") @implementation
public func samqp_delivery_ack(_ delivery: OpaquePointer?, _ flags: UInt32) -> samqp_status {
    status { () throws(Failure) in
        try flags.checkFlags(SAMQP_MULTIPLE, of: #function)
        try required(delivery).ack(multiple: flags.has(SAMQP_MULTIPLE))
    }
}

@_cdecl("samqp_delivery_nack") @implementation
public func samqp_delivery_nack(_ delivery: OpaquePointer?, _ flags: UInt32) -> samqp_status {
    status { () throws(Failure) in
        try flags.checkFlags(SAMQP_MULTIPLE | SAMQP_REQUEUE, of: #function)
        try required(delivery).nack(requeue: flags.has(SAMQP_REQUEUE), multiple: flags.has(SAMQP_MULTIPLE))
    }
}

@_cdecl("samqp_delivery_free") @implementation
public func samqp_delivery_free(_ delivery: OpaquePointer?) { Handle.free(delivery, as: DeliveryObject.self) }
