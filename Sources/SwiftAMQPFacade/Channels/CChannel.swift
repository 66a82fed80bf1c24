// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import AMQPTransport
public import CSwiftAMQP
internal import SwiftAMQP

// Opening and closing plain channels, and what is asked on them.

@_cdecl("samqp_channel_open") @implementation
public func samqp_channel_open(
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ client: OpaquePointer?, _ timeout_ms: Int64,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    out?.pointee = nil
    return status(error) { () throws(Failure) in
        guard let out else { throw .missing("out") }
        let object = try Handle.require(client, as: ClientObject.self, "client")
        let channel = try Waiting.runKeepingTime(timeout_ms) { (timeout) async throws(AMQPError) in
            try await object.client.openChannel(timeout: timeout)
        }
        out.pointee = Handle.make(ChannelObject(channel, client: object))
    }
}

@_cdecl("samqp_channel_is_open") @implementation
public func samqp_channel_is_open(_ channel: OpaquePointer?) -> Int32 {
    guard !Fork.isChild, let object = Handle.get(channel, as: ChannelObject.self) else { return 0 }
    return object.channel.isOpen ? 1 : 0
}

@_cdecl("samqp_channel_check_queue") @implementation
public func samqp_channel_check_queue(
    _ channel: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<samqp_queue_info>?,
    _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        if let out { try OutputStruct.fill(out, samqp_queue_info()) }
        let queue = try String(name: name, as: "name")
        let status = try ChannelObject.ask(channel, timeout_ms) { (object) async throws(AMQPError) in
            try await object.channel.status(ofQueue: queue)
        }
        if let out { try OutputStruct.fill(out, samqp_queue_info(status)) }
    }
}

@_cdecl("samqp_channel_check_exchange") @implementation
public func samqp_channel_check_exchange(
    _ channel: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ timeout_ms: Int64,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        let exchange = try String(name: name, as: "name")
        try ChannelObject.ask(channel, timeout_ms) { (object) async throws(AMQPError) in
            try await object.channel.checkExchange(exchange)
        }
    }
}

@_cdecl("samqp_channel_recover") @implementation
public func samqp_channel_recover(
    _ channel: OpaquePointer?, _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        try ChannelObject.ask(channel, timeout_ms) { (object) async throws(AMQPError) in
            try await object.channel.recover()
        }
    }
}

@_cdecl("samqp_channel_tx_select") @implementation
public func samqp_channel_tx_select(
    _ channel: OpaquePointer?, _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        try ChannelObject.ask(channel, timeout_ms) { (object) async throws(AMQPError) in
            try await object.channel.txSelect()
        }
    }
}

@_cdecl("samqp_channel_tx_commit") @implementation
public func samqp_channel_tx_commit(
    _ channel: OpaquePointer?, _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        try ChannelObject.ask(channel, timeout_ms) { (object) async throws(AMQPError) in
            try await object.channel.txCommit()
        }
    }
}

@_cdecl("samqp_channel_tx_rollback") @implementation
public func samqp_channel_tx_rollback(
    _ channel: OpaquePointer?, _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        try ChannelObject.ask(channel, timeout_ms) { (object) async throws(AMQPError) in
            try await object.channel.txRollback()
        }
    }
}

@_cdecl("samqp_channel_close") @implementation
public func samqp_channel_close(
    _ channel: OpaquePointer?, _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        let object = try Handle.require(channel, as: ChannelObject.self, "channel")
        // What has ended needs no time.
        if timeout_ms == 0, !object.channel.isOpen { return }
        let isInTime = try Waiting.runKeepingTime(timeout_ms) { (timeout) async throws(AMQPError) -> Bool in
            let deadline = MonotonicTime.now() + timeout
            await object.channel.close(timeout: timeout)
            return MonotonicTime.now() < deadline
        }
        guard isInTime else {
            throw Failure(SAMQP_ERR_TIMEOUT, "the broker did not confirm in time that the channel is closed")
        }
    }
}

@_cdecl("samqp_channel_free") @implementation
public func samqp_channel_free(_ channel: OpaquePointer?) { Handle.free(channel, as: ChannelObject.self) }
