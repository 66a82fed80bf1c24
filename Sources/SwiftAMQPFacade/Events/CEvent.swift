// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import AMQPTransport
public import CSwiftAMQP
internal import SwiftAMQP

// The functions of `samqp_event`.

@_cdecl("samqp_event_get_type") @implementation
public func samqp_event_get_type(_ event: OpaquePointer?) -> samqp_event_type {
    switch EventHandle.target(event) {
    case .publish: SAMQP_EVENT_CONFIRM
    case .object(let object): object.type
    case nil: 0
    }
}

@_cdecl("samqp_event_tag") @implementation
public func samqp_event_tag(_ event: OpaquePointer?) -> UInt64 {
    switch EventHandle.target(event) {
    case .publish(let publish): publish.ticket.tag
    case .object(let object): object.tag
    case nil: 0
    }
}

@_cdecl("samqp_event_user") @implementation
public func samqp_event_user(_ event: OpaquePointer?) -> UnsafeMutableRawPointer? {
    switch EventHandle.target(event) {
    case .publish(let publish): UnsafeMutableRawPointer(bitPattern: publish.ticket.context)
    case .object(let object): UnsafeMutableRawPointer(bitPattern: object.user)
    case nil: nil
    }
}

@_cdecl("samqp_event_status") @implementation
public func samqp_event_status(_ event: OpaquePointer?) -> samqp_status {
    switch EventHandle.target(event) {
    case .publish(let publish): publish.status
    case .object(let object): object.status
    case nil: SAMQP_OK
    }
}

@_cdecl("samqp_event_int") @implementation
public func samqp_event_int(_ event: OpaquePointer?) -> Int32 {
    switch EventHandle.target(event) {
    case .publish(let publish): Int32(clamping: publish.attemptsOfSuccess ?? publish.attemptsOfFailure)
    case .object(let object): object.int
    case nil: 0
    }
}

@_cdecl("samqp_event_text") @implementation
public func samqp_event_text(_ event: OpaquePointer?) -> UnsafePointer<CChar>? {
    switch EventHandle.target(event) {
    case .publish(let publish): publish.words.text.pointer
    case .object(let object): object.text.pointer
    case nil: CText.empty.pointer
    }
}

@_cdecl("samqp_event_error") @implementation
public func samqp_event_error(_ event: OpaquePointer?) -> OpaquePointer? {
    switch EventHandle.target(event) {
    case .publish(let publish): publish.words.error.map(Handle.lend)
    case .object(let object): object.error.map(Handle.lend)
    case nil: nil
    }
}

@_cdecl("samqp_event_take_delivery") @implementation
public func samqp_event_take_delivery(_ event: OpaquePointer?) -> OpaquePointer? {
    guard !Fork.isChild, case .object(let object) = EventHandle.target(event) else { return nil }
    return object.takeDelivery().map(Handle.make)
}

@_cdecl("samqp_event_free") @implementation
public func samqp_event_free(_ event: OpaquePointer?) { EventHandle.free(event) }
