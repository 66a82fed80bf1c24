internal import AMQPWire

/// Queues in which messages wait before they are tried again: one for each delay, and one for those that failed too often.
///
/// The first failure publishes a copy to the first queue, the second one to the second; the last delay repeats. A retry
/// queue gives the message back to the queue it came from when its time has passed (a message TTL, dead-lettering through
/// the default exchange). The original is acknowledged once the broker has confirmed the copy, so no failure in between
/// loses the message; it may be there twice then, both with the same message id, and ``AMQPDelivery/retryCount`` of the
/// copy is higher.
///
/// A copy has the same body and properties and is persistent. What would get in its way is moved into headers: the user id
/// (the broker checks it against the publisher's), the expiration (it would cut the wait short), `CC` and `BCC` (the
/// broker would send copies to other queues), `x-death` (before 4.0 the broker takes it for a cycle and drops the message).
/// ``AMQPMessage`` has the names. The queue sees it at its end, behind what has come since.
public struct AMQPRetryQueues: Sendable, Equatable {
    /// How long the first retry waits, the second, and so on; the last one repeats. 1 to 32 of them, 1 ms to 24 h each, in
    /// whole milliseconds. Default 1 s, 10 s, 60 s.
    public var delays: [Duration]
    /// How many times a message may fail, the last time included, 1 to 1000. Default 5.
    public var limit: Int
    /// What becomes of it at the limit. Default: it is parked in `<queue>.parked`.
    public var then: AMQPFailurePolicy.Exhausted
    /// What kind of queue they are. Default quorum.
    public var kind: Kind
    /// How many messages each retry queue holds at most, 1 or more; `nil` for any number. What finds it full goes back to
    /// its own queue after a while. The brokers' guides advise to set one, because a queue that dead-letters at least once
    /// keeps its messages in memory while their target does not take them. Default `nil`.
    public var maximumLength: Int64?
    /// What the copy says of the error, in ``AMQPMessage/errorHeader``. Default its kind.
    public var errorDetail: ErrorDetail

    public init(
        delays: [Duration] = [.seconds(1), .seconds(10), .seconds(60)], limit: Int = 5,
        then: AMQPFailurePolicy.Exhausted = .park(), kind: Kind = .quorum, maximumLength: Int64? = nil,
        errorDetail: ErrorDetail = .kind
    ) {
        self.delays = delays
        self.limit = limit
        self.then = then
        self.kind = kind
        self.maximumLength = maximumLength
        self.errorDetail = errorDetail
    }

    /// What kind of queue messages wait in.
    public enum Kind: Sendable, Hashable {
        /// Quorum queues that dead-letter at least once: a waiting message survives the loss of a node, and one whose
        /// queue is gone or full is kept and given back later. Needs RabbitMQ 3.10 with the feature flag `stream_queue`,
        /// which new nodes have; without it, messages are dead-lettered at most once. 4.x needs nothing
        /// (https://www.rabbitmq.com/docs/quorum-queues#activating-at-least-once-dead-lettering).
        case quorum
        /// Classic queues, durable. They dead-letter at most once: a message whose time has passed is lost where its queue
        /// is gone or does not take it, or the broker dies at that moment.
        case classic
    }

    /// What a copy says of the error.
    public enum ErrorDetail: Sendable, Hashable {
        /// Nothing.
        case none
        /// Its type, for example `DecodingError`; of an ``AMQPError`` its code.
        case kind
        /// Its type and its text, 255 bytes at most. Everybody who may read the queue sees it: only for errors whose text
        /// holds nothing confidential.
        case text
    }

    /// The queue in which a retry with this delay waits: `<queue>.retry.<milliseconds>`.
    static func name(forQueue queue: String, delay: Duration) -> String {
        "\(queue).retry.\(delay.wholeMilliseconds)"
    }

    /// How long a message waits that has failed so often before, 0 or more.
    func delay(afterFailures count: Int) -> Duration {
        delays.isEmpty ? .zero : delays[max(0, min(count, delays.count - 1))]
    }

    /// The queues to declare for the consumer of `queue`. A parking queue is among them if it has the default name.
    public func topology(forQueue queue: String) -> AMQPTopology {
        var queues: [AMQPQueue] = []
        for delay in delays {
            let retry = retryQueue(forQueue: queue, delay: delay)
            if !queues.contains(where: { $0.name == retry.name }) { queues.append(retry) }
        }
        if case .park(queue: nil) = then, let parked = then.parkingQueue(of: queue) {
            queues.append(kind == .quorum ? .quorum(parked) : .classic(parked))
        }
        return AMQPTopology(queues: queues)
    }

    private func retryQueue(forQueue queue: String, delay: Duration) -> AMQPQueue {
        let name = Self.name(forQueue: queue, delay: delay)
        switch kind {
        case .quorum:
            return .quorum(
                name, deadLetterExchange: "", deadLetterRoutingKey: queue, maximumLength: maximumLength,
                overflow: .rejectPublish,
                arguments: [
                    "x-message-ttl": .int64(delay.wholeMilliseconds), "x-dead-letter-strategy": "at-least-once",
                ])
        case .classic:
            return .classic(
                name, messageTTL: delay, deadLetterExchange: "", deadLetterRoutingKey: queue,
                maximumLength: maximumLength, overflow: maximumLength == nil ? nil : .rejectPublish)
        }
    }

    /// - Throws: `.invalidConfiguration`, which names the field, its value and its range.
    public func validate(forQueue queue: String) throws(AMQPError) {
        if queue.isEmpty {
            throw AMQPError(
                .invalidConfiguration, "a server-named queue cannot have retry queues: its name changes")
        }
        guard 1...32 ~= delays.count else {
            throw AMQPError(.invalidConfiguration, "retry has \(delays.count) delays; it must have 1 to 32")
        }
        for delay in delays {
            guard delay >= .milliseconds(1), delay <= .seconds(86_400) else {
                throw AMQPError(.invalidConfiguration, "a retry delay is \(delay); it must be 1 ms to 24 h")
            }
            try AMQPFailurePolicy.Exhausted.check(Self.name(forQueue: queue, delay: delay), "a retry queue")
        }
        guard 1...1000 ~= limit else {
            throw AMQPError(.invalidConfiguration, "retry.limit is \(limit); it must be 1 to 1000")
        }
        if let maximumLength, maximumLength < 1 {
            throw AMQPError(.invalidConfiguration, "retry.maximumLength is \(maximumLength); it must be 1 or more")
        }
        try then.validate(forQueue: queue)
    }
}
