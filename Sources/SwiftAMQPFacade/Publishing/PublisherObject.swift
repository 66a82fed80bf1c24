internal import AMQPTransport
internal import CSwiftAMQP
internal import SwiftAMQP
internal import Synchronization

/// What a `samqp_publisher` is.
final class PublisherObject: Sendable {
    private let publisher: AMQPClientPublisher
    private let settings: PublisherSettings
    /// Nanoseconds.
    private let timeout: Int64?
    private let events: PublisherEvents?
    private let addresses = AddressCache()
    private let lastTag = Atomic<UInt64>(0)

    init(
        _ client: ClientObject, _ settings: PublisherSettings, events: EventQueue?, user: UInt
    ) throws(Failure) {
        self.settings = settings
        timeout = settings.timeout?.saturatingNanoseconds
        publisher = try mapped { () throws(AMQPError) in try client.client.publisher(window: settings.window) }
        self.events = events.map { PublisherEvents(queue: $0, user: user) }
        publisher.tell(self.events ?? PublisherEvents.none)
    }

    /// What the arguments of a publish come to.
    struct Arguments {
        let exchange: UnsafePointer<CChar>?
        let routingKey: UnsafePointer<CChar>?
        let properties: UnsafePointer<samqp_properties>?
        let body: UnsafeRawPointer?
        let length: Int
        let flags: UInt32

        @inline(__always)
        func bytes() throws(Failure) -> UnsafeRawBufferPointer {
            try flags.checkFlags(SAMQP_PUBLISH_UNROUTABLE_OK | SAMQP_PUBLISH_ONCE, of: "samqp_publish and its kin")
            return try UnsafeRawBufferPointer(caller: body, length: length, as: "body")
        }
    }

    private func isMandatory(_ flags: UInt32) -> Bool {
        settings.isMandatory && !flags.has(SAMQP_PUBLISH_UNROUTABLE_OK)
    }

    private func policy(_ flags: UInt32) -> AMQPDeliveryPolicy {
        flags.has(SAMQP_PUBLISH_ONCE) ? .once : settings.policy
    }

    /// Hands a message in; its outcome comes as an event.
    ///
    /// - Parameter tag: Is written before the event can come.
    /// - Returns: Why it was not taken, if it was not.
    func publish(_ arguments: Arguments, user: UInt, tag: UnsafeMutablePointer<UInt64>?) -> Failure? {
        do throws(Failure) {
            let bytes = try arguments.bytes()
            let properties = try AMQPProperties(caller: arguments.properties)
            if let entry = addresses.lastUsed(arguments.exchange, arguments.routingKey) {
                let key = UInt(bitPattern: entry.toOpaque())
                return entry._withUnsafeGuaranteedRef {
                    submit(arguments, bytes, properties, $0.address, key, user: user, tag: tag)
                }
            }
            let (address, key) = try addresses.address(exchange: arguments.exchange, routingKey: arguments.routingKey)
            return submit(arguments, bytes, properties, address, key, user: user, tag: tag)
        } catch {
            return error
        }
    }

    @inline(__always)
    private func submit(
        _ arguments: Arguments, _ bytes: UnsafeRawBufferPointer, _ properties: AMQPProperties, _ address: AMQPAddress,
        _ addressKey: UInt, user: UInt, tag: UnsafeMutablePointer<UInt64>?
    ) -> Failure? {
        if let events, !events.queue.reserve(for: events) { return PublisherEvents.full }
        let number = lastTag.add(1, ordering: .relaxed).newValue
        tag?.pointee = number
        let error = publisher.submit(
            copying: bytes, properties, to: address, addressKey: addressKey, isMandatory: isMandatory(arguments.flags),
            policy: policy(arguments.flags), timeout: timeout, ticket: PublishTicket(tag: number, context: user))
        guard let error else { return nil }
        events?.queue.release(1)
        tag?.pointee = 0
        // Not sent, whatever the reason: a status that says the reason says more.
        return Failure(refused: error)
    }

    /// Publishes and waits for the outcome on this thread.
    func publishAndWait(_ arguments: Arguments, _ limit: Waiting.Limit) throws(Failure) {
        let message = AMQPMessage(
            body: [UInt8](try arguments.bytes()), properties: try AMQPProperties(caller: arguments.properties))
        let address = try addresses.address(exchange: arguments.exchange, routingKey: arguments.routingKey).address
        try Waiting.check(limit)
        guard limit.mayWait else { throw Failure.noTimeToPublish(to: address) }
        let outcome = Gate<Result<AMQPPublishReceipt, AMQPError>>()
        _ = try mapped { () throws(AMQPError) in
            try publisher.submit(
                message, to: address, isMandatory: isMandatory(arguments.flags), policy: policy(arguments.flags),
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
