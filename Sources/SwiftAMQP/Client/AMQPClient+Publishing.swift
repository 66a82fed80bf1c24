extension AMQPClient {
    /// Publishes a message and returns when the broker has confirmed it, over as many connections as that takes.
    ///
    /// The order of one task's publishes is kept. Many tasks may publish at once; each waits for its own confirm.
    ///
    /// - Parameters:
    ///   - message: The message; persistent by default. It gets a message id if it has none.
    ///   - address: Where to.
    ///   - isMandatory: Whether a message that no queue gets is an error; otherwise the broker confirms and drops it.
    ///   - policy: Whether it is sent again when its fate is not known, or the broker refused it.
    ///   - timeout: When to give up, recovery and waiting for room included; by default the first endpoint's
    ///     `publishTimeout`, 30 s.
    /// - Returns: How many attempts it took, and the message id.
    /// - Throws: Whatever is not a confirm, with ``AMQPError/outcome``. Where the outcome is `unknown`, the message may be
    ///   in its queues: after a deadline, a cancellation, or an attempt whose confirm was lost.
    @discardableResult
    public func publish(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool = true,
        policy: AMQPDeliveryPolicy = .atLeastOnce, timeout: Duration? = nil
    ) async throws(AMQPError) -> AMQPPublishReceipt {
        let publisher: ResendingPublisher
        do throws(AMQPError) {
            publisher = try core.defaultPublisher()
        } catch {
            // The client has ended; nothing of the message went out.
            throw error.with(outcome: .notSent(reason: .connectionClosed))
        }
        return
            try await publisher
            .make(message, to: address, isMandatory: isMandatory, policy: policy, timeout: timeout)
            .value()
    }

    /// A publisher with a channel, an order and a buffer of its own, for a stream of messages. Close it when it is not
    /// needed any more.
    ///
    /// - Parameter window: How many messages may be without an outcome; by default the configuration's
    ///   `publishing.maximumMessages`.
    /// - Throws: `.closed` once the client is being shut down; `.invalidArgument` for a window below 1.
    public func publisher(window: Int? = nil) throws(AMQPError) -> AMQPClientPublisher {
        if let window, window < 1 {
            throw AMQPError(.invalidArgument, "a window of \(window) lets nothing through; it must be 1 or more")
        }
        return AMQPClientPublisher(core: try core.makePublisher(window: window), client: self)
    }
}

/// Publishes a stream of messages through a supervised client, in order, on a channel of its own.
///
/// Every method may be called from any task and thread. A publisher that is let go goes on until its messages have their
/// outcomes, or the client ends.
public final class AMQPClientPublisher: Sendable {
    let core: ResendingPublisher
    private let client: AMQPClient

    init(core: ResendingPublisher, client: AMQPClient) {
        self.core = core
        self.client = client
    }

    deinit {
        Task { [core, client] in await client.core.close(core) }
    }

    /// As ``AMQPClient/publish(_:to:isMandatory:policy:timeout:)``.
    @discardableResult
    public func publish(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool = true,
        policy: AMQPDeliveryPolicy = .atLeastOnce, timeout: Duration? = nil
    ) async throws(AMQPError) -> AMQPPublishReceipt {
        try await core.make(message, to: address, isMandatory: isMandatory, policy: policy, timeout: timeout).value()
    }

    /// Hands a message in and returns as soon as there is room for it; its outcome can be awaited later.
    ///
    /// - Returns: A handle for the outcome. Dropping it does not take the message back.
    /// - Throws: What ends the publish before it was taken, with the outcome `notSent`.
    @discardableResult
    public func enqueue(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool = true,
        policy: AMQPDeliveryPolicy = .atLeastOnce, timeout: Duration? = nil
    ) async throws(AMQPError) -> AMQPClientPendingPublish {
        if Task.isCancelled { throw AMQPChannel.cancelledBefore(address) }
        let publish = try core.make(
            message, to: address, isMandatory: isMandatory, policy: policy, timeout: timeout)
        if await publish.takenIn() { await Task.yield() }
        return try AMQPClientPendingPublish(takenIn: publish)
    }

    /// As ``enqueue(_:to:isMandatory:policy:timeout:)``, for those who cannot wait.
    ///
    /// - Throws: `.wouldBlock` if the publisher is full.
    @discardableResult
    public func tryEnqueue(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool = true,
        policy: AMQPDeliveryPolicy = .atLeastOnce, timeout: Duration? = nil
    ) throws(AMQPError) -> AMQPClientPendingPublish {
        let publish = try core.make(
            message, to: address, isMandatory: isMandatory, policy: policy, timeout: timeout)
        guard core.tryHandIn(publish).isTaken else {
            throw .wouldBlock("the publisher is full; try again later")
        }
        return try AMQPClientPendingPublish(takenIn: publish)
    }

    /// Waits until every message that was taken has its outcome. Bounded by the deadlines of the messages; cancelling the
    /// task does not cut it short.
    ///
    /// - Returns: How the messages ended since the last flush, those that somebody awaited included.
    @discardableResult
    public func flush() async -> AMQPClientPublishReport {
        _ = await core.drained().wait()
        return core.takeReport()
    }

    /// How many messages have no outcome yet.
    public var unconfirmedCount: Int { core.backlog.messages }

    /// Takes nothing more, waits until every message has its outcome, and gives the channel back.
    public func close() async { await client.core.close(core) }
}

/// A publish of a supervised client whose outcome is still to come, or has come.
public struct AMQPClientPendingPublish: Sendable {
    private let publish: ResendingPublish

    /// - Throws: Why the publish has ended already without being sent.
    init(takenIn publish: ResendingPublish) throws(AMQPError) {
        if case .failure(let error) = publish.publisher.outcome(of: publish), case .notSent = error.outcome {
            throw error
        }
        self.publish = publish
    }

    /// Waits for the confirm, which comes by the deadline of the publish at the latest. Any number of tasks may wait.
    /// Cancelling a waiting task ends the publish, for all.
    ///
    /// - Throws: As ``AMQPClient/publish(_:to:isMandatory:policy:timeout:)``.
    public func receipt() async throws(AMQPError) -> AMQPPublishReceipt { try await publish.wait().get() }

    /// The outcome, if it has come.
    public var outcomeIfKnown: Result<AMQPPublishReceipt, AMQPError>? { publish.publisher.outcome(of: publish) }
}
