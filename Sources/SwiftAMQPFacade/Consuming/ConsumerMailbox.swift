internal import AMQPTransport
internal import CSwiftAMQP
internal import SwiftAMQP
internal import Synchronization

/// Where the deliveries and events of one consumer are fetched from: by its event queue, or by threads that poll it.
///
/// - Invariant: `consumer` is set once, before anybody else has this object; `stage`, `notices` and `isEndTold` are guarded by `lock`,
///   with which nothing else is called. That is why the class is `@unchecked Sendable`.
final class ConsumerMailbox: PolledConsumerListener, EventSource, @unchecked Sendable {
    let place = EventQueue.Place()
    private let queue: EventQueue?
    private let user: UInt
    private let tally: DeliveryTally
    private var consumer: PolledConsumer?
    /// What the broker says first: a subscription, a refusal, or that there will be none.
    let firstAnswer = Gate<AMQPError?>()

    /// How far it has come as a caller sees it.
    private enum Stage {
        /// The caller waits to learn whether there is a consumer at all: until then nobody is told anything.
        case awaited
        case begun
        /// The caller was told that there is none: nobody is told anything, ever.
        case refused
    }

    private let lock = ConditionLock()
    @exclusivity(unchecked) private var stage: Stage
    /// Counts what may have brought something: who looked before must look again before it waits.
    @exclusivity(unchecked) private var news: UInt64 = 0
    private var notices: [EventObject] = []
    private var isEndTold = false
    /// The handle is gone: nobody may be given deliveries any more.
    private let isFreed = Atomic(false)

    /// - Parameters:
    ///   - queue: Where its events go; `nil` for a consumer that is polled.
    ///   - isAwaited: Whether the caller waits for ``firstAnswer``.
    init(queue: EventQueue?, user: UInt, tally: DeliveryTally, isAwaited: Bool) {
        stage = isAwaited ? .awaited : .begun
        self.queue = queue
        self.user = user
        self.tally = tally
    }

    func attach(_ consumer: PolledConsumer) {
        self.consumer = consumer
        // What came before was told to nobody.
        hasDeliveries()
    }

    // MARK: PolledConsumerListener

    func hasDeliveries() {
        if let queue {
            queue.push(self)
            return
        }
        lock.withLock { news &+= 1 }
        lock.wakeAll()
    }

    func didReport(_ event: AMQPClientEvent) {
        let answer: AMQPError??
        switch event {
        case .consumerSubscribed: answer = .some(nil)
        case .consumerLost(_, _, let error) where error.code == .channelException: answer = error
        case .consumerEnded(_, _, let error):
            answer = error ?? AMQPError(.closed, "the consumer was cancelled by this program")
        default: answer = nil
        }
        let notice = queue == nil ? nil : EventObject(consumer: event, user: user)
        lock.withLock {
            if case .awaited = stage, let answer { stage = answer == nil ? .begun : .refused }
            if case .begun = stage, let notice { notices.append(notice) }
        }
        if let answer { firstAnswer.open(answer) }
        hasDeliveries()
    }

    /// The caller does not wait any longer. False if the consumer has begun in this moment.
    func giveUp() -> Bool {
        lock.withLock {
            if case .begun = stage { return false }
            stage = .refused
            return true
        }
    }

    private var hasBegun: Bool { lock.withLock { if case .begun = stage { true } else { false } } }

    // MARK: EventSource

    func takeEvents(upTo maximum: Int, into events: inout [EventObject]) -> Bool {
        guard hasBegun else { return true }
        // Asked first: what comes after the end is not missed then.
        let end = consumer?.ended
        let taken = lock.withLock {
            let taken = notices.prefix(maximum)
            notices.removeFirst(taken.count)
            return taken
        }
        events.append(contentsOf: taken)
        var deliveries: [AMQPDelivery] = []
        let isAll = take(upTo: maximum - taken.count, into: &deliveries)
        for delivery in deliveries {
            events.append(EventObject(DeliveryObject(delivery, tally: tally), user: user))
        }
        guard isAll, let end else { return isAll }
        guard taken.count + deliveries.count < maximum else { return false }
        let isNews = lock.withLock {
            defer { isEndTold = true }
            return !isEndTold
        }
        if isNews { events.append(EventObject(consumerEnded: end, tag: tag, user: user)) }
        return true
    }

    func flush() { consumer?.flush() }

    // MARK: Polling

    var tag: String { consumer?.tag ?? "" }

    /// Whether that was all for now.
    private func take(upTo maximum: Int, into deliveries: inout [AMQPDelivery]) -> Bool {
        guard let consumer, !isFreed.load(ordering: .relaxed) else { return true }
        return consumer.take(upTo: maximum, into: &deliveries)
    }

    /// Takes up to `maximum` deliveries, waiting for one.
    ///
    /// - Throws: Why nothing comes any more.
    func poll(upTo maximum: Int, _ limit: Waiting.Limit) throws(Failure) -> [DeliveryObject] {
        var deliveries: [AMQPDelivery] = []
        var isFlushed = false
        while true {
            let end = consumer?.ended
            let seen = lock.withLock { news }
            let isAll = take(upTo: maximum, into: &deliveries)
            if !deliveries.isEmpty {
                if !isAll { hasDeliveries() }
                return deliveries.map { DeliveryObject($0, tally: tally) }
            }
            if let end { throw end.map { Failure($0) } ?? Failure(SAMQP_ERR_CLOSED, "the consumer has ended") }
            if !isFlushed {
                flush()
                isFlushed = true
                continue
            }
            guard limit.mayWait else { return [] }
            try Waiting.check(limit)
            let isInTime = lock.withLock {
                while news == seen { if !lock.wait(until: limit.deadline) { return news != seen } }
                return true
            }
            if !isInTime { return [] }
        }
    }

    // MARK: Ending

    /// Ends it and waits until what was taken is settled.
    ///
    /// - Returns: Whether it was in time.
    func cancel(within duration: Duration) async -> Bool { await consumer?.cancel(within: duration) ?? true }

    /// The handle is gone.
    func free() {
        isFreed.store(true, ordering: .relaxed)
        // The events of its end still come: somebody has to be there for them.
        consumer?.abandon(holding: self)
    }
}
