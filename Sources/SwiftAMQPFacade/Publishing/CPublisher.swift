// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import AMQPTransport
public import CSwiftAMQP
internal import SwiftAMQP

// The functions of `samqp_publisher`.

private func required(_ publisher: OpaquePointer?) throws(Failure) -> PublisherObject {
    try Handle.require(publisher, as: PublisherObject.self, "publisher")
}

@_cdecl("samqp_publisher_open") @implementation
public func samqp_publisher_open(
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ client: OpaquePointer?, _ options: OpaquePointer?,
    _ events: OpaquePointer?, _ user: UnsafeMutableRawPointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    out?.pointee = nil
    return status(error) { () throws(Failure) in
        guard let out else { throw .missing("out") }
        let client = try Handle.require(client, as: ClientObject.self, "client")
        let settings = try OptionsObject.publisherSettings(Handle.get(options))
        let queue = Handle.get(events, as: EventsObject.self)?.queue
        out.pointee = Handle.make(
            try PublisherObject(client, settings, events: queue, user: UInt(bitPattern: user)))
    }
}

@_cdecl("samqp_publish") @implementation
public func samqp_publish(
    _ publisher: OpaquePointer?, _ exchange: UnsafePointer<CChar>?, _ routingKey: UnsafePointer<CChar>?,
    _ properties: UnsafePointer<samqp_properties>?, _ body: UnsafeRawPointer?, _ length: Int, _ flags: UInt32,
    _ user: UnsafeMutableRawPointer?, _ tag: UnsafeMutablePointer<UInt64>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    tag?.pointee = 0
    return status(error) { () throws(Failure) in
        let arguments = PublisherObject.Arguments(
            exchange: exchange, routingKey: routingKey, properties: properties, body: body, length: length, flags: flags
        )
        guard let object = Handle.borrow(publisher, as: PublisherObject.self) else { throw .missing("publisher") }
        let failure = object._withUnsafeGuaranteedRef {
            $0.publish(arguments, user: UInt(bitPattern: user), tag: tag)
        }
        if let failure { throw failure }
    }
}

@_cdecl("samqp_publish_nocopy") @implementation
public func samqp_publish_nocopy(
    _ publisher: OpaquePointer?, _ exchange: UnsafePointer<CChar>?, _ routingKey: UnsafePointer<CChar>?,
    _ properties: UnsafePointer<samqp_properties>?, _ body: UnsafeRawPointer?, _ length: Int,
    _ release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?, _ releaseUser: UnsafeMutableRawPointer?,
    _ flags: UInt32, _ user: UnsafeMutableRawPointer?, _ tag: UnsafeMutablePointer<UInt64>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    defer { if let release { Callback.run(.event(nil)) { release(releaseUser) } } }
    return samqp_publish(publisher, exchange, routingKey, properties, body, length, flags, user, tag, error)
}

@_cdecl("samqp_publish_wait") @implementation
public func samqp_publish_wait(
    _ publisher: OpaquePointer?, _ exchange: UnsafePointer<CChar>?, _ routingKey: UnsafePointer<CChar>?,
    _ properties: UnsafePointer<samqp_properties>?, _ body: UnsafeRawPointer?, _ length: Int, _ flags: UInt32,
    _ timeout: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        let arguments = PublisherObject.Arguments(
            exchange: exchange, routingKey: routingKey, properties: properties, body: body, length: length, flags: flags
        )
        try required(publisher).publishAndWait(arguments, Waiting.Limit(milliseconds: timeout))
    }
}

@_cdecl("samqp_publisher_flush") @implementation
public func samqp_publisher_flush(
    _ publisher: OpaquePointer?, _ timeout: Int64, _ failed: UnsafeMutablePointer<UInt64>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    failed?.pointee = 0
    return status(error) { () throws(Failure) in
        let report = try required(publisher).flush(Waiting.Limit(milliseconds: timeout))
        failed?.pointee = report.counts.failureCount
        if let first = report.firstFailure { throw Failure(first) }
    }
}

@_cdecl("samqp_publisher_unconfirmed") @implementation
public func samqp_publisher_unconfirmed(_ publisher: OpaquePointer?) -> Int {
    guard !Fork.isChild else { return 0 }
    return Handle.get(publisher, as: PublisherObject.self)?.unconfirmedCount ?? 0
}

@_cdecl("samqp_publisher_free") @implementation
public func samqp_publisher_free(_ publisher: OpaquePointer?) { Handle.free(publisher, as: PublisherObject.self) }
