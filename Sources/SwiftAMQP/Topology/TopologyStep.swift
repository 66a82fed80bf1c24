/// One declare or bind of a topology that is applied.
enum TopologyStep: Sendable, Hashable {
    case exchange(AMQPExchange)
    /// `recordedName` is the queue's own name, or for a server-named one the name that the broker gave it last, and
    /// empty before it gave one.
    case queue(AMQPQueue, recordedName: String)
    case binding(AMQPBinding)

    var entity: AMQPTopologyEntity {
        switch self {
        case .exchange(let exchange): .exchange(exchange.name)
        case .queue(_, let recordedName): .queue(recordedName)
        case .binding(let binding): .binding(binding)
        }
    }
}
