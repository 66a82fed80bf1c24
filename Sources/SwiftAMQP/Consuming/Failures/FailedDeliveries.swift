internal import AMQPTransport

/// Does with a consumer's failed deliveries what its policy says. One for each consumer.
///
/// - Invariant: every variable is guarded by `lock`, which is a leaf: settling, publishing, reporting and setting timers
///   happen outside of it. That is why the class is `@unchecked Sendable`.
final class FailedDeliveries: @unchecked Sendable {
    /// Publishes a copy and returns when the broker has confirmed it. Whatever is no confirm throws.
    typealias Publish = @Sendable (AMQPMessage, AMQPAddress) async throws(AMQPError) -> Void

    /// A delivery that failed, and what is known of it.
    private struct Failed: Sendable {
        var delivery: AMQPDelivery
        var key: FailedAttempts.Key
        var count: FailedAttempts.Count
        var error: AMQPHandlerFailure
    }

    /// A copy that has to be confirmed before its original is acknowledged.
    private struct Copy: Sendable {
        var failed: Failed
        var message: AMQPMessage
        var queue: String
        var isParking: Bool
    }

    /// What waits for its time.
    private enum Held: Sendable {
        case requeue(AMQPDelivery)
        case publish(Copy)

        var delivery: AMQPDelivery {
            switch self {
            case .requeue(let delivery): delivery
            case .publish(let copy): copy.failed.delivery
            }
        }
    }

    private let rules: FailureRules
    private let errorDetail: AMQPRetryQueues.ErrorDetail
    private let publish: Publish
    private let report: @Sendable (AMQPFailureEvent) -> Void

    private let lock = Lock()
    private var attempts: FailedAttempts
    private var held = HeldDeliveries<Held>()
    private var timer: Deadline?
    private var isGivingBack = false
    /// Copies that have no outcome yet, and rounds of the timer that are not through.
    private var underWay = 0
    private var waiting: [UnsafeContinuation<Void, Never>] = []
    private var stale = 0

    /// - Parameters:
    ///   - policy: What to do; valid for `queue`.
    ///   - queue: The queue that is consumed.
    ///   - maximumNoted: For how many messages it is kept in mind how often they failed.
    ///   - publish: How a copy gets to its queue. It has to be mandatory, or a copy that no queue takes is lost.
    ///   - report: Is told what was done, from any thread, and must not wait.
    init(
        policy: AMQPFailurePolicy, queue: String, maximumNoted: Int = 10_000, publish: @escaping Publish,
        report: @escaping @Sendable (AMQPFailureEvent) -> Void
    ) {
        rules = FailureRules(policy: policy, queue: queue)
        errorDetail = if case .retry(let queues) = policy { queues.errorDetail } else { .kind }
        attempts = FailedAttempts(capacity: maximumNoted)
        self.publish = publish
        self.report = report
    }

    /// How many deliveries wait for their time, unsettled.
    var heldCount: Int { lock.withLock { held.count } }

    /// How many deliveries could not be settled because their channel was gone, or the handler had settled them.
    var staleCount: Int { lock.withLock { stale } }

    /// A handler has failed. Never waits; the delivery is this object's from now on.
    ///
    /// - Returns: False if there is nothing to do: it is settled, or its channel gone.
    @discardableResult
    func take(_ delivery: AMQPDelivery, error: AMQPHandlerFailure) -> Bool {
        // A copy of what is settled, or delivered again anyway, would be one too many.
        guard delivery.isUnsettled else {
            lock.withLock { stale += 1 }
            return false
        }
        let message = FailedAttempts.Message(delivery)
        let count = lock.withLock { attempts.recordFailure(of: message) }
        let failed = Failed(delivery: delivery, key: message.key, count: count, error: error)
        let random = UInt64.random(in: .min ... .max)
        var action = rules.action(after: count, isCopyable: delivery.propertiesError == nil, random: random)
        var copy = copy(of: failed, for: action)
        if copy == nil, action.isPublish {
            action = rules.action(after: count, isCopyable: false, random: random)
            copy = self.copy(of: failed, for: action)
        }
        if let copy {
            start(copy)
            return true
        }
        switch action {
        case .requeue(let delay): hold(failed, for: delay)
        case .reject(let isExhausted): reject(failed, isExhausted: isExhausted)
        // Both have a copy.
        case .publish, .park: break
        }
        return true
    }

    /// A handler has succeeded: what was counted against the message is forgotten.
    func succeeded(_ delivery: AMQPDelivery) {
        // Only what came back can have been noted, and nothing more costs anything.
        guard delivery.isRedelivered, lock.withLock({ attempts.noted > 0 }) else { return }
        let key = FailedAttempts.Key(delivery)
        lock.withLock { attempts.forget(key) }
    }

    /// The consumer stops or pauses: gives everything back that waits for its time, and from now on at once what would have
    /// to wait, or to be published. What its policy rejects is still rejected. Copies that are under way go on.
    func requeueHeld() {
        lock.lock()
        isGivingBack = true
        let all = held.removeAll()
        let timer = timer
        self.timer = nil
        lock.unlock()
        timer?.cancel()
        for case .publish(let copy) in all { report(copy.failed, .requeued(after: .zero)) }
        // In the order they came: quorum queues put them back in the order of the returns.
        for delivery in all.map(\.delivery).sorted(by: { $0.deliveryTag < $1.deliveryTag }) { giveBack(delivery) }
    }

    /// The consumer goes on after a pause.
    func resume() { lock.withLock { isGivingBack = false } }

    /// Waits until no copy is under way, and no settle of the timer. Bounded by the publishes' deadlines; cancelling the task does not cut it short.
    func idle() async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            lock.lock()
            if underWay > 0 {
                waiting.append(continuation)
                lock.unlock()
            } else {
                lock.unlock()
                continuation.resume()
            }
        }
    }

    // MARK: Holding

    private func hold(_ failed: Failed, for delay: Duration) {
        let isHeld = hold(.requeue(failed.delivery), for: delay)
        report(failed, .requeued(after: isHeld ? delay : .zero))
        if !isHeld { giveBack(failed.delivery) }
    }

    /// - Returns: False if nothing is held any more.
    private func hold(_ element: Held, for delay: Duration) -> Bool {
        let due = (MonotonicTime.now() + delay).nanoseconds
        lock.lock()
        guard !isGivingBack else {
            lock.unlock()
            return false
        }
        let change = held.hold(element, until: due)
        lock.unlock()
        set(change)
        return true
    }

    private func set(_ change: HeldDeliveries<Held>.TimerChange) {
        guard case .set(let due, let generation) = change else { return }
        let new = Deadline(loop: .shared, at: MonotonicTime(nanoseconds: due)) { [self] in fired(generation) }
        lock.lock()
        // Set by another thread meanwhile, or not wanted any more.
        let isCurrent = held.isCurrent(generation)
        let void = isCurrent ? timer : new
        if isCurrent { timer = new }
        lock.unlock()
        void?.cancel()
    }

    /// On the loop's thread.
    private func fired(_ generation: UInt64) {
        let now = MonotonicTime.now().nanoseconds
        lock.lock()
        let (due, change) = held.fired(generation: generation, now: now)
        underWay += 1
        lock.unlock()
        for element in due {
            switch element {
            // A reject and no nack: from RabbitMQ 4.3 on quorum queues count only what was rejected as a failure.
            case .requeue(let delivery): settle(delivery) { one throws(AMQPError) in try one.reject(requeue: true) }
            case .publish(let copy): start(copy)
            }
        }
        set(change)
        ended()
    }

    /// Something that was under way is not any more.
    private func ended() {
        lock.lock()
        underWay -= 1
        let woken = underWay == 0 ? waiting : []
        if underWay == 0 { waiting = [] }
        lock.unlock()
        for continuation in woken { continuation.resume() }
    }

    // MARK: Settling

    /// Back to the queue, through no fault of the message.
    private func giveBack(_ delivery: AMQPDelivery) {
        settle(delivery) { one throws(AMQPError) in try one.nack(requeue: true) }
    }

    private func reject(_ failed: Failed, isExhausted: Bool) {
        lock.withLock { attempts.forget(failed.key) }
        let isSettled = settle(failed.delivery) { one throws(AMQPError) in try one.reject(requeue: false) }
        if isSettled { report(failed, .rejected, isExhausted: isExhausted) }
    }

    /// - Returns: False if the delivery is not this consumer's any more.
    @discardableResult
    private func settle(_ delivery: AMQPDelivery, _ body: (AMQPDelivery) throws(AMQPError) -> Void) -> Bool {
        do throws(AMQPError) {
            try body(delivery)
            return true
        } catch {
            lock.withLock { stale += 1 }
            return false
        }
    }

    // MARK: Publishing

    /// The copy that an action wants; `nil` if it wants none, or none can be made.
    private func copy(of failed: Failed, for action: FailureAction) -> Copy? {
        let count: FailedCopy.Count
        let target: String
        switch action {
        case .requeue, .reject: return nil
        case .publish(let queue, let failures): (target, count) = (queue, .retries(failures))
        case .park(let queue, let failures): (target, count) = (queue, .failures(failures))
        }
        let delivery = failed.delivery
        let maker = FailedCopy(
            address: AMQPAddress(exchange: delivery.exchange, routingKey: delivery.routingKey), count: count,
            error: failed.error.header(errorDetail), maximumFrameSize: delivery.maximumFrameSize)
        guard let message = maker.message(of: delivery.message) else { return nil }
        return Copy(failed: failed, message: message, queue: target, isParking: action.isParking)
    }

    private func start(_ copy: Copy) {
        lock.lock()
        if isGivingBack {
            lock.unlock()
            report(copy.failed, .requeued(after: .zero))
            return giveBack(copy.failed.delivery)
        }
        underWay += 1
        lock.unlock()
        Task { await run(copy) }
    }

    private func run(_ copy: Copy) async {
        do throws(AMQPError) {
            try await publish(copy.message, .queue(copy.queue))
            confirmed(copy)
        } catch {
            notConfirmed(copy, error)
        }
        ended()
    }

    private func confirmed(_ copy: Copy) {
        let isSettled = settle(copy.failed.delivery) { one throws(AMQPError) in try one.ack() }
        if isSettled { lock.withLock { attempts.forget(copy.failed.key) } }
        let action: AMQPFailureEvent.Action =
            copy.isParking ? .parked(queue: copy.queue) : .retried(queue: copy.queue)
        report(copy.failed, action, isExhausted: copy.isParking, isDuplicated: !isSettled)
    }

    private func notConfirmed(_ copy: Copy, _ error: AMQPError) {
        let random = UInt64.random(in: .min ... .max)
        let delay: Duration
        let element: Held
        var isRequeued = false
        switch rules.actionWhenNotConfirmed(after: copy.failed.count, random: random) {
        case .requeue(let after):
            (delay, element) = (after, .requeue(copy.failed.delivery))
            isRequeued = true
        case .publishAgain(let after): (delay, element) = (after, .publish(copy))
        }
        let isHeld = hold(element, for: delay)
        let time = isHeld ? delay : .zero
        report(copy.failed, .publishFailed(queue: copy.queue, error, after: time), isExhausted: copy.isParking)
        if isRequeued || !isHeld { report(copy.failed, .requeued(after: time)) }
        if !isHeld { giveBack(copy.failed.delivery) }
    }

    private func report(
        _ failed: Failed, _ action: AMQPFailureEvent.Action, isExhausted: Bool = false, isDuplicated: Bool = false
    ) {
        report(
            AMQPFailureEvent(
                queue: rules.queue, messageID: failed.delivery.properties.messageID,
                attempt: rules.attempt(after: failed.count), error: failed.error, action: action,
                isExhausted: isExhausted, isDuplicated: isDuplicated))
    }
}

extension FailureAction {
    fileprivate var isPublish: Bool {
        switch self {
        case .publish, .park: true
        case .requeue, .reject: false
        }
    }

    fileprivate var isParking: Bool { if case .park = self { true } else { false } }
}
