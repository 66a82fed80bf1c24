internal import AMQPTransport
internal import CSwiftAMQP
internal import Synchronization

/// Calls the program with every event of a queue, on a thread of its own.
final class Dispatcher: Sendable {
    private let body: @Sendable (EventObject) -> Void
    private let ended = Gate<Void>()
    /// Whether it was told to end: then no call begins any more.
    private let isOver = Atomic(false)
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
                    // Nothing that was taken is lost: whoever takes next gets it.
                    if isOver.load(ordering: .relaxed) { return queue.putBack(events[index...]) }
                    body(event)
                }
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

    /// Has it end after the call that it is in.
    func end() { isOver.store(true, ordering: .relaxed) }

    /// Waits until the thread has ended, unless this is it.
    func join() {
        if Callback.isIn(self) { return }
        _ = ended.wait(until: .distantFuture)
    }
}
