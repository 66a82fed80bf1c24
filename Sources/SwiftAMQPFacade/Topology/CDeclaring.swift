// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CSwiftAMQP
internal import SwiftAMQP

// Declaring through a client: what the broker takes is restored on every connection.

@_cdecl("samqp_declare_exchange") @implementation
public func samqp_declare_exchange(
    _ client: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ type: UnsafePointer<CChar>?, _ flags: UInt32,
    _ arguments: OpaquePointer?, _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        let exchange = try AMQPExchange(caller: name, type, flags, arguments, of: #function)
        try ask(client, timeout_ms) { (client, timeout) async throws(AMQPError) in
            try await client.declare(exchange, timeout: timeout)
        }
    }
}

@_cdecl("samqp_declare_queue") @implementation
public func samqp_declare_queue(
    _ client: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ flags: UInt32, _ arguments: OpaquePointer?,
    _ info: UnsafeMutablePointer<samqp_queue_info>?, _ timeout_ms: Int64,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        // Before anything is declared.
        if let info { try OutputStruct.fill(info, samqp_queue_info()) }
        let queue = try AMQPQueue(caller: name, flags, arguments, of: #function)
        let status = try ask(client, timeout_ms) { (client, timeout) async throws(AMQPError) in
            try await client.declare(queue, timeout: timeout)
        }
        if let info { try OutputStruct.fill(info, samqp_queue_info(status)) }
    }
}

private func bind(_ client: OpaquePointer?, _ binding: AMQPBinding, _ timeout_ms: Int64) throws(Failure) {
    try ask(client, timeout_ms) { (client, timeout) async throws(AMQPError) in
        try await client.bind(binding, timeout: timeout)
    }
}

private func unbind(_ client: OpaquePointer?, _ binding: AMQPBinding, _ timeout_ms: Int64) throws(Failure) {
    try ask(client, timeout_ms) { (client, timeout) async throws(AMQPError) in
        try await client.unbind(binding, timeout: timeout)
    }
}

@_cdecl("samqp_declare_binding") @implementation
public func samqp_declare_binding(
    _ client: OpaquePointer?, _ queue: UnsafePointer<CChar>?, _ exchange: UnsafePointer<CChar>?,
    _ routing_key: UnsafePointer<CChar>?, _ arguments: OpaquePointer?, _ timeout_ms: Int64,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        try bind(
            client, try AMQPBinding(caller: queue, isQueue: true, exchange, routing_key, arguments), timeout_ms)
    }
}

@_cdecl("samqp_declare_exchange_binding") @implementation
public func samqp_declare_exchange_binding(
    _ client: OpaquePointer?, _ destination: UnsafePointer<CChar>?, _ source: UnsafePointer<CChar>?,
    _ routing_key: UnsafePointer<CChar>?, _ arguments: OpaquePointer?, _ timeout_ms: Int64,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        try bind(
            client, try AMQPBinding(caller: destination, isQueue: false, source, routing_key, arguments), timeout_ms)
    }
}

@_cdecl("samqp_delete_binding") @implementation
public func samqp_delete_binding(
    _ client: OpaquePointer?, _ queue: UnsafePointer<CChar>?, _ exchange: UnsafePointer<CChar>?,
    _ routing_key: UnsafePointer<CChar>?, _ arguments: OpaquePointer?, _ timeout_ms: Int64,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        try unbind(
            client, try AMQPBinding(caller: queue, isQueue: true, exchange, routing_key, arguments), timeout_ms)
    }
}

@_cdecl("samqp_delete_exchange_binding") @implementation
public func samqp_delete_exchange_binding(
    _ client: OpaquePointer?, _ destination: UnsafePointer<CChar>?, _ source: UnsafePointer<CChar>?,
    _ routing_key: UnsafePointer<CChar>?, _ arguments: OpaquePointer?, _ timeout_ms: Int64,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        try unbind(
            client, try AMQPBinding(caller: destination, isQueue: false, source, routing_key, arguments), timeout_ms)
    }
}
