internal import AMQPTransport
internal import CSwiftAMQP

/// Calls the program with every event of a queue, on a thread of its own.
final class Dispatcher: Sendable {
    private let body: @Sendable (OpaquePointer) -> Void
    private let ended = Gate<Void>()

    /// - Parameter body: Gets the handle of an event, which is its own from then on.
    init(_ body: @escaping @Sendable (OpaquePointer) -> Void) { self.body = body }

    func start(_ queue: EventQueue) throws(SystemError) {
        try Thread.startDetached(name: "samqp-events") { self.run(queue) }
    }

    /// One event after the other: of those that were taken together some would be left over when it is told to end.
    private func run(_ queue: EventQueue) {
        Callback.run(.event(self)) {
            while let event = next(queue) { body(event) }
        }
        queue.didEnd(self)
        ended.open(())
    }

    /// `nil` when the queue has another master, or none.
    private func next(_ queue: EventQueue) -> OpaquePointer? {
        var event: OpaquePointer?
        do throws(Failure) {
            // A poll that was woken up brings nothing.
            while event == nil {
                _ = try queue.take(upTo: 1, into: &event, Waiting.Limit(milliseconds: -1), for: self)
            }
            return event
        } catch {
            return nil
        }
    }

    /// Waits until the thread does not call the program any more.
    func join() { _ = ended.wait(until: .distantFuture) }
}
