internal import AMQPTransport

/// Reports handlers that run for too long and deliveries that stay unsettled for too long, and interrupts their handlers.
///
/// - Invariant: what changes is guarded by `lock`, inside which only a channel's is taken, and nothing that holds that one
///   calls in here; that is why the class is `@unchecked Sendable`.
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
    /// How many were left unsettled after the last look, and then some: each look pays for itself.
    private var sweepAbove = HandlerWatchdog.leastSweep

    /// - Parameter report: Told on the loop's thread, with no lock held.
    init(_ deadlines: AMQPHandlerDeadlines, report: @escaping Report) {
        watch = HandlerWatch(deadlines)
        self.report = report
    }

    func started(_ id: UInt64, _ delivery: AMQPDelivery) {
        let now = MonotonicTime.coarse().nanoseconds
        lock.lock()
        guard !hasEnded else { return lock.unlock() }
        watch.started(id: id, now: now)
        deliveries[id] = delivery
        arm()
    }

    func finished(_ id: UInt64, _ delivery: AMQPDelivery) {
        let isUnsettled = delivery.isUnsettled
        lock.lock()
        watch.finished(id: id, isSettled: !isUnsettled)
        if isUnsettled, !hasEnded {
            leftUnsettled.insert(id)
            if leftUnsettled.count >= sweepAbove { forgetSettled() }
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

    /// Nobody tells when somebody else settles: now and then those that were are looked for. A delivery that is kept keeps
    /// its body.
    private static let leastSweep = 16

    /// With the lock held.
    private func forgetSettled() {
        for id in leftUnsettled where deliveries[id]?.isUnsettled != true {
            leftUnsettled.remove(id)
            deliveries[id] = nil
            watch.settled(id: id)
        }
        sweepAbove = max(Self.leastSweep, 2 * leftUnsettled.count)
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
