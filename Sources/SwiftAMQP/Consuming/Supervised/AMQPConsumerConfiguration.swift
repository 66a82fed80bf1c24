public import AMQPWire

/// What a supervised consumer consumes, and how it behaves when things go wrong.
public struct AMQPConsumerConfiguration: Sendable {
    /// The queue. A server-named one by any name that it has had.
    public var queue: String
    /// How many deliveries may be unsettled. Default 64. For automatic acknowledgement it has no effect.
    public var prefetch: AMQPPrefetch = 64
    /// How many deliveries are handled at a time, 1 to 65,535. Default 1: strictly in order.
    public var maximumConcurrency = 1
    /// Who settles. Default: this side, after handling. With `.automatic` the consumer gets a connection of its own, unless
    /// the queue is exclusive to the client.
    public var acknowledgement: AMQPAcknowledgement = .manual
    /// The consumer's name at the broker; by default one is made up, the same for every connection.
    public var consumerTag: String?
    /// Whether no one else may consume from the queue. While another consumer has it, this one waits and tries again.
    public var isExclusive = false
    /// Further arguments, for example `x-priority` or a stream's `x-stream-offset`.
    public var arguments: AMQPTable = [:]
    /// When the broker cancels the consumer, which it does when the queue is deleted. Default: what was declared is declared
    /// again, and the consumer comes back.
    public var whenCancelledByBroker = WhenEnded.comeBack
    /// When the broker closes the consumer's channel, for example because an ack was later than the broker's
    /// `consumer_timeout`. Default: the consumer comes back on another one.
    public var whenChannelFails = WhenEnded.comeBack
    /// How often in a row the broker may refuse access (403) before the consumer ends, at least 1; `nil` for ever.
    /// Default 3. That another consumer has the queue for itself does not count.
    public var refusalLimit: Int? = 3
    /// The waits before the consumer comes back after the broker refused or ended it.
    public var backoff = AMQPBackoff()

    /// What happens to a delivery whose handler throws or asks for another attempt. Default: it goes back to the queue after
    /// a while, and is rejected when it has failed five times. With automatic acknowledgement nothing can be done.
    public var failures = AMQPFailurePolicy.default
    /// When the consumer pauses because too many handlers fail; `nil` never. Default `nil`.
    public var circuitBreaker: AMQPCircuitBreaker?
    /// How long handlers may take before they are reported and their tasks cancelled.
    public var deadlines = AMQPHandlerDeadlines()

    /// A consumer of this queue, with the defaults.
    public init(queue: String) { self.queue = queue }

    /// What a consumer does when the broker has ended it.
    public enum WhenEnded: Sendable, Hashable {
        case comeBack
        case end
    }

    /// Checks every field.
    ///
    /// - Throws: `.invalidConfiguration`, which names the field, its value and its range.
    public func validate() throws(AMQPError) {
        guard !queue.isEmpty else {
            throw AMQPError(.invalidConfiguration, "queue is empty; a consumer needs the name of its queue")
        }
        guard (1...65_535).contains(maximumConcurrency) else {
            throw AMQPError(
                .invalidConfiguration, "maximumConcurrency is \(maximumConcurrency); it must be 1 to 65535")
        }
        if prefetch == .count(0) {
            throw AMQPError(
                .invalidConfiguration, "prefetch is 0, which means no limit; say .unlimited if that is meant")
        }
        if let refusalLimit, refusalLimit < 1 {
            throw AMQPError(.invalidConfiguration, "refusalLimit is \(refusalLimit); it must be 1 or more, or nil")
        }
        try backoff.validate()
        try failures.validate(forQueue: queue)
        try circuitBreaker?.validate()
        try deadlines.validate()
    }
}
