/// How many settles of one channel the broker may not have passed on yet, and of which queues.
///
/// RabbitMQ has no answer to an ack. Its channel passes settles on to a quorum queue until 32 of them are under way; those
/// behind wait in the channel, which drops them when it is closed: the queue then delivers again what was acknowledged
/// (https://github.com/rabbitmq/rabbitmq-server/issues/10327). So a channel that may have more under way must not be closed
/// before the broker has caught up, see ``ChannelCore/settlesTakeEffect()``.
///
/// Values in, values out; its owner guards it with the outbox lock.
struct SettlesUnderWay {
    /// As many are passed on at once (`SOFT_LIMIT` of rabbit_fifo_client.erl, since 3.8).
    static let mostPassedOn: UInt64 = 32
    /// Queues of more than so many are not remembered: who takes from so many takes with `basic.get`, a few from each.
    static let mostQueues = 16

    /// How many settles were written, whatever each of them covers.
    private(set) var written: UInt64 = 0
    /// How many of those have taken effect for certain.
    private var done: UInt64 = 0
    /// What deliveries that are to be settled came from.
    private(set) var queues: Set<String> = []

    /// Whether the broker would forget some of them if the channel were closed now.
    var canBeForgotten: Bool { written &- done > Self.mostPassedOn && !queues.isEmpty }

    mutating func noteWritten() { written &+= 1 }

    /// Deliveries of this queue will be settled.
    mutating func note(queue: String) {
        // RabbitMQ names no quorum queues by itself, and those that it names are often gone with their consumer: who asks for
        // one that is not there has the channel closed by an error.
        guard !queue.hasPrefix("amq.") else { return }
        if queues.count < Self.mostQueues { queues.insert(queue) }
    }

    /// The broker has answered a request that goes through the queue's log.
    ///
    /// - Parameter count: How many settles had been ``written`` when it was sent.
    mutating func haveTakenEffect(upTo count: UInt64, ofQueue queue: String) {
        if queues == [queue] { haveTakenEffect(upTo: count) }
    }

    /// As ``haveTakenEffect(upTo:ofQueue:)``, for all queues.
    mutating func haveTakenEffect(upTo count: UInt64) { done = max(done, count) }
}
