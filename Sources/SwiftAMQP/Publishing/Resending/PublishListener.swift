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
    func didEnd(_ publishes: EndedPublishes)
    /// The publisher, which had no room for a publish, has room again.
    func hasRoom()
}

extension AMQPClientPublisher {
    /// Hands a message in, without waiting. Its outcome is told to the listener of the publisher.
    ///
    /// - Parameters:
    ///   - body: Is copied.
    ///   - addressKey: Stands for the address, as long as the publisher lives; 0 if nothing does.
    ///   - timeout: Nanoseconds; `nil` for that of the publisher.
    /// - Returns: Why it was not taken; `.wouldBlock` if there is no room, and then the listener is told once there is. Nothing
    ///   is told of such a publish. `nil` if it was taken.
    package func submit(
        copying body: UnsafeRawBufferPointer, _ properties: AMQPProperties, to address: AMQPAddress, addressKey: UInt,
        isMandatory: Bool, policy: AMQPDeliveryPolicy, timeout: Int64?, ticket: PublishTicket
    ) -> AMQPError? {
        core.submit(
            copying: body, properties, to: address, addressKey: addressKey, isMandatory: isMandatory, policy: policy,
            timeout: timeout, ticket)
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
