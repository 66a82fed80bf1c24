// swift-format-ignore-file: AlwaysUseLowerCamelCase
internal import AMQPTransport
public import CSwiftAMQP

// The functions of `samqp_event`.

private func object(_ event: OpaquePointer?) -> EventObject? { Handle.get(event, as: EventObject.self) }

@_cdecl("samqp_event_get_type") @implementation
public func samqp_event_get_type(_ event: OpaquePointer?) -> samqp_event_type { object(event)?.type ?? 0 }

@_cdecl("samqp_event_tag") @implementation
public func samqp_event_tag(_ event: OpaquePointer?) -> UInt64 { object(event)?.tag ?? 0 }

@_cdecl("samqp_event_user") @implementation
public func samqp_event_user(_ event: OpaquePointer?) -> UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(bitPattern: object(event)?.user ?? 0)
}

@_cdecl("samqp_event_status") @implementation
public func samqp_event_status(_ event: OpaquePointer?) -> samqp_status { object(event)?.status ?? SAMQP_OK }

@_cdecl("samqp_event_int") @implementation
public func samqp_event_int(_ event: OpaquePointer?) -> Int32 { object(event)?.int ?? 0 }

@_cdecl("samqp_event_text") @implementation
public func samqp_event_text(_ event: OpaquePointer?) -> UnsafePointer<CChar>? {
    (object(event)?.text ?? CText.empty).pointer
}

@_cdecl("samqp_event_error") @implementation
public func samqp_event_error(_ event: OpaquePointer?) -> OpaquePointer? { object(event)?.error.map(Handle.lend) }

@_cdecl("samqp_event_take_delivery") @implementation
public func samqp_event_take_delivery(_ event: OpaquePointer?) -> OpaquePointer? {
    guard !Fork.isChild else { return nil }
    return object(event)?.takeDelivery().map(Handle.make)
}

@_cdecl("samqp_event_free") @implementation
public func samqp_event_free(_ event: OpaquePointer?) { Handle.free(event, as: EventObject.self) }
