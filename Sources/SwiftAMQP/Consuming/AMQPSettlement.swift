/// What a handler says of the delivery that it was given.
public enum AMQPSettlement: Sendable, Hashable {
    /// It was handled; the broker forgets it.
    case ack
    /// It will never be handled here: it is dead-lettered where the queue says so, else dropped
    /// (https://www.rabbitmq.com/docs/dlx).
    case reject
    /// It goes back to its place in the queue at once, for this consumer or another one. A message that comes back each time
    /// runs in a loop as fast as the broker delivers, and nothing counts it: ``retry`` waits and has a limit.
    case requeue
    /// It was not handled: the consumer's ``AMQPFailurePolicy`` decides, as for a handler that throws.
    case retry
    /// The handler settles it by itself, has done so, or will later. Until then it takes a place of the prefetch.
    case settledByHandler
}
