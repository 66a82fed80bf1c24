internal import AMQPTransport
internal import AMQPWire

/// A channel: one conversation with the broker on a connection that many share.
///
/// Operations on one channel happen in order. A failed one (a queue that does not exist, arguments that differ) closes
/// this channel and no other; everything pending on it then ends with the broker's reason. A channel never outlives its
/// connection.
///
/// Every method may be called from any task and thread.
public final class AMQPChannel: Sendable {
    let core: ChannelCore
    /// Keeps the connection open as long as one of its channels is held.
    private let connection: AMQPConnection

    init(core: ChannelCore, connection: AMQPConnection) {
        self.core = core
        self.connection = connection
    }

    deinit { core.requestClose() }

    /// The channel's number on its connection.
    public var id: UInt16 { core.id }

    /// Whether the channel can be used. It may have ended by the time the answer is read.
    public var isOpen: Bool { core.lock.withLock { core.isOpen && core.connection.refusal() == nil } }

    /// Why the channel cannot be used, if it cannot.
    public var closeReason: AMQPError? { core.lock.withLock { core.refusal() } }

    /// Unroutable mandatory messages that nobody waits for: those of ``publishUnconfirmed(_:to:isMandatory:timeout:)``
    /// on a channel without confirms. Bounded, for one reader.
    public var returns: AMQPEvents<AMQPReturn> { AMQPEvents(buffer: core.returns, owner: self) }

    /// Closes the channel: publishes under way get their answers first, then the broker is told.
    ///
    /// Returns when the broker has answered, after `timeout` at the latest. Closing twice does nothing. Cancelling the
    /// task does not cut it short.
    ///
    /// - Parameter timeout: By default the configuration's `closeTimeout`.
    public func close(timeout: Duration? = nil) async {
        await core.close(timeout: timeout ?? core.connection.configuration.closeTimeout)
    }

    // MARK: Quality of service, flow, recovery

    /// Sets how many deliveries may be unsettled (`basic.qos`, https://www.rabbitmq.com/consumer-prefetch.html).
    ///
    /// Consumers of this library bring their own prefetch, which is sent right before each of them and, on RabbitMQ, takes
    /// a global limit of the channel away: set that one after consuming has begun.
    ///
    /// - Parameters:
    ///   - prefetch: How many.
    ///   - isGlobal: False: for each consumer that subscribes from now on. True: for all consumers of the channel
    ///     together; newer brokers refuse that.
    public func qos(prefetch: AMQPPrefetch, isGlobal: Bool = false) async throws(AMQPError) {
        let count = try prefetch.wireCount
        _ = try await core.call(
            .basicQoS(.init(prefetchSize: 0, prefetchCount: count, isGlobal: isGlobal)),
            onReply: { [core] _ in core.globalPrefetch = isGlobal ? count : 0 })
    }

    /// Asks the broker to pause or to resume deliveries (`channel.flow`). RabbitMQ refuses to pause (540): use the
    /// prefetch.
    ///
    /// - Returns: What the broker says it does.
    @discardableResult
    public func flow(active: Bool) async throws(AMQPError) -> Bool {
        if case .channelFlowOK(let reply) = try await core.callMethod(.channelFlow(.init(active: active))) {
            return reply.active
        }
        return active
    }

    /// Gives every unsettled delivery of this channel back to its queue (`basic.recover`). Settling one of them
    /// afterwards throws `.alreadySettled`.
    ///
    /// - Parameter requeue: False, to get them again on this very consumer, is refused by RabbitMQ (540).
    public func recover(requeue: Bool = true) async throws(AMQPError) {
        try await core.recover(requeue: requeue)
    }

    // MARK: Transactions

    /// Begins transactions on this channel (`tx.select`). A channel has either transactions or confirms.
    ///
    /// - Throws: `.invalidArgument` if the channel has confirms.
    public func txSelect() async throws(AMQPError) {
        guard core.lock.withLock({ core.confirmMode == .off }) else {
            throw AMQPError(.invalidArgument, "channel \(id) has publisher confirms; open another one for transactions")
        }
        _ = try await core.call(
            .txSelect, onSend: { [core] in core.combinesAcks = false },
            onReply: { [core] _ in core.isTransactional = true })
    }

    /// Makes the publishes and acks since the last commit or rollback take effect.
    public func txCommit() async throws(AMQPError) { _ = try await core.callMethod(.txCommit) }

    /// Drops the publishes and acks since the last commit or rollback. Deliveries are not given back by it.
    public func txRollback() async throws(AMQPError) { _ = try await core.callMethod(.txRollback) }
}

extension AMQPPrefetch {
    /// - Throws: `.invalidArgument` for a count of 0, which AMQP takes for "unlimited".
    var wireCount: UInt16 {
        get throws(AMQPError) {
            switch self {
            case .unlimited: return 0
            case .count(let count):
                guard count > 0 else {
                    throw AMQPError(
                        .invalidArgument, "a prefetch of 0 means no limit at all; say .unlimited if that is meant")
                }
                return count
            }
        }
    }
}
