/// How long handlers may take before somebody is told.
public struct AMQPHandlerDeadlines: Sendable, Equatable {
    /// After which time a handler that still runs is reported and its task cancelled, 1 ms to 24 h; `nil` never. A handler
    /// that does not heed that keeps its place and its delivery until it comes back. Default `nil`.
    public var handlerDeadline: Duration?
    /// The broker's `consumer_timeout`: a delivery that is not settled by then ends its channel (406), and with it every
    /// other delivery of the channel. The broker does not tell it; this has to be what its configuration says. 1 s to 30
    /// days; `nil` if it has none. Default 30 min, as the broker's
    /// (https://www.rabbitmq.com/docs/consumers#acknowledgement-timeout).
    public var consumerTimeout: Duration?
    /// At which share of `consumerTimeout` an unsettled delivery is reported, and the task of its handler cancelled, more than 0 and up to 1. Default 0.8.
    public var warningShare: Double

    public init(
        handlerDeadline: Duration? = nil, consumerTimeout: Duration? = .seconds(1800), warningShare: Double = 0.8
    ) {
        self.handlerDeadline = handlerDeadline
        self.consumerTimeout = consumerTimeout
        self.warningShare = warningShare
    }

    /// - Throws: `.invalidConfiguration`, which names the field, its value and its range.
    public func validate() throws(AMQPError) {
        if let handlerDeadline, handlerDeadline < .milliseconds(1) || handlerDeadline > .seconds(86_400) {
            throw AMQPError(
                .invalidConfiguration, "handlerDeadline is \(handlerDeadline); it must be 1 ms to 24 h, or nil")
        }
        if let consumerTimeout, consumerTimeout < .seconds(1) || consumerTimeout > .seconds(30 * 86_400) {
            throw AMQPError(
                .invalidConfiguration, "consumerTimeout is \(consumerTimeout); it must be 1 s to 30 days, or nil")
        }
        guard warningShare > 0, warningShare <= 1 else {
            throw AMQPError(
                .invalidConfiguration, "warningShare is \(warningShare); it must be more than 0, and 1 at most")
        }
    }

    /// How long after a delivery it is warned of.
    var warnAfter: Duration? { consumerTimeout.map { $0 * warningShare } }
}
