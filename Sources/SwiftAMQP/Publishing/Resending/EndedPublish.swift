internal import Synchronization

/// How a publish ended, for a ``PublishListener``.
///
/// A pointer to what was there already: telling of a confirm allocates nothing. The reference behind it is counted by hand,
/// and handed on from thread to thread without touching the count.
///
/// - Invariant: the publish has its outcome, and is alive until ``letGo()``, which is called once, by whoever took this out of
///   ``EndedPublishes``.
package struct EndedPublish: @unchecked Sendable {
    private let publish: Unmanaged<ResendingPublish>

    init(_ publish: Unmanaged<ResendingPublish>) { self.publish = publish }

    /// - Parameter pointer: From ``pointer``, and not let go of since.
    package init(_ pointer: UnsafeRawPointer) { publish = Unmanaged.fromOpaque(pointer) }

    /// For those who keep it where Swift does not see it. Aligned to 16 bytes.
    package var pointer: UnsafeRawPointer { UnsafeRawPointer(publish.toOpaque()) }

    /// What the caller gave with it.
    package var ticket: PublishTicket { publish._withUnsafeGuaranteedRef { $0.ticket } }
    /// How many attempts it took; `nil` if it failed.
    package var attemptsOfSuccess: Int? { publish._withUnsafeGuaranteedRef { $0.attemptsOfSuccess } }
    /// How many attempts were begun; 0 if it was confirmed.
    package var attemptsOfFailure: Int { publish._withUnsafeGuaranteedRef { $0.attemptsOfFailure } }
    /// The message's, whether it was given by the program or made.
    package var messageID: String? { publish._withUnsafeGuaranteedRef { $0.message.properties.messageID } }
    package var outcome: Result<AMQPPublishReceipt, AMQPError> { publish._withUnsafeGuaranteedRef { $0.result } }

    /// What `make` gives, which is called once and whose object lives as long as the publish.
    package func attachment(_ make: () -> any AnyObject & Sendable) -> any AnyObject & Sendable {
        publish._withUnsafeGuaranteedRef { $0.attachment(make) }
    }

    package func letGo() { ResendingPublish.letGo(publish) }
}

/// Publishes that have ended, in order, with the one reference that goes with each.
///
/// - Invariant: filled by one thread, then guarded by whoever is told of it; that is why the class is `@unchecked Sendable`.
///   What is before `head` was taken out and belongs to the taker; the rest is released with this object.
package final class EndedPublishes: @unchecked Sendable {
    @exclusivity(unchecked) private var publishes: ContiguousArray<EndedPublish> = []
    @exclusivity(unchecked) private var head = 0

    @inline(__always)
    func append(_ publish: Unmanaged<ResendingPublish>) { publishes.append(EndedPublish(publish)) }

    package var count: Int { publishes.count - head }

    /// Takes up to `maximum` out, in order.
    package func take(upTo maximum: Int, _ body: (EndedPublish) -> Void) {
        let end = head + min(maximum, count)
        for publish in publishes[head..<end] { body(publish) }
        head = end
    }

    deinit { for publish in publishes[head...] { publish.letGo() } }
}
