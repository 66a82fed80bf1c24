// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import AMQPTransport
public import CSwiftAMQP
internal import Glibc

// The functions of `samqp_events`.

@_cdecl("samqp_events_new") @implementation
public func samqp_events_new(_ highWater: Int) -> OpaquePointer? {
    let size = highWater == 0 ? EventsObject.defaultHighWater : highWater
    guard !Fork.isChild, EventsObject.highWaters.contains(size) else {
        errno = EINVAL
        return nil
    }
    do throws(SystemError) {
        return Handle.make(try EventsObject(highWater: size))
    } catch {
        errno = error.errno
        return nil
    }
}

private func queue(_ events: OpaquePointer?) throws(Failure) -> EventQueue {
    let object = try Handle.require(events, as: EventsObject.self, "events")
    return object.queue
}

@_cdecl("samqp_events_fd") @implementation
public func samqp_events_fd(_ events: OpaquePointer?) -> Int32 {
    count { () throws(Failure) in try queue(events).descriptor }
}

@_cdecl("samqp_events_poll") @implementation
public func samqp_events_poll(
    _ events: OpaquePointer?, _ timeout: Int64, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    out?.pointee = nil
    return count { () throws(Failure) in
        guard let out else { throw .missing("out") }
        return Int32(try queue(events).take(upTo: 1, into: out, Waiting.Limit(milliseconds: timeout)))
    }
}

@_cdecl("samqp_events_poll_batch") @implementation
public func samqp_events_poll_batch(
    _ events: OpaquePointer?, _ timeout: Int64, _ out: UnsafeMutablePointer<OpaquePointer?>?, _ maximum: Int
) -> Int64 {
    count { () throws(Failure) in
        guard let out else { throw .missing("out") }
        guard maximum > 0 else { throw .invalidArgument("'max' is 0: nothing could be taken") }
        return Int64(
            try queue(events).take(upTo: min(maximum, 1 << 20), into: out, Waiting.Limit(milliseconds: timeout)))
    }
}

@_cdecl("samqp_events_wakeup") @implementation
public func samqp_events_wakeup(_ events: OpaquePointer?) -> samqp_status {
    status { () throws(Failure) in try queue(events).wakeUp() }
}

@_cdecl("samqp_events_count") @implementation
public func samqp_events_count(_ events: OpaquePointer?) -> Int {
    guard !Fork.isChild else { return 0 }
    return Handle.get(events, as: EventsObject.self)?.queue.count ?? 0
}

/// A function of the caller with its pointer.
///
/// Invariant: nothing is done with `user` but to give it to `function`, which the header asks to be callable by any thread; that
/// is why it is `@unchecked Sendable`.
private struct Notification: @unchecked Sendable {
    let function: @convention(c) (UnsafeMutableRawPointer?) -> Void
    let user: UnsafeMutableRawPointer?

    func callAsFunction() { function(user) }
}

@_cdecl("samqp_events_set_notify") @implementation
public func samqp_events_set_notify(
    _ events: OpaquePointer?, _ function: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?,
    _ user: UnsafeMutableRawPointer?
) -> samqp_status {
    status { () throws(Failure) in
        let queue = try queue(events)
        guard let function else {
            queue.setNotify(nil)
            return
        }
        let notification = Notification(function: function, user: user)
        queue.setNotify { Callback.run(.event(nil)) { notification() } }
    }
}

/// As ``Notification``, for events.
private struct EventFunction: @unchecked Sendable {
    let function: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Void
    let user: UnsafeMutableRawPointer?

    func callAsFunction(_ event: OpaquePointer) { function(event, user) }
}

@_cdecl("samqp_events_dispatch") @implementation
public func samqp_events_dispatch(
    _ events: OpaquePointer?, _ function: (@convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Void)?,
    _ user: UnsafeMutableRawPointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        let queue = try queue(events)
        guard let function else { throw .missing("fn") }
        let call = EventFunction(function: function, user: user)
        let dispatcher = Dispatcher { call($0) }
        guard queue.setDispatcher(dispatcher) else { throw .invalidArgument("the queue is dispatched already") }
        do throws(SystemError) {
            try dispatcher.start(queue)
        } catch {
            _ = queue.removeDispatcher()
            queue.didEnd(dispatcher)
            throw Failure(SAMQP_ERR_NO_MEMORY, "no thread is to be had: \(error)")
        }
    }
}

@_cdecl("samqp_events_stop") @implementation
public func samqp_events_stop(_ events: OpaquePointer?) -> samqp_status {
    status { () throws(Failure) in
        let queue = try queue(events)
        let running = queue.dispatchers
        let isOwn = running.contains { Callback.isIn($0) }
        guard running.isEmpty || isOwn || !Callback.isInEvent else { throw Failure.wouldDeadlock }
        let left = queue.removeDispatcher()
        if !isOwn { for dispatcher in left { dispatcher.join() } }
    }
}

@_cdecl("samqp_events_free") @implementation
public func samqp_events_free(_ events: OpaquePointer?) { Handle.free(events, as: EventsObject.self) }
