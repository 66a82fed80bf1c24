internal import AMQPTransport

/// Counts what becomes of deliveries, from any thread.
///
/// - Invariant: `counts` is guarded by `lock`, which is a leaf; that is why the class is `@unchecked Sendable`.
final class DeliveryCounters: @unchecked Sendable {
    private let lock = Lock()
    private var counts = AMQPDeliveryCounts()

    func add(_ change: (inout AMQPDeliveryCounts) -> Void) { lock.withLock { change(&counts) } }

    /// What was done with a delivery that failed.
    func count(_ action: AMQPFailureEvent.Action) {
        add { counts in
            switch action {
            case .requeued: counts.requeued &+= 1
            case .rejected: counts.rejected &+= 1
            case .retried: counts.retried &+= 1
            case .parked: counts.parked &+= 1
            case .publishFailed: break
            }
        }
    }

    var snapshot: AMQPDeliveryCounts { lock.withLock { counts } }
}
