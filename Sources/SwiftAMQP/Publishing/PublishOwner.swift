/// Who is told how a publish ended.
///
/// - Invariant: every member of this class and of its subclasses is guarded by the outbox lock of the connection, but
///   for what is constant; that is why they are `@unchecked Sendable`.
class PublishOwner: @unchecked Sendable {
    /// Whether a ``ConfirmTracker`` has to keep this object alive; constant. An owner of many publishes says no, and
    /// lives until the last of them has ended: counting references for each would be a fight of two threads over one
    /// cache line.
    var isRetainedByTracker: Bool { true }

    /// Whether the tracker's reference goes to ``settle(_:sequence:_:)``, which takes it over, instead of being released after
    /// it; constant. For an owner that is handed on to somebody anyway, and whose count should stay in one thread's cache.
    var takesReference: Bool { false }

    /// A publish that had to wait was encoded, under this tag; 0 on a channel without confirms. With the lock held.
    func didEncode(tag: UInt64, sequence: UInt64, _ wakeups: inout Wakeups) {}

    /// The publish ended. With the lock held, once a publish.
    func settle(_ outcome: AMQPPublishOutcome, sequence: UInt64, _ wakeups: inout Wakeups) {}
}

/// A publish that has to wait for room, and is not encoded yet.
struct PublishRequest {
    let message: AMQPMessage
    let address: AMQPAddress
    let isMandatory: Bool
    /// Nanoseconds of the monotonic clock.
    let deadline: Int64
    /// 0 if not mandatory.
    let bodyHash: UInt64
    /// Told the outcome; `nil` for a publish that nobody waits for.
    let owner: PublishOwner?
    /// Which of its owner's publishes it is.
    let sequence: UInt64

    /// It ends without having been encoded. With the lock held.
    func settle(_ outcome: AMQPPublishOutcome, _ wakeups: inout Wakeups) {
        guard let owner else { return }
        // As from the tracker.
        if owner.takesReference { _ = Unmanaged.passRetained(owner) }
        owner.settle(outcome, sequence: sequence, &wakeups)
    }
}
