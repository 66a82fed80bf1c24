internal import AMQPTransport
internal import CSwiftAMQP

/// Calls the program with every event of a queue, on a thread of its own.
final class Dispatcher: Sendable {
    private let body: @Sendable (OpaquePointer) -> Void
    private let ended = Gate<Void>()
    /// How many are taken at a time.
    private static let batch = 64

    /// - Parameter body: Takes the handle of an event over.
    init(_ body: @escaping @Sendable (OpaquePointer) -> Void) { self.body = body }

    func start(_ queue: EventQueue) throws(SystemError) {
        try Thread.startDetached(name: "samqp-events") { self.run(queue) }
    }

    private func run(_ queue: EventQueue) {
        Callback.run(.event(self)) {
            var events = [OpaquePointer?](repeating: nil, count: Self.batch)
            events.withUnsafeMutableBufferPointer { events in
                while let count = next(queue, events) {
                    for case let event? in events[..<count] { body(event) }
                }
            }
        }
        ended.open(())
    }

    /// `nil` when the queue has another master, or none.
    private func next(_ queue: EventQueue, _ events: UnsafeMutableBufferPointer<OpaquePointer?>) -> Int? {
        guard let first = events.baseAddress else { return nil }
        do throws(Failure) {
            return try queue.take(upTo: events.count, into: first, Waiting.Limit(milliseconds: -1), for: self)
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
