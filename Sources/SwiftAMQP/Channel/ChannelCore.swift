internal import AMQPTransport
internal import AMQPWire
internal import Synchronization

/// One channel of one connection: what it is in, who waits for what.
///
/// - Invariant: everything is guarded by `lock`, the outbox lock of the connection, but for what is constant and
///   `assembler`, which belongs to the loop's thread. That is why the class is `@unchecked Sendable`. Methods that say
///   "with the lock held" neither resume nor call out; they fill ``Wakeups`` for their caller.
final class ChannelCore: @unchecked Sendable {
    enum Phase {
        case opening
        case open
        /// `channel.close` was sent; its answer is awaited and everything else is dropped.
        case closing(AMQPError)
        case closed(AMQPError)
    }

    enum ConfirmMode {
        case off, on
    }

    let id: UInt16
    let connection: ConnectionCore
    let stream: SocketStream
    var lock: Lock { _read { yield stream.lock } }

    /// ``confirmMode`` for those who do not hold the lock.
    let confirmsOn = Atomic<Bool>(false)

    // Guarded by `lock`.
    @exclusivity(unchecked) var phase = Phase.opening
    @exclusivity(unchecked) var rpcs = RPCQueue()
    @exclusivity(unchecked) var confirmMode = ConfirmMode.off
    /// `confirm.select`, while it is under way.
    var confirmRPC: RPC?
    var isTransactional = false
    @exclusivity(unchecked) var publishBudget = TimeBudget()
    let prefixCache = PublishPrefixCache()
    /// `channel.flow` from the broker.
    @exclusivity(unchecked) var isFlowActive = true
    /// The channel is being closed: publishes get their answers, new ones are refused.
    @exclusivity(unchecked) var isDraining = false
    /// `basic.recover` is under way: the broker has taken every delivery back, and settles none of them.
    @exclusivity(unchecked) var isRecovering = false
    /// The highest delivery tag that came for a consumer.
    @exclusivity(unchecked) var highestDelivered: UInt64 = 0
    @exclusivity(unchecked) var tracker = ConfirmTracker()
    @exclusivity(unchecked) var unsettled = UnsettledTags()
    @exclusivity(unchecked) var settles = SettlesUnderWay()
    /// Completed when nothing is unsettled any more.
    @exclusivity(unchecked) var settleWaiters: [Promise<Void>] = []
    /// Where in the stream the last ack ends, and its tag: what is acknowledged next may leave with it.
    @exclusivity(unchecked) var lastAck: (end: UInt64, tag: UInt64) = (0, 0)
    /// Whether acks that wait together leave as one.
    @exclusivity(unchecked) var combinesAcks = true
    /// How many deliveries were settled since the last settle that was sent, and the place in the stream of the first.
    @exclusivity(unchecked) var unsentSettles = 0
    @exclusivity(unchecked) var firstUnsentSettle: UInt64 = 0
    /// From so many on they leave at once: half of the smallest prefetch, so that the broker does not wait for them.
    @exclusivity(unchecked) var mostUnsentSettles = 1024
    /// How many deliveries all consumers together may hold unsettled, as the program asked for; 0 is unlimited.
    var globalPrefetch: UInt16 = 0
    /// Publishes that wait for room, unencoded, first come first served.
    @exclusivity(unchecked) var waiting = FIFO<PublishRequest>()
    @exclusivity(unchecked) var consumers: [String: ConsumerCore] = [:]
    /// By ``UnsettledTags/ConsumerSlot``; 0 is `basic.get`. Never shrinks, so that a slot means one consumer.
    @exclusivity(unchecked) var consumerSlots: [ConsumerCore?] = [nil]
    /// Why the consumers have ended, once they have: where this program closes the channel, the broker's answer may be read before
    /// they have been told.
    private var consumersEnd: ConsumerEnd?
    /// The publishers whose scopes are open.
    @exclusivity(unchecked) var windows: [PublisherCore] = []
    @exclusivity(unchecked) var flushWaiters: [Promise<Void>] = []
    let closed = Promise<Void>()

    /// Returns of publishes that nobody waits for.
    let returns = EventBuffer<AMQPReturn>(capacity: 256, maximumWeight: 16 << 20) {
        $0.message.body.count + $0.message.properties.footprint
    }

    // On the loop's thread.
    @exclusivity(unchecked) var assembler = ContentAssembler()
    /// Whether it is in the connection's list of channels with deliveries to hand out.
    @exclusivity(unchecked) var isTouched = false
    /// Whether a consumer has collected more than should wait for the end of the read.
    @exclusivity(unchecked) var isInboundHeavy = false
    @exclusivity(unchecked) var touchedConsumers: [ConsumerCore] = []
    /// The consumer of the last delivery; forgotten with every method that may be its end.
    @exclusivity(unchecked) var lastConsumer: ConsumerCore?
    @exclusivity(unchecked) var inboundTags: [(tag: UInt64, consumer: UnsettledTags.ConsumerSlot)] = []

    /// The publishes of a channel that the broker has not answered, at most. The ring that holds them grows up to it.
    static let maximumUnanswered = 1 << 17

    init(id: UInt16, connection: ConnectionCore) {
        self.id = id
        self.connection = connection
        stream = connection.stream
        assembler.pool = connection.bodies
    }

    /// With the lock held: whether the channel can be used; ``refusal()`` says why not.
    @inline(__always)
    var isUsable: Bool {
        if case .open = phase, case .open = connection.phase { return !isDraining && !connection.isCloseSent }
        return false
    }

    /// With the lock held: why the channel cannot be used, if it cannot.
    func refusal() -> AMQPError? {
        switch phase {
        case .open where isDraining:
            AMQPError(.closed, "channel \(id) is being closed by this program", endpoint: connection.endpoint)
        case .opening, .open: connection.refusal()
        case .closing(let error), .closed(let error): error
        }
    }

    /// With the lock held.
    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    // MARK: Ending

    /// With the lock held, on the loop's thread: the channel is gone. Everything that is pending ends with `error`.
    func fail(_ error: AMQPError, reason: AMQPPublishOutcome.Reason, _ wakeups: inout Wakeups) {
        phase = .closed(error)
        // The broker has ended the channel, or nobody will write any more: what the kernel never got is in no queue.
        endEverything(error, bytesSent: stream.handedOver, reason: reason, &wakeups)
        // Deliveries refer to their consumer and so to their channel: what holds deliveries is let go.
        consumerSlots = [nil]
        assembler = ContentAssembler()
        touchedConsumers = []
        lastConsumer = nil
        wakeups.perform { [closed] in closed.complete(.success(())) }
    }

    /// With the lock held: nothing of this channel will be answered any more.
    ///
    /// - Parameter bytesSent: Publishes that begin behind this offset are certainly in no queue; all are on their way
    ///   by default, because where this side gives the channel up, what is encoded still goes out before the close.
    func endEverything(
        _ error: AMQPError, bytesSent: UInt64 = .max, reason: AMQPPublishOutcome.Reason, _ wakeups: inout Wakeups,
        consumerEnd: ConsumerEnd? = nil
    ) {
        // Consumers first: who learns from a failed request that the channel is gone must not be handed a delivery that
        // the broker has taken back.
        consumers = [:]
        let end = consumersEnd ?? consumerEnd ?? .failed(error)
        consumersEnd = end
        for case .some(let consumer) in consumerSlots {
            if consumer.isTracked { consumer.stopHandingOut() }
            // Also those that have ended already: what they hold is no longer theirs to hand out.
            wakeups.perform {
                consumer.channelDidEnd()
                consumer.end(end)
            }
        }
        for rpc in rpcs.removeAll() { wakeups.perform { rpc.promise.complete(.failure(error)) } }
        var collected = wakeups
        tracker.failAll(bytesWritten: bytesSent, reason: reason) { owner, outcome, sequence in
            owner._withUnsafeGuaranteedRef { $0.settle(outcome, sequence: sequence, &collected) }
        }
        wakeups = collected
        for request in waiting.removeAll() {
            request.settle(.notSent(reason: reason), &wakeups)
        }
        for window in windows { window.failWaiting(reason: reason, &wakeups) }
        _ = wakeups.takeWindows()
        unsettled.removeAll()
        let settled = takeSettleWaiters()
        if !settled.isEmpty { wakeups.perform { for waiter in settled { waiter.complete(.success(())) } } }
        completeFlush(&wakeups)
        wakeups.perform { [returns] in returns.finish() }
    }

    /// With the lock held.
    func completeFlush(_ wakeups: inout Wakeups) {
        guard !flushWaiters.isEmpty, isFlushed else { return }
        let waiters = flushWaiters
        flushWaiters = []
        wakeups.perform { for waiter in waiters { waiter.complete(.success(())) } }
    }

    /// With the lock held: whether no publish waits for anything.
    var isFlushed: Bool { tracker.pendingCount == 0 && waiting.isEmpty && windows.allSatisfy { !$0.hasWaiting } }

    // MARK: Deadlines

    /// With the lock held: ends what is overdue. Gives the next deadline.
    func expire(now: Int64, _ wakeups: inout Wakeups) -> Int64 {
        var collected = wakeups
        tracker.expire(now: now) { owner, outcome, sequence in
            owner._withUnsafeGuaranteedRef { $0.settle(outcome, sequence: sequence, &collected) }
        }
        wakeups = collected
        if !waiting.isEmpty {
            for request in waiting.removeAll(where: { $0.deadline <= now }) {
                request.settle(.notSent(reason: .timeout), &wakeups)
            }
        }
        for window in windows { window.expire(now: now, &wakeups) }
        for rpc in rpcs.removeExpiredUnsent(now: now) { fail(rpc, timeoutError(rpc), &wakeups) }
        if let rpc = rpcs.awaited, rpc.deadline <= now { retire(rpc, &wakeups) }
        admitAfterAnswers(&wakeups)
        var next = min(tracker.earliestDeadline, rpcs.earliestDeadline)
        waiting.forEach { next = min(next, $0.deadline) }
        for window in windows { next = min(next, window.earliestDeadline) }
        return next
    }

    /// With the lock held: the broker does not answer an RPC. Its late answer could be taken for the answer to a later
    /// one, so the channel is given up: `channel.close` and nothing else goes out on it.
    private func retire(_ rpc: RPC, _ wakeups: inout Wakeups) {
        wakeups.perform { [connection] in connection.resumeReadingIfAwaited() }
        let error = timeoutError(rpc)
        sendClose(replyCode: 200, text: "an RPC was not answered in time")
        phase = .closing(
            AMQPError(.closed, "channel \(id) was given up because \(rpc.method) was not answered", underlying: error))
        fail(rpc, error, &wakeups)
        endEverything(error, reason: .channelClosed, &wakeups)
    }

    private func fail(_ rpc: RPC, _ error: AMQPError, _ wakeups: inout Wakeups) {
        wakeups.perform { rpc.promise.complete(.failure(error)) }
    }

    private func timeoutError(_ rpc: RPC) -> AMQPError {
        AMQPError(
            .timeout,
            "\(rpc.method) was not answered within its deadline; whether the broker did it is not known"
                + (connection.blockedReason == nil ? "" : " (the broker blocks the connection: it reads nothing)"),
            endpoint: connection.endpoint)
    }

    /// With the lock held.
    func sendClose(replyCode: UInt16, text: String) {
        connection.appendMethod(
            .channelClose(.init(replyCode: replyCode, replyText: text, classID: 0, methodID: 0)), channel: id)
    }
}
