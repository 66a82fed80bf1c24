/// Who is told how a publish ended.
///
/// - Invariant: every member of this class and of its subclasses is guarded by the outbox lock of the connection, but
///   for what is constant; that is why they are `@unchecked Sendable`.
class PublishOwner: @unchecked Sendable {
    /// Where a publish is between being asked for and being encoded.
    enum Place {
        /// It waits for room in the queue of its channel, or of its window, unencoded.
        case waiting
        /// Its frames are in the outgoing stream under this tag; 0 on a channel without confirms.
        case encoded(tag: UInt64)
    }

    /// The publish moved on. With the lock held.
    func didMove(to place: Place, sequence: UInt64, _ wakeups: inout Wakeups) {}

    /// The publish ended. With the lock held, once a publish.
    func settle(_ outcome: AMQPPublishOutcome, sequence: UInt64, _ wakeups: inout Wakeups) {}
}

/// A publish that was checked and not encoded yet.
struct PublishRequest {
    let message: AMQPMessage
    let address: AMQPAddress
    let isMandatory: Bool
    /// Nanoseconds of the monotonic clock.
    let deadline: Int64
    /// The hash of exchange, routing key and body; computed outside the lock. `nil` if not mandatory.
    let contentHash: UInt64?
    /// Told the outcome; `nil` for a publish that nobody waits for.
    let owner: PublishOwner?
    /// Which of its owner's publishes it is.
    var sequence: UInt64
}
