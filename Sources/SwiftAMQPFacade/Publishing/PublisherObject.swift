internal import AMQPTransport
internal import CSwiftAMQP
internal import SwiftAMQP
internal import Synchronization

/// What a `samqp_publisher` is.
final class PublisherObject: Sendable {
    private let publisher: AMQPClientPublisher
    private let settings: PublisherSettings
    private let events: PublisherEvents?
    private let addresses = AddressCache()
    private let lastTag = Atomic<UInt64>(0)

    init(
        _ client: ClientObject, _ settings: PublisherSettings, events: EventQueue?, user: UInt
    ) throws(Failure) {
        self.settings = settings
        publisher = try mapped { () throws(AMQPError) in try client.client.publisher(window: settings.window) }
        self.events = events.map { PublisherEvents(queue: $0, user: user) }
        publisher.tell(self.events ?? PublisherEvents.none)
    }

    /// A message as the arguments of a publish describe it.
    struct Request {
        let message: AMQPMessage
        let address: AMQPAddress
        let isMandatory: Bool
        let policy: AMQPDeliveryPolicy
    }

    func request(
        _ exchange: UnsafePointer<CChar>?, _ routingKey: UnsafePointer<CChar>?,
        _ properties: UnsafePointer<samqp_properties>?, _ body: UnsafeRawPointer?, _ length: Int, _ flags: UInt32
    ) throws(Failure) -> Request {
        try check(flags, known: SAMQP_PUBLISH_UNROUTABLE_OK | SAMQP_PUBLISH_ONCE)
        guard length >= 0 else { throw .invalidArgument("'length' is larger than any body can be") }
        guard length == 0 || body != nil else { throw .invalidArgument("'body' is NULL, and 'length' is not 0") }
        let properties = try AMQPProperties(caller: properties)
        let bytes = [UInt8](UnsafeRawBufferPointer(start: body, count: length))
        return Request(
            message: AMQPMessage(body: bytes, properties: properties),
            address: try addresses.address(exchange: exchange, routingKey: routingKey),
            isMandatory: settings.isMandatory && flags & SAMQP_PUBLISH_UNROUTABLE_OK == 0,
            policy: flags & SAMQP_PUBLISH_ONCE == 0 ? settings.policy : .once)
    }

    /// Hands a message in; its outcome comes as an event.
    ///
    /// - Parameter tag: Is written before the event can come.
    func publish(_ request: Request, user: UInt, tag: UnsafeMutablePointer<UInt64>?) throws(Failure) {
        if let events, !events.queue.reserve(for: events) { throw PublisherEvents.full }
        let number = lastTag.add(1, ordering: .relaxed).newValue
        tag?.pointee = number
        do throws(AMQPError) {
            try publisher.submit(
                request.message, to: request.address, isMandatory: request.isMandatory, policy: request.policy,
                timeout: settings.timeout, ticket: PublishTicket(tag: number, context: user))
        } catch {
            events?.queue.release(1)
            tag?.pointee = 0
            // Not sent, whatever the reason: a status that says the reason says more.
            throw Failure(refused: error)
        }
    }

    /// Publishes and waits for the outcome on this thread.
    func publishAndWait(_ request: Request, _ limit: Waiting.Limit) throws(Failure) {
        try Waiting.check(limit)
        guard limit.mayWait else {
            throw Failure(
                AMQPError(
                    .timeout, "there was no time to publish to \(request.address): nothing was sent",
                    outcome: .notSent(reason: .timeout)))
        }
        let outcome = Gate<Result<AMQPPublishReceipt, AMQPError>>()
        _ = try mapped { () throws(AMQPError) in
            try publisher.submit(
                request.message, to: request.address, isMandatory: request.isMandatory, policy: request.policy,
                timeout: limit.milliseconds < 0 ? settings.timeout : .milliseconds(limit.milliseconds)
            ) { outcome.open($0) }
        }
        // It has its outcome by its deadline.
        guard case .failure(let error) = outcome.wait(until: .distantFuture) else { return }
        throw Failure(error)
    }

    /// Waits until everything has its outcome, and gives how many were not confirmed.
    func flush(_ limit: Waiting.Limit) throws(Failure) -> AMQPClientPublishReport {
        try Waiting.check(limit)
        let isIdle = Gate<Void>()
        publisher.whenIdle { isIdle.open(()) }
        guard isIdle.wait(until: limit.deadline) != nil else {
            throw Failure(SAMQP_ERR_TIMEOUT, "\(unconfirmedCount) publishes have no outcome yet")
        }
        return publisher.takeReport()
    }

    var unconfirmedCount: Int { publisher.unconfirmedCount }
}

extension Failure {
    /// A publish was not taken.
    fileprivate init(refused error: AMQPError) {
        status = error.code.status
        cause = status
        self.error = error
    }
}
