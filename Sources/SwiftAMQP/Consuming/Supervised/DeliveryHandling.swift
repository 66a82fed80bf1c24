internal import AMQPTransport

/// Has deliveries handled and settles them as the handler says: one for each consumer that has a handler.
///
/// - Invariant: `breaker` is guarded by `lock`, which is a leaf: handlers, settles, reports and commands happen outside of it.
///   That is why the class is `@unchecked Sendable`.
final class DeliveryHandling: @unchecked Sendable {
    private let handler: AMQPConsumer.Handler
    private let failures: FailedDeliveries
    private let counters: DeliveryCounters
    private let watchdog: HandlerWatchdog
    private let pause: @Sendable (Duration) -> Void

    private let hasBreaker: Bool
    private let lock = Lock()
    private var breaker: CircuitBreaker?

    /// - Parameters:
    ///   - pause: Has the consumer take nothing for a while; it says ``resumed()`` after that.
    init(
        handler: @escaping AMQPConsumer.Handler, failures: FailedDeliveries, counters: DeliveryCounters,
        watchdog: HandlerWatchdog, breaker: CircuitBreaker?, pause: @escaping @Sendable (Duration) -> Void
    ) {
        self.handler = handler
        self.failures = failures
        self.counters = counters
        self.watchdog = watchdog
        hasBreaker = breaker != nil
        self.breaker = breaker
        self.pause = pause
    }

    /// What a handler's return made of its delivery.
    private enum Ending {
        case acked, rejected, requeued
        case settledByHandler
        /// The broker delivers it again.
        case stale
        case failed(AMQPHandlerFailure)
    }

    /// - Parameter id: A number that no other delivery of the consumer has.
    func handle(_ delivery: AMQPDelivery, id: UInt64) async {
        watchdog.started(id, delivery)
        let ending: Ending
        do {
            let settlement = try await handler(delivery)
            ending = settle(delivery, settlement)
        } catch {
            ending = .failed(AMQPHandlerFailure(error))
        }
        counters.add { counts in
            counts.handled &+= 1
            switch ending {
            case .acked: counts.acked &+= 1
            case .rejected: counts.rejected &+= 1
            case .requeued: counts.requeued &+= 1
            case .settledByHandler: break
            case .stale: counts.stale &+= 1
            case .failed: counts.failed &+= 1
            }
        }
        var isFailure = false
        if case .failed(let failure) = ending {
            isFailure = true
            // What came while the connection was lost comes again, and is not this side's to decide on any more.
            if !failures.take(delivery, error: failure), delivery.isStale { counters.add { $0.stale &+= 1 } }
        } else {
            failures.succeeded(delivery)
        }
        watchdog.finished(id, delivery)
        if hasBreaker { record(isFailure: isFailure) }
    }

    private func settle(_ delivery: AMQPDelivery, _ settlement: AMQPSettlement) -> Ending {
        do throws(AMQPError) {
            switch settlement {
            case .ack:
                try delivery.ack()
                return .acked
            case .reject:
                try delivery.reject(requeue: false)
                return .rejected
            case .requeue:
                try delivery.nack(requeue: true)
                return .requeued
            case .retry: return .failed(.askedToRetry)
            case .settledByHandler: return .settledByHandler
            }
        } catch {
            // Of one that the handler has settled by itself nothing is left to do.
            return error.code == .stale ? .stale : .settledByHandler
        }
    }

    private func record(isFailure: Bool) {
        let action = lock.withLock { breaker?.record(isFailure: isFailure, now: MonotonicTime.now().nanoseconds) }
        guard case .pause(let duration) = action else { return }
        failures.requeueHeld()
        pause(duration)
    }

    /// The consumer takes deliveries again.
    func resumed() {
        lock.withLock { breaker?.resumed() }
        failures.resume()
    }

    /// The consumer takes nothing more: what waits for another attempt goes back at once.
    func stop() { failures.requeueHeld() }

    /// Nothing is watched any more.
    func end() { watchdog.end() }
}
