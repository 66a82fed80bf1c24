internal import CSwiftAMQP
internal import SwiftAMQP

/// Brings the outcomes of a publisher into an event queue.
final class PublisherEvents: PublishListener {
    let queue: EventQueue
    private let user: UInt

    init(queue: EventQueue, user: UInt) {
        self.queue = queue
        self.user = user
    }

    func didEnd(_ publishes: EndedPublishes) { queue.push(publishes) }

    func hasRoom() { queue.push(EventObject(SAMQP_EVENT_WRITABLE, user: user)) }

    static let full = Failure(
        SAMQP_ERR_WOULD_BLOCK, "the event queue has no place for another confirm; take events, and try again")

    /// For publishers without a queue.
    static let none = Silence()

    final class Silence: PublishListener {
        func didEnd(_ publishes: EndedPublishes) {}
        func hasRoom() {}
    }
}
