internal import AMQPTransport

/// Hands the deliveries of a supervised subscription, of one connection after the other, to whoever asks: the workers of a
/// consumer, or a loop over a sequence. Each delivery goes to one of them, in the order in which they came.
///
/// Asking does not suspend while deliveries are there.
///
/// - Invariant: what changes is guarded by `lock`. Of other locks only those of a ``ConsumerCore``'s buffer and of reading
///   are taken inside; nothing that holds one of those calls in here. Continuations are resumed and deliveries given back
///   outside. That is why the class is `@unchecked Sendable`.
final class DeliverySource: ConsumerListener, @unchecked Sendable {
    /// Why nothing comes any more.
    enum End: Sendable {
        /// This program has ended it.
        case finished
        case failed(AMQPError)
    }

    private let lock = Lock()
    @exclusivity(unchecked) private var cursor = DeliveryCursor()
    /// The one that deliveries come from is the last. Those before it have ended with deliveries that the broker has
    /// forgotten (automatic acknowledgement); they are handed out first.
    @exclusivity(unchecked) private var consumers: [ConsumerCore] = []
    @exclusivity(unchecked) private var end: End?
    /// Nothing is handed out for the moment.
    @exclusivity(unchecked) private var isHeld = false
    /// Counts what may have made something available: who looked before must look again before it waits.
    @exclusivity(unchecked) private var news: UInt64 = 0
    @exclusivity(unchecked) private var waiting = FIFO<UnsafeContinuation<Void, Never>>()
    private var lastArrival: MonotonicTime?
    private let consumerEnded: @Sendable () -> Void
    private let gaveBack: @Sendable (Int) -> Void
    private let surplus = Surplus()

    /// Set once, before anything is delivered.
    ///
    /// - Invariant: written before the source is attached to a consumer, never after; that is why the class is
    ///   `@unchecked Sendable`.
    private final class Surplus: @unchecked Sendable {
        var call: (@Sendable () -> Void)?
    }

    /// - Parameters:
    ///   - consumerEnded: The consumer it is attached to has ended, on any thread.
    ///   - gaveBack: So many deliveries went back from here.
    init(consumerEnded: @escaping @Sendable () -> Void, gaveBack: @escaping @Sendable (Int) -> Void) {
        self.consumerEnded = consumerEnded
        self.gaveBack = gaveBack
    }

    /// `call` is told when deliveries are there that nobody waits for. Set before the first ``attach(_:)``.
    func onSurplus(_ call: @escaping @Sendable () -> Void) { surplus.call = call }

    // MARK: What comes in

    /// Deliveries come from this consumer from now on. What was taken over from the one before and not handed out is
    /// dropped: it was given back to the broker.
    func attach(_ next: ConsumerCore) {
        lock.lock()
        if end != nil, next.isTracked {
            // Nobody will take anything from it.
            lock.unlock()
            return
        }
        let isKept = consumers.first.map { !$0.isTracked } ?? true
        let old = isKept ? DeliveryCursor() : cursor
        if !isKept {
            consumers = []
            cursor = DeliveryCursor()
        }
        consumers.append(next)
        lock.unlock()
        _ = consume old
        next.tell(self)
    }

    func hasMore(_ consumer: ConsumerCore) {
        lock.lock()
        lastArrival = .coarse()
        news &+= 1
        let continuation = waiting.popFirst()
        lock.unlock()
        if let continuation { continuation.resume() } else { surplus.call?() }
    }

    func didEnd(_ consumer: ConsumerCore) {
        lock.lock()
        let isCurrent = consumer === consumers.last
        lock.unlock()
        if isCurrent { consumerEnded() }
    }

    // MARK: What is handed out

    /// The next delivery; `nil` when nothing comes any more, or when the task is cancelled.
    func next() async -> AMQPDelivery? {
        while !Task.isCancelled {
            var refused: [AMQPDelivery] = []
            lock.lock()
            if end != nil && !isDraining {
                lock.unlock()
                return nil
            }
            let seen = news
            // What is handed out at the end all the same is handed out while held, too: there is no later.
            let delivery = isHeld && end == nil ? nil : pop(&refused)
            guard let delivery else {
                let consumer = consumers.last
                let isOver = end != nil
                lock.unlock()
                giveBack(refused)
                if isOver { return nil }
                // What comes next may depend on the acks of what came last.
                consumer?.channel.flushBeforeWaiting()
                await wait(since: seen)
                continue
            }
            var other: UnsafeContinuation<Void, Never>?
            var isSurplus = false
            if cursor.hasMore {
                other = waiting.popFirst()
                isSurplus = other == nil
                if isSurplus { news &+= 1 }
            }
            lock.unlock()
            giveBack(refused)
            other?.resume()
            if isSurplus { surplus.call?() }
            return delivery
        }
        // This task may have been woken for a delivery before it was cancelled: somebody else has to look.
        passOn()
        return nil
    }

    private func passOn() {
        lock.lock()
        news &+= 1
        let other = waiting.popFirst()
        lock.unlock()
        other?.resume()
    }

    /// With the lock held.
    @inline(__always)
    private func pop(_ refused: inout [AMQPDelivery]) -> AMQPDelivery? {
        while let consumer = consumers.first {
            while !consumer.isDiscarded, let delivery = cursor.next() {
                if consumer.handOut(delivery.deliveryTag) { return delivery }
                refused.append(delivery)
            }
            if case .filled = cursor.refill(from: consumer) { continue }
            guard consumers.count > 1 else { return nil }
            consumers.removeFirst()
        }
        return nil
    }

    /// The consumer was cancelled in this very moment: the delivery goes back, unless it has gone already.
    private func giveBack(_ deliveries: [AMQPDelivery]) {
        guard !deliveries.isEmpty else { return }
        let count = deliveries.count { (try? $0.nack(requeue: true)) != nil }
        if count > 0 { gaveBack(count) }
    }

    private func wait(since seen: UInt64) async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                lock.lock()
                if news != seen || end != nil || Task.isCancelled {
                    lock.unlock()
                    continuation.resume()
                    return
                }
                waiting.append(continuation)
                lock.unlock()
            }
        } onCancel: {
            wakeAll()
        }
    }

    private func wakeAll() {
        lock.lock()
        news &+= 1
        let woken = waiting.removeAll()
        lock.unlock()
        for continuation in woken { continuation.resume() }
    }

    /// Takes what is there, up to `maximum`, without waiting: for those who were told of it by ``onSurplus(_:)``.
    ///
    /// - Returns: Whether that was all for now. If not, nobody is told of the rest.
    func take(upTo maximum: Int, into taken: inout [AMQPDelivery]) -> Bool {
        var refused: [AMQPDelivery] = []
        var count = 0
        lock.lock()
        while count < maximum, !isHeld || end != nil, end == nil || isDraining, let delivery = pop(&refused) {
            taken.append(delivery)
            count += 1
        }
        let isEmpty = count < maximum
        lock.unlock()
        giveBack(refused)
        return isEmpty
    }

    /// Has what was settled so far written, because nobody will ask for more for the moment.
    func flush() { lock.withLock { consumers.last }?.channel.flushBeforeWaiting() }

    // MARK: Holding and ending

    /// Hands nothing out until ``release()``: for a pause in which the subscription stays.
    func hold() { lock.withLock { isHeld = true } }

    func release() {
        lock.withLock { isHeld = false }
        wakeAll()
        surplus.call?()
    }

    /// Hands nothing out any more. What was not handed out goes back to the broker with the consumer and is let go of here;
    /// only with automatic acknowledgement it is still handed out, because the broker has forgotten it. So nothing may come
    /// any more then.
    func finish(_ reason: End) {
        lock.lock()
        if end == nil { end = reason }
        let isDropped = !isDraining
        let old = isDropped ? (cursor, consumers) : nil
        if isDropped {
            cursor = DeliveryCursor()
            consumers = []
        }
        lock.unlock()
        _ = consume old
        wakeAll()
    }

    /// Why nothing comes any more, if so.
    var ended: End? { lock.withLock { end } }

    /// With the lock held: whether what is buffered is handed out all the same.
    private var isDraining: Bool {
        guard let consumer = consumers.first else { return false }
        return !consumer.isTracked
    }

    /// When something was delivered last.
    var lastDelivery: MonotonicTime? { lock.withLock { lastArrival } }
}
