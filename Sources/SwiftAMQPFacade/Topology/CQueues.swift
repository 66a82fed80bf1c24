// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CSwiftAMQP
internal import SwiftAMQP

// Deleting, purging and asking for what is there, through a client.

@_cdecl("samqp_delete_queue") @implementation
public func samqp_delete_queue(
    _ client: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ flags: UInt32,
    _ messages: UnsafeMutablePointer<UInt64>?, _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    messages?.pointee = 0
    return status(error) { () throws(Failure) in
        try flags.checkFlags(SAMQP_IF_UNUSED | SAMQP_IF_EMPTY, of: #function)
        let queue = try String(name: name, as: "name")
        let count = try ask(client, timeout_ms) { (client, timeout) async throws(AMQPError) in
            try await client.delete(
                queue: queue, ifUnused: flags.has(SAMQP_IF_UNUSED), ifEmpty: flags.has(SAMQP_IF_EMPTY),
                timeout: timeout)
        }
        messages?.pointee = UInt64(count)
    }
}

@_cdecl("samqp_delete_exchange") @implementation
public func samqp_delete_exchange(
    _ client: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ flags: UInt32, _ timeout_ms: Int64,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        try flags.checkFlags(SAMQP_IF_UNUSED, of: #function)
        let exchange = try String(name: name, as: "name")
        try ask(client, timeout_ms) { (client, timeout) async throws(AMQPError) in
            try await client.delete(exchange: exchange, ifUnused: flags.has(SAMQP_IF_UNUSED), timeout: timeout)
        }
    }
}

@_cdecl("samqp_purge_queue") @implementation
public func samqp_purge_queue(
    _ client: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ messages: UnsafeMutablePointer<UInt64>?,
    _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    messages?.pointee = 0
    return status(error) { () throws(Failure) in
        let queue = try String(name: name, as: "name")
        let count = try ask(client, timeout_ms) { (client, timeout) async throws(AMQPError) in
            try await client.purge(queue: queue, timeout: timeout)
        }
        messages?.pointee = UInt64(count)
    }
}

@_cdecl("samqp_queue_status") @implementation
public func samqp_queue_status(
    _ client: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<samqp_queue_info>?,
    _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        try OutputStruct.fill(out, samqp_queue_info())
        let queue = try String(name: name, as: "name")
        let status = try ask(client, timeout_ms) { (client, timeout) async throws(AMQPError) in
            try await client.status(ofQueue: queue, timeout: timeout)
        }
        try OutputStruct.fill(out, samqp_queue_info(status))
    }
}

@_cdecl("samqp_current_queue_name") @implementation
public func samqp_current_queue_name(
    _ client: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<samqp_queue_info>?
) -> samqp_status {
    status { () throws(Failure) in
        try OutputStruct.fill(out, samqp_queue_info())
        let object = try Handle.require(client, as: ClientObject.self, "client")
        let queue = try String(name: name, as: "name")
        try OutputStruct.fill(out, samqp_queue_info(name: object.client.currentName(ofQueue: queue)))
    }
}
