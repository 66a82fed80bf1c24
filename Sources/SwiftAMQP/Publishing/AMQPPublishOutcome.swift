/// How a publish ended. Every publish ends in exactly one of these, by its deadline.
public enum AMQPPublishOutcome: Sendable, Equatable {
    /// The broker took responsibility for the message (`basic.ack`,
    /// https://www.rabbitmq.com/confirms.html#when-publishes-are-confirmed).
    case confirmed
    /// The message was mandatory and the broker could route it to no queue. It is in no queue.
    case returned(replyCode: UInt16, replyText: String)
    /// The broker refused the message (`basic.nack`). This is not a proof of absence: of a message that was routed to
    /// several queues some may hold it.
    case nacked
    /// Not one byte of the message was handed to the operating system. It is in no queue.
    case notSent(reason: Reason)
    /// The message may or may not be in its queues. Sending it again may duplicate it; not sending it may lose it.
    case unknown(reason: Reason)

    /// Why a message was not sent, or why its fate is not known.
    public enum Reason: Sendable, Equatable {
        /// The deadline passed.
        case timeout
        /// The task that waited was cancelled.
        case cancelled
        /// It cannot be sent as it is: it breaks a limit of the protocol or of the connection.
        case rejected
        /// The channel was closed, by the program or by a channel exception.
        case channelClosed
        /// The connection was closed or lost.
        case connectionClosed
        /// The broker could route the last attempt to no queue; an earlier one may have got through.
        case unroutable
        /// It had to make room for a younger one, in a publisher that was told to do so when it is full.
        case dropped
    }
}
