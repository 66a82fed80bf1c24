internal import AMQPTransport
internal import CSwiftAMQP
internal import Synchronization

/// Calls the program with every event of a queue, on a thread of its own.
final class Dispatcher: Sendable {
    private let body: @Sendable (EventObject) -> Void
    private let isOver = Atomic(false)
    private let ended = Gate<Void>()
    /// How many are taken at a time.
    private static let batch = 64

    init(_ body: @escaping @Sendable (EventObject) -> Void) { self.body = body }

    func start(_ queue: EventQueue) throws(SystemError) {
        try Thread.startDetached(name: "samqp-events") { self.run(queue) }
    }

    private func run(_ queue: EventQueue) {
        Callback.run(.event(self)) {
            while let events = next(queue) {
                for (index, event) in events.enumerated() {
                    guard !isOver.load(ordering: .acquiring) else {
                        queue.putBack(events[index...])
                        break
                    }
                    body(event)
                }
            }
        }
        queue.didEnd(self)
        ended.open(())
    }

    /// It calls the program once more at most: if it is about to do so now.
    func tellToEnd() { isOver.store(true, ordering: .releasing) }

    /// `nil` when the queue has another master, or none.
    private func next(_ queue: EventQueue) -> [EventObject]? {
        do throws(Failure) {
            return try queue.take(upTo: Self.batch, Waiting.Limit(milliseconds: -1), for: self)
        } catch {
            return nil
        }
    }

    /// Waits until the thread does not call the program any more.
    func join() { _ = ended.wait(until: .distantFuture) }
}
