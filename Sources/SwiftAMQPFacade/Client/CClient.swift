// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import AMQPTransport
public import CSwiftAMQP
internal import SwiftAMQP

// The functions of `samqp_client`, but for its topology.

private func required(_ client: OpaquePointer?) throws(Failure) -> ClientObject {
    try Handle.require(client, as: ClientObject.self, "client")
}

private func make(
    _ options: OpaquePointer?, _ events: OpaquePointer?, _ user: UnsafeMutableRawPointer?,
    firstConnect: AMQPClientConfiguration.FirstConnect?
) throws(Failure) -> ClientObject {
    var (configuration, topology) = try OptionsObject.clientConfiguration(Handle.get(options))
    if let firstConnect { configuration.firstConnect = firstConnect }
    let queue = Handle.get(events, as: EventsObject.self)?.queue
    return try ClientObject(configuration, topology, events: queue, user: UInt(bitPattern: user))
}

/// The longest time that the configuration takes for the first connection: 24 h.
private let longestFirstConnect: Int64 = 86_400_000

@_cdecl("samqp_client_open") @implementation
public func samqp_client_open(
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ options: OpaquePointer?, _ events: OpaquePointer?,
    _ user: UnsafeMutableRawPointer?, _ timeout: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    if timeout == 0 { return samqp_client_start(out, options, events, user, error) }
    out?.pointee = nil
    return status(error) { () throws(Failure) in
        guard let out else { throw .missing("out") }
        let limit = Waiting.Limit(milliseconds: timeout)
        try Waiting.check(limit)
        // The client knows best why it could not connect: it gets the deadline.
        let within =
            timeout < 0
            ? nil
            : AMQPClientConfiguration.FirstConnect.within(
                .milliseconds(min(timeout, longestFirstConnect)))
        let object = try make(options, events, user, firstConnect: within)
        let client = object.client
        try Waiting.run(Waiting.Limit(milliseconds: -1)) { () async throws(AMQPError) in try await client.connect() }
        out.pointee = Handle.make(object)
    }
}

@_cdecl("samqp_client_start") @implementation
public func samqp_client_start(
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ options: OpaquePointer?, _ events: OpaquePointer?,
    _ user: UnsafeMutableRawPointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    out?.pointee = nil
    return status(error) { () throws(Failure) in
        guard let out else { throw .missing("out") }
        let object = try make(options, events, user, firstConnect: nil)
        // Does not hold the client: who lets it go ends it.
        object.client.begin()
        out.pointee = Handle.make(object)
    }
}

@_cdecl("samqp_client_state") @implementation
public func samqp_client_state(_ client: OpaquePointer?) -> samqp_state {
    count { () throws(Failure) in try required(client).client.state.number }
}

@_cdecl("samqp_client_wait") @implementation
public func samqp_client_wait(
    _ client: OpaquePointer?, _ timeout: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        let client = try required(client).client
        let state = client.state
        if state.isUsable { return }
        if case .closed(let error) = state { throw Failure(error) }
        try Waiting.run(Waiting.Limit(milliseconds: timeout)) { () async throws(AMQPError) in
            try await client.connect()
        }
    }
}

@_cdecl("samqp_client_health") @implementation
public func samqp_client_health(
    _ client: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        let health = try required(client).client.health()
        switch health.state {
        case .open: return
        case .degraded, .closing, .blocked, .connecting, .recovering: throw Failure(health)
        case .closed(let error): throw Failure(SAMQP_ERR_CLOSED, error.text)
        }
    }
}

extension Failure {
    /// Why a client is not what it should be.
    fileprivate init(_ health: AMQPHealth) {
        let status =
            switch health.state {
            case .degraded: SAMQP_ERR_DEGRADED
            case .blocked: SAMQP_ERR_BLOCKED
            case .connecting, .recovering: SAMQP_ERR_CONNECT
            case .open, .closing, .closed: SAMQP_ERR_CLOSED
            }
        let links = [health.publishing, health.consuming, health.consumingAutomatically]
        let last = links.lazy.compactMap { $0 }.first { !$0.isOpen && $0.lastError != nil }?.lastError
        self.init(status, health.state.description + (last.map { ": \($0)" } ?? ""))
    }
}

@_cdecl("samqp_client_is_live") @implementation
public func samqp_client_is_live(_ client: OpaquePointer?, _ tolerance: Int64) -> Int32 {
    count { () throws(Failure) in
        let tolerance = tolerance < 0 ? Waiting.Limit(milliseconds: -1).duration : .milliseconds(tolerance)
        return try required(client).client.health().isLive(tolerance: tolerance) ? 1 : 0
    }
}

@_cdecl("samqp_client_stats") @implementation
public func samqp_client_stats(_ client: OpaquePointer?, _ out: UnsafeMutablePointer<samqp_stats>?) -> samqp_status {
    status { () throws(Failure) in
        let object = try required(client)
        try OutputStruct.fill(out, samqp_stats(object))
    }
}

@_cdecl("samqp_client_drain") @implementation
public func samqp_client_drain(
    _ client: OpaquePointer?, _ timeout: Int64, _ out: UnsafeMutablePointer<samqp_drain_report>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        // Before anything is ended: a struct that cannot be filled is no reason to.
        if let out { try OutputStruct.fill(out, samqp_drain_report()) }
        let object = try required(client)
        let (report, settled) = try object.drain(within: timeout < 0 ? .seconds(30) : .milliseconds(timeout))
        if let out {
            var filled = samqp_drain_report(report)
            // Consumers without handlers settle through their deliveries.
            filled.acked &+= settled.acked
            filled.requeued &+= settled.requeued
            try OutputStruct.fill(out, filled)
        }
        if report.isTimedOut { throw Failure(SAMQP_ERR_TIMEOUT, "the client was ended before all was done: \(report)") }
    }
}

@_cdecl("samqp_client_close") @implementation
public func samqp_client_close(
    _ client: OpaquePointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in _ = try required(client).drain(within: .zero) }
}

@_cdecl("samqp_client_free") @implementation
public func samqp_client_free(_ client: OpaquePointer?) { Handle.free(client, as: ClientObject.self) }
