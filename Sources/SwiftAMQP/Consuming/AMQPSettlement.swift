/// What a handler makes of a delivery; see ``AMQPConsumer``.
public enum AMQPSettlement: Sendable, Hashable {
    /// It was handled, and the broker forgets it.
    case ack
    /// It cannot be handled: the broker dead-letters it where the queue says so, else drops it.
    case reject
    /// Back to its place in the queue at once, for this or another consumer. A handler that does this again and again for
    /// the same message makes it go round as fast as the broker can; ``retry`` waits.
    case requeue
    /// As if the handler had thrown: the consumer's failure policy decides.
    case retry
    /// The handler has settled the delivery by an explicit call, or somebody will.
    case settledByHandler
}
