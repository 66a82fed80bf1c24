/// What a supervised client does with a publish whose fate is not known, or that the broker refused.
public enum AMQPDeliveryPolicy: Sendable, Hashable {
    /// It is sent again, in the original order, until it is confirmed or its deadline passes. The message may then be in
    /// its queues more than once; from the second attempt on it carries ``AMQPMessage/attemptHeader``.
    case atLeastOnce
    /// It is sent once. Only a message of which not one byte was handed to the operating system waits for the next
    /// connection.
    case once
}

extension AMQPMessage {
    /// The header that a supervised client adds from the second attempt on: the number of the attempt, an integer.
    /// Who wants no duplicates looks for the message id among those seen when this header is there.
    public static let attemptHeader = "x-swiftamqp-attempt"
}

/// What a supervised publish that was confirmed came to.
public struct AMQPPublishReceipt: Sendable, Hashable {
    /// How many times the message may have reached the broker, 1 or more. Where it is more than 1 the message may be in
    /// its queues more than once.
    public let attempts: Int
    /// The message id it was published with: the program's, else the one the client gave it, if it gives any.
    public let messageID: String?
}
