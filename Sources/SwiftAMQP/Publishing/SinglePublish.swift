/// One publish with one outcome: what ``AwaitedPublish`` and ``PendingPublish`` have in common.
///
/// - Invariant: guarded by the outbox lock, as ``PublishOwner`` says.
class SinglePublish: PublishOwner, @unchecked Sendable {
    /// Where a publish is between being asked for and having ended.
    enum Place {
        /// It was not submitted yet, or it waits for room in the queue of its channel, unencoded.
        case waiting
        /// Its frames are in the outgoing stream under this tag; 0 on a channel without confirms.
        case encoded(tag: UInt64)
    }

    @exclusivity(unchecked) final var outcome: AMQPPublishOutcome?
    @exclusivity(unchecked) final var place = Place.waiting
}
