/// A message that came back because the broker could route it to no queue, and that nobody waits for.
///
/// Publishes with an awaited outcome end as `.returned` instead and do not show up here.
public struct AMQPReturn: Sendable {
    /// 312 NO_ROUTE, or 313 NO_CONSUMERS.
    public let replyCode: UInt16
    /// The broker's words.
    public let replyText: String
    /// Where it was published to.
    public let address: AMQPAddress
    /// The message.
    public let message: AMQPMessage
}
