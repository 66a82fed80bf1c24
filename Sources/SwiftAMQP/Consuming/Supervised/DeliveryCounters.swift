internal import AMQPTransport

/// Counts what becomes of deliveries, from any thread.
///
/// - Invariant: `counts` is guarded by `lock`, which is a leaf; that is why the class is `@unchecked Sendable`.
final class DeliveryCounters: @unchecked Sendable {
    private let lock = Lock()
    private var counts = AMQPDeliveryCounts()

    func add(_ change: (inout AMQPDeliveryCounts) -> Void) { lock.withLock { change(&counts) } }

    var snapshot: AMQPDeliveryCounts { lock.withLock { counts } }
}
