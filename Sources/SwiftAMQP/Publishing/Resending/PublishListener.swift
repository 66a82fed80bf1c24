/// How a publish ended, for a ``PublishListener``.
///
/// One reference, to what was there already: telling of a confirm allocates nothing.
package struct EndedPublish: Sendable {
    private let publish: ResendingPublish

    /// - Parameter publish: It has its outcome, and somebody watches it with a ticket.
    init(_ publish: ResendingPublish) { self.publish = publish }

    /// What the caller gave with it.
    package var ticket: PublishTicket { publish.ticket }
    /// How many attempts it took; `nil` if it failed.
    package var attemptsOfSuccess: Int? { publish.attemptsOfSuccess }
    package var outcome: Result<AMQPPublishReceipt, AMQPError> { publish.result }
}

/// What a caller tells its publishes apart by. Two words that this library does not look at.
package struct PublishTicket: Sendable {
    package let tag: UInt64
    package let context: UInt

    static let none = PublishTicket(tag: 0, context: 0)

    package init(tag: UInt64, context: UInt) {
        self.tag = tag
        self.context = context
    }
}

/// Is told how publishes ended: for callers that have no task to wait with.
///
/// Called on any thread, also on the one that serves the sockets, with no lock held. It must not wait.
package protocol PublishListener: AnyObject, Sendable {
    /// These have ended, in this order. Each publish is told of once.
    func didEnd(_ publishes: [EndedPublish])
    /// The publisher, which had no room for a publish, has room again.
    func hasRoom()
}

extension AMQPClientPublisher {
    /// Hands a message in, without waiting. Its outcome is told to the listener of the publisher.
    ///
    /// - Throws: Why it was not taken; `.wouldBlock` if there is no room, and then the listener is told once there is. Nothing
    ///   is told of such a publish.
    package func submit(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool, policy: AMQPDeliveryPolicy,
        timeout: Duration?, ticket: PublishTicket
    ) throws(AMQPError) {
        let publish = try core.make(message, to: address, isMandatory: isMandatory, policy: policy, timeout: timeout)
        try core.submit(publish, ticket)
    }

    /// Hands a message in, and waits for room if there is none.
    ///
    /// - Parameter completion: Is called once with the outcome, on any thread, possibly before this returns.
    /// - Returns: Gives the publish up, as unknown or not sent.
    package func submit(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool, policy: AMQPDeliveryPolicy,
        timeout: Duration?, completion: @escaping @Sendable (Result<AMQPPublishReceipt, AMQPError>) -> Void
    ) throws(AMQPError) -> @Sendable () -> Void {
        let publish = try core.make(message, to: address, isMandatory: isMandatory, policy: policy, timeout: timeout)
        core.submit(publish, completion)
        return { [core] in core.cancel(publish) }
    }

    /// Has `listener` told from now on; it is let go of with the publisher.
    package func tell(_ listener: any PublishListener) { core.listen(listener) }

    /// Completed when everything that was taken has its outcome, on any thread.
    package func whenIdle(_ body: @escaping @Sendable () -> Void) { core.drained().whenCompleted { _ in body() } }

    /// How the publishes ended since the last time, taken out.
    package func takeReport() -> AMQPClientPublishReport { core.takeReport() }
}
