/// The exchanges, queues and bindings that a program relies on: declared before anything else, and again whenever a new
/// connection is made.
///
/// ```swift
/// let topology = AMQPTopology(
///     exchanges: [.topic("events"), .fanout("dead")],
///     queues: [.quorum("orders", deliveryLimit: 5, deadLetterExchange: "dead")],
///     bindings: [.queue("orders", to: "events", routingKey: "order.*")])
/// ```
///
/// The order within a list does not matter: exchanges come first, then queues, then bindings. What stands twice in the same
/// way is declared once; what contradicts itself is refused, see ``validate()``. One queue may be server-named: its bindings
/// name it by the empty name.
public struct AMQPTopology: Sendable, Hashable {
    public var exchanges: [AMQPExchange]
    public var queues: [AMQPQueue]
    public var bindings: [AMQPBinding]

    public init(exchanges: [AMQPExchange] = [], queues: [AMQPQueue] = [], bindings: [AMQPBinding] = []) {
        self.exchanges = exchanges
        self.queues = queues
        self.bindings = bindings
    }

    /// Whether there is nothing in it.
    public var isEmpty: Bool { exchanges.isEmpty && queues.isEmpty && bindings.isEmpty }
}

/// One thing of a topology, by its name.
public enum AMQPTopologyEntity: Sendable, Hashable {
    case exchange(String)
    /// A server-named queue that no broker has named yet has the empty name.
    case queue(String)
    case binding(AMQPBinding)
    /// A supervised consumer that could not subscribe.
    case consumer(tag: String, queue: String)
}

extension AMQPTopologyEntity: CustomStringConvertible {
    /// For example `queue 'orders'`.
    public var description: String {
        switch self {
        case .exchange(let name): "exchange '\(name)'"
        case .queue(let name): name.isEmpty ? "the server-named queue" : "queue '\(name)'"
        case .binding(let binding): "\(binding)"
        case .consumer(let tag, let queue): "consumer '\(tag)' of queue '\(queue)'"
        }
    }
}
