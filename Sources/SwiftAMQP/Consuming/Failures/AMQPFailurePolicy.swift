/// What happens to a delivery whose handler threw, or returned ``AMQPSettlement/retry``.
///
/// ```swift
/// let gentle = AMQPFailurePolicy.requeue()                         // again after a while, five times, then rejected
/// let delayed = AMQPFailurePolicy.retry(AMQPRetryQueues())         // 1 s, 10 s, 60 s, 60 s, then "orders.parked"
/// ```
///
/// Every policy but ``reject`` may handle a message more than once, also one that was handled in part: handlers have to bear
/// that.
public enum AMQPFailurePolicy: Sendable, Equatable {
    /// The delivery is held for a while, unsettled, and then goes back to its place in the queue. Needs nothing at the
    /// broker.
    ///
    /// - Parameters:
    ///   - backoff: How long it is held: a random time up to a bound that grows with each failure, and never less than
    ///     ``minimumDelay``, so that a message comes back ten times a second at most. Default: 200 ms, doubled up to 10 s.
    ///     While it is held it takes a place of the prefetch, and no handler.
    ///   - limit: How many times a message may fail, the last time included, 1 to 19; `nil` for ever. Default 5. Not more
    ///     than 19, because from RabbitMQ 4.0 on a quorum queue drops, or dead-letters, what came back more than 20 times:
    ///     that comes for `nil`, too, unless the queue's `x-delivery-limit` is -1.
    ///   - then: What becomes of it at the limit. Default: rejected.
    ///
    /// Failures are counted by quorum queues (`x-delivery-count`; before RabbitMQ 4.3 with everything else that brings a
    /// message back, such as a lost connection), and for other queues by this consumer, by message id or else by
    /// content, for the 10,000 messages that failed last. A classic queue's counts end with the process.
    case requeue(
        backoff: AMQPBackoff = AMQPFailurePolicy.defaultBackoff, limit: Int? = 5, then: Exhausted = .reject)
    /// It is rejected at its first failure: dead-lettered where the queue says so, else dropped.
    case reject
    /// It waits in queues of its own, longer each time, and does not hold up the consumer.
    case retry(AMQPRetryQueues)

    /// ``requeue(backoff:limit:then:)`` with its defaults.
    public static let `default` = AMQPFailurePolicy.requeue()

    /// 200 ms, doubled up to 10 s.
    public static let defaultBackoff = AMQPBackoff(initial: .milliseconds(200), maximum: .seconds(10))

    /// The least time between a failure and the requeue, whatever the backoff says: 100 ms.
    public static let minimumDelay = Duration.milliseconds(100)

    /// What becomes of a message that failed too often.
    public enum Exhausted: Sendable, Hashable {
        /// It is rejected: dead-lettered where the queue says so, else dropped.
        case reject
        /// It is published to a queue where people look after it, and then acknowledged. `nil` is `<queue>.parked`, which
        /// ``AMQPFailurePolicy/topology(forQueue:)`` declares; a queue that is named here is the program's to declare.
        case park(queue: String? = nil)

        /// The queue to park in; `nil` where nothing is parked.
        func parkingQueue(of queue: String) -> String? {
            switch self {
            case .reject: nil
            case .park(let name): name ?? "\(queue).parked"
            }
        }
    }

    /// The queues that the policy needs for the consumer of `queue`: nothing, a parking queue, retry queues.
    public func topology(forQueue queue: String) -> AMQPTopology {
        switch self {
        case .requeue(_, _, .park(queue: nil)): AMQPTopology(queues: [.quorum("\(queue).parked")])
        case .requeue, .reject: AMQPTopology()
        case .retry(let queues): queues.topology(forQueue: queue)
        }
    }

    /// Checks the policy for the consumer of `queue`.
    ///
    /// - Throws: `.invalidConfiguration`, which names the field, its value and its range.
    public func validate(forQueue queue: String) throws(AMQPError) {
        switch self {
        case .reject: break
        case .retry(let queues): try queues.validate(forQueue: queue)
        case .requeue(let backoff, let limit, let then):
            try backoff.validate()
            if let limit, !(1...19).contains(limit) {
                throw AMQPError(
                    .invalidConfiguration,
                    "the failure policy's limit is \(limit); it must be 1 to 19, or nil: from RabbitMQ 4.0 on quorum "
                        + "queues drop what came back more than 20 times")
            }
            try then.validate(forQueue: queue)
        }
    }
}

extension AMQPFailurePolicy.Exhausted {
    /// - Throws: `.invalidConfiguration`.
    func validate(forQueue queue: String) throws(AMQPError) {
        guard case .park(let name) = self, let parked = parkingQueue(of: queue) else { return }
        if name == nil, queue.isEmpty {
            throw AMQPError(
                .invalidConfiguration, "a server-named queue has no parking queue of its own; name one: .park(queue:)")
        }
        try Self.check(parked, "the parking queue")
        // Compared as the broker does.
        if EntityName(parked) == EntityName(queue) {
            throw AMQPError(.invalidConfiguration, "the parking queue '\(parked)' is the queue that is consumed")
        }
    }

    /// - Throws: `.invalidConfiguration` for names that no queue can have.
    static func check(_ name: String, _ what: String) throws(AMQPError) {
        guard 1...255 ~= name.utf8.count else {
            throw AMQPError(
                .invalidConfiguration, "\(what) has a name of \(name.utf8.count) bytes; it must be 1 to 255")
        }
    }
}
