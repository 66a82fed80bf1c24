internal import AMQPTransport

/// Reports handlers that run for too long and deliveries that stay unsettled for too long, and interrupts their handlers.
///
/// - Invariant: what changes is guarded by `lock`, which is a leaf; that is why the class is `@unchecked Sendable`.
final class HandlerWatchdog: @unchecked Sendable {
    typealias Report = @Sendable (HandlerWatch.Due, AMQPDelivery) -> Void

    private let report: Report
    private let lock = Lock()
    private var watch: HandlerWatch
    /// Those that are being handled, and those whose handler has left the settling to somebody else.
    private var deliveries: [UInt64: AMQPDelivery] = [:]
    /// Of the latter only.
    private var leftUnsettled: Set<UInt64> = []
    private var timer: Deadline?
    private var armedFor: Int64?
    private var hasEnded = false

    /// - Parameter report: Told on the loop's thread, with no lock held.
    init(_ deadlines: AMQPHandlerDeadlines, report: @escaping Report) {
        watch = HandlerWatch(deadlines)
        self.report = report
    }

    func started(_ id: UInt64, _ delivery: AMQPDelivery) {
        let now = MonotonicTime.coarse().nanoseconds
        lock.lock()
        watch.started(id: id, now: now)
        deliveries[id] = delivery
        arm()
    }

    func finished(_ id: UInt64, _ delivery: AMQPDelivery) {
        let isUnsettled = delivery.isUnsettled
        lock.lock()
        watch.finished(id: id, isSettled: !isUnsettled)
        if isUnsettled {
            leftUnsettled.insert(id)
            if leftUnsettled.count > Self.sweepAbove { forgetSettled() }
        } else {
            deliveries[id] = nil
        }
        lock.unlock()
    }

    func end() {
        lock.lock()
        hasEnded = true
        deliveries = [:]
        leftUnsettled = []
        let timer = timer
        self.timer = nil
        lock.unlock()
        timer?.cancel()
    }

    /// Nobody tells when somebody else settles: now and then those that were are looked for. More than any prefetch.
    private static let sweepAbove = 1 << 17

    /// With the lock held. A channel's lock is taken inside; nothing that holds that calls in here.
    private func forgetSettled() {
        for id in leftUnsettled where deliveries[id]?.isUnsettled != true {
            leftUnsettled.remove(id)
            deliveries[id] = nil
            watch.settled(id: id)
        }
    }

    /// With the lock held, which it releases: sees to it that the timer fires when something is due.
    private func arm() {
        guard !hasEnded, let next = watch.next, armedFor.map({ next < $0 }) ?? true else {
            lock.unlock()
            return
        }
        armedFor = next
        let old = timer
        let new = Deadline(loop: .shared, at: MonotonicTime(nanoseconds: next)) { [weak self] in self?.fire() }
        timer = new
        lock.unlock()
        old?.cancel()
    }

    private func fire() {
        lock.lock()
        timer = nil
        armedFor = nil
        var due: [(HandlerWatch.Due, AMQPDelivery)] = []
        for one in watch.due(now: MonotonicTime.now().nanoseconds) {
            if let delivery = deliveries[one.id], delivery.isUnsettled || one.isHandler { due.append((one, delivery)) }
        }
        arm()
        for (one, delivery) in due { report(one, delivery) }
    }
}

extension HandlerWatch.Due {
    var id: UInt64 {
        switch self {
        case .handlerDeadline(let id), .acknowledgementDeadline(let id): id
        }
    }

    fileprivate var isHandler: Bool { if case .handlerDeadline = self { true } else { false } }
}
