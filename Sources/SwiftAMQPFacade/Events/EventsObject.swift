internal import AMQPTransport

/// What a `samqp_events` is: the right to take from a queue, which ends with it.
final class EventsObject: Sendable {
    let queue: EventQueue

    init(highWater: Int) throws(SystemError) { queue = try EventQueue(highWater: highWater) }

    deinit { queue.close() }

    static let defaultHighWater = 65_536
    static let highWaters = 1...16_777_216
}
