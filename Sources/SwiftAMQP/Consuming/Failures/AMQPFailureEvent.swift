/// What became of a delivery whose handler failed, for logs and metrics. The body is not in it.
public struct AMQPFailureEvent: Sendable {
    /// The queue it came from.
    public let queue: String
    /// Its message id, if it has one.
    public let messageID: String?
    /// How many times it has failed, this time included, as the policy counts.
    public let attempt: Int
    /// Why.
    public let error: AMQPHandlerFailure
    /// What was done with it.
    public let action: Action
    /// Whether it failed as often as the policy allows.
    public let isExhausted: Bool
    /// Whether the original could not be acknowledged after its copy was confirmed, because its channel was gone: the
    /// broker delivers it again, and it is there twice.
    public let isDuplicated: Bool

    /// What was done with a delivery.
    public enum Action: Sendable {
        /// It goes back to its queue after this time; at once while the consumer is stopped or paused.
        case requeued(after: Duration)
        /// It was rejected: dead-lettered where the queue says so, else dropped.
        case rejected
        /// A copy waits in this retry queue, and the original is acknowledged.
        case retried(queue: String)
        /// A copy lies in this parking queue, and the original is acknowledged.
        case parked(queue: String)
        /// A copy for this queue was not confirmed. The original goes back to its queue after the time, as another event
        /// says, or, where it came back too often already, the copy is published again. The error's `outcome` says whether
        /// the copy may be there; then the message is there twice.
        case publishFailed(queue: String, AMQPError, after: Duration)
    }
}

extension AMQPFailureEvent: CustomStringConvertible {
    /// One line, for example `message 'a1' of queue 'orders' failed (attempt 2, DecodingError: ...): requeued after 0.4 seconds`.
    public var description: String {
        let name = messageID.map { "message '\($0.singleLine(maximumSize: 255))'" } ?? "a message"
        let last = isExhausted ? ", the last" : ""
        let twice = isDuplicated ? "; the original is delivered again" : ""
        return "\(name) of queue '\(queue)' failed (attempt \(attempt)\(last), \(error)): \(action)\(twice)"
    }
}

extension AMQPFailureEvent.Action: CustomStringConvertible {
    public var description: String {
        switch self {
        case .requeued(let delay): "requeued after \(delay)"
        case .rejected: "rejected"
        case .retried(let queue): "waits in '\(queue)'"
        case .parked(let queue): "parked in '\(queue)'"
        case .publishFailed(let queue, let error, let delay):
            "its copy for '\(queue)' was not confirmed, next attempt after \(delay): \(error)"
        }
    }
}
