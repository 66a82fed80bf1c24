internal import AMQPTransport
internal import CSwiftAMQP

/// Calls the program with every event of a queue, on a thread of its own.
final class Dispatcher: Sendable {
    private let body: @Sendable (EventObject) -> Void
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
                for event in events { body(event) }
            }
        }
        ended.open(())
    }

    /// `nil` when the queue has another master, or none.
    private func next(_ queue: EventQueue) -> [EventObject]? {
        do throws(Failure) {
            return try queue.take(upTo: Self.batch, Waiting.Limit(milliseconds: -1), for: self)
        } catch {
            return nil
        }
    }

    /// Waits until the thread has ended, unless this is it.
    func join() {
        if Callback.isIn(self) { return }
        _ = ended.wait(until: .distantFuture)
    }
}
