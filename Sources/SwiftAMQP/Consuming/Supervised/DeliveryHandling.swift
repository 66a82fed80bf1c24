internal import AMQPTransport

/// Has deliveries handled and settles them as the handler says: one for each consumer that has a handler.
///
/// - Invariant: `breaker` and `counts` of what it does are guarded by `lock`, which is a leaf: handlers, settles, reports and
///   commands happen outside of it. That is why the class is `@unchecked Sendable`.
final class DeliveryHandling: @unchecked Sendable {
    private let handler: AMQPConsumer.Handler
    private let failures: FailedDeliveries
    private let counters: DeliveryCounters
    private let watchdog: HandlerWatchdog
    private let pause: @Sendable (Duration) -> Void

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
        self.breaker = breaker
        self.pause = pause
    }

    /// - Parameter id: A number that no other delivery of the consumer has.
    func handle(_ delivery: AMQPDelivery, id: UInt64) async {
        watchdog.started(id, delivery)
        let failure: AMQPHandlerFailure?
        do {
            let settlement = try await handler(delivery)
            failure = settle(delivery, settlement)
        } catch {
            failure = AMQPHandlerFailure(error)
        }
        counters.add {
            $0.handled &+= 1
            if failure != nil { $0.failed &+= 1 }
        }
        if let failure {
            // What came while the connection was lost comes again, and is not this side's to decide on any more.
            if !failures.take(delivery, error: failure), delivery.isStale { counters.add { $0.stale &+= 1 } }
        } else {
            failures.succeeded(delivery)
        }
        watchdog.finished(id, delivery)
        record(isFailure: failure != nil)
    }

    /// Settles; says why the delivery failed, if the handler wants another attempt.
    private func settle(_ delivery: AMQPDelivery, _ settlement: AMQPSettlement) -> AMQPHandlerFailure? {
        do throws(AMQPError) {
            switch settlement {
            case .ack:
                try delivery.ack()
                counters.add { $0.acked &+= 1 }
            case .reject:
                try delivery.reject(requeue: false)
                counters.add { $0.rejected &+= 1 }
            case .requeue:
                try delivery.nack(requeue: true)
                counters.add { $0.requeued &+= 1 }
            case .retry: return .askedToRetry
            case .settledByHandler: break
            }
        } catch {
            // Of one that the handler has settled by itself nothing is left to do.
            if error.code == .stale { counters.add { $0.stale &+= 1 } }
        }
        return nil
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
