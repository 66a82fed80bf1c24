// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import AMQPTransport
public import CSwiftAMQP
internal import SwiftAMQP

// The functions of `samqp_consumer`.

private func required(_ consumer: OpaquePointer?) throws(Failure) -> ConsumerObject {
    try Handle.require(consumer, as: ConsumerObject.self, "consumer")
}

/// What the arguments of both ways to consume have in common.
private func prepare(
    _ client: OpaquePointer?, _ queue: UnsafePointer<CChar>?, _ options: OpaquePointer?
) throws(Failure) -> (ClientObject, AMQPConsumerConfiguration) {
    let client = try Handle.require(client, as: ClientObject.self, "client")
    let queue = try String(name: queue, as: "queue")
    return (client, try OptionsObject.consumerConfiguration(Handle.get(options), queue: queue))
}

@_cdecl("samqp_consume") @implementation
public func samqp_consume(
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ client: OpaquePointer?, _ queue: UnsafePointer<CChar>?,
    _ options: OpaquePointer?, _ events: OpaquePointer?, _ user: UnsafeMutableRawPointer?, _ timeout: Int64,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    out?.pointee = nil
    return status(error) { () throws(Failure) in
        guard let out else { throw .missing("out") }
        let limit = Waiting.Limit(milliseconds: timeout)
        try Waiting.check(limit)
        let (client, configuration) = try prepare(client, queue, options)
        let eventQueue = Handle.get(events, as: EventsObject.self)?.queue
        let mailbox = ConsumerMailbox(
            queue: eventQueue, user: UInt(bitPattern: user), tally: client.tally, isAwaited: limit.mayWait)
        let consumer = try mapped { () throws(AMQPError) in
            try PolledConsumer(client.client, configuration, listener: mailbox)
        }
        mailbox.attach(consumer)
        let object = ConsumerObject(.fetched(mailbox, isPolled: eventQueue == nil))
        if limit.mayWait {
            let answer = mailbox.firstAnswer.wait(until: limit.deadline)
            if case .some(.some(let error)) = answer { throw Failure(error) }
            guard answer != nil || !mailbox.giveUp() else {
                throw Failure(
                    SAMQP_ERR_TIMEOUT,
                    "the broker did not say consume-ok for queue '\(configuration.queue)' in time")
            }
        }
        out.pointee = Handle.make(object)
    }
}

/// A handler of the caller with its pointer.
///
/// Invariant: nothing is done with `user` but to give it to `function`, which the header asks to be callable by any thread; that
/// is why it is `@unchecked Sendable`.
private struct HandlerFunction: @unchecked Sendable {
    let function: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32
    let user: UnsafeMutableRawPointer?

    /// The delivery is lent, unless the handler keeps it.
    func callAsFunction(_ delivery: DeliveryObject) -> Int32 {
        let handle = Handle.make(delivery)
        let answer = function(handle, user)
        if answer != SAMQP_SETTLE_LEFT { Handle.free(handle, as: DeliveryObject.self) }
        return answer
    }
}

@_cdecl("samqp_consume_handler") @implementation
public func samqp_consume_handler(
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ client: OpaquePointer?, _ queue: UnsafePointer<CChar>?,
    _ options: OpaquePointer?, _ handler: (@convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32)?,
    _ events: OpaquePointer?, _ user: UnsafeMutableRawPointer?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    out?.pointee = nil
    return status(error) { () throws(Failure) in
        guard let out else { throw .missing("out") }
        guard let handler else { throw .missing("handler") }
        let function = HandlerFunction(function: handler, user: user)
        let queueOfEvents = Handle.get(events, as: EventsObject.self)?.queue
        out.pointee = Handle.make(
            try handled(client, queue, options, function, queueOfEvents, user: UInt(bitPattern: user)))
    }
}

private func handled(
    _ client: OpaquePointer?, _ queue: UnsafePointer<CChar>?, _ options: OpaquePointer?, _ function: HandlerFunction,
    _ events: EventQueue?, user: UInt
) throws(Failure) -> ConsumerObject {
    let (client, configuration) = try prepare(client, queue, options)
    let threads = HandlerThreads(client: client.identity, maximum: configuration.maximumConcurrency) { function($0) }
    var watcher: (@Sendable (AMQPClientEvent) -> Void)?
    if let events {
        let notices = HandledConsumerEvents(queue: events, user: user)
        watcher = { notices.tell($0) }
    }
    do throws(AMQPError) {
        let consumer = try AMQPConsumer(client.client, configuration, watcher: watcher) { await threads.handle($0) }
        return ConsumerObject(.handled(consumer, threads))
    } catch {
        throw Failure(error)
    }
}

/// Tells an event queue what happens to a consumer with a handler.
private struct HandledConsumerEvents: Sendable {
    let queue: EventQueue
    let user: UInt

    func tell(_ event: AMQPClientEvent) {
        if case .consumerEnded(let tag, _, let error) = event {
            queue.push(EventObject(consumerEnded: error, tag: tag, user: user))
        } else if let event = EventObject(consumer: event, user: user) {
            queue.offer(event)
        }
    }
}

private func poll(
    _ consumer: OpaquePointer?, _ timeout: Int64, _ out: UnsafeMutablePointer<OpaquePointer?>?, _ maximum: Int
) throws(Failure) -> Int {
    guard let out else { throw .missing("out") }
    guard maximum > 0 else { throw .invalidArgument("'max' is 0: nothing could be taken") }
    guard case .fetched(let mailbox, isPolled: true) = try required(consumer).kind else {
        throw .invalidArgument("the deliveries of this consumer go to its event queue, or its handler")
    }
    let taken = try mailbox.poll(upTo: min(maximum, 1 << 20), Waiting.Limit(milliseconds: timeout))
    for (index, delivery) in taken.enumerated() { out[index] = Handle.make(delivery) }
    return taken.count
}

@_cdecl("samqp_consumer_poll") @implementation
public func samqp_consumer_poll(
    _ consumer: OpaquePointer?, _ timeout: Int64, _ out: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    out?.pointee = nil
    return count(error) { () throws(Failure) in Int32(try poll(consumer, timeout, out, 1)) }
}

@_cdecl("samqp_consumer_poll_batch") @implementation
public func samqp_consumer_poll_batch(
    _ consumer: OpaquePointer?, _ timeout: Int64, _ out: UnsafeMutablePointer<OpaquePointer?>?, _ maximum: Int,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int64 {
    count(error) { () throws(Failure) in Int64(try poll(consumer, timeout, out, maximum)) }
}

@_cdecl("samqp_consumer_tag") @implementation
public func samqp_consumer_tag(_ consumer: OpaquePointer?) -> UnsafePointer<CChar>? {
    Handle.get(consumer, as: ConsumerObject.self)?.tag.pointer
}

@_cdecl("samqp_consumer_cancel") @implementation
public func samqp_consumer_cancel(
    _ consumer: OpaquePointer?, _ timeout: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    status(error) { () throws(Failure) in
        let duration: Duration = timeout < 0 ? .seconds(30) : .milliseconds(timeout)
        guard try required(consumer).cancel(within: duration) else {
            throw Failure(
                SAMQP_ERR_TIMEOUT, "deliveries were not settled in time, and have gone back to their queue")
        }
    }
}

@_cdecl("samqp_consumer_free") @implementation
public func samqp_consumer_free(_ consumer: OpaquePointer?) { Handle.free(consumer, as: ConsumerObject.self) }
