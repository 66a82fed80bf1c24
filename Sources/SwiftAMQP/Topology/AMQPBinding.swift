public import AMQPWire

/// A binding to declare: what an exchange passes on, and to whom.
///
/// ```swift
/// AMQPBinding.queue("orders", to: "events", routingKey: "order.*")
/// AMQPBinding.exchange("audit", to: "events", routingKey: "#")
/// ```
///
/// The broker knows a binding by all four parts together, so two bindings that differ in one of them are two.
public struct AMQPBinding: Sendable, Hashable {
    /// Who gets the messages.
    public enum Destination: Sendable, Hashable {
        case queue(String)
        case exchange(String)
    }

    /// Who gets the messages.
    public var destination: Destination
    /// The exchange that they come from.
    public var source: String
    /// What the kind of `source` makes of it: an exact key, a pattern, or nothing.
    public var routingKey: String
    /// The headers to match, where `source` is a headers exchange.
    public var arguments: AMQPTable

    public init(
        destination: Destination, source: String, routingKey: String = "", arguments: AMQPTable = [:]
    ) {
        self.destination = destination
        self.source = source
        self.routingKey = routingKey
        self.arguments = arguments
    }

    /// A queue bound to an exchange.
    public static func queue(
        _ name: String, to exchange: String, routingKey: String = "", arguments: AMQPTable = [:]
    ) -> AMQPBinding {
        AMQPBinding(destination: .queue(name), source: exchange, routingKey: routingKey, arguments: arguments)
    }

    /// An exchange bound to another one, `source` (https://www.rabbitmq.com/e2e.html).
    public static func exchange(
        _ name: String, to source: String, routingKey: String = "", arguments: AMQPTable = [:]
    ) -> AMQPBinding {
        AMQPBinding(destination: .exchange(name), source: source, routingKey: routingKey, arguments: arguments)
    }
}

extension AMQPBinding: CustomStringConvertible {
    /// For example `queue 'orders' bound to exchange 'events' by 'order.*'`. Arguments are counted, not shown.
    public var description: String {
        var line = "\(destination) bound to exchange '\(source)'"
        if !routingKey.isEmpty { line += " by '\(routingKey)'" }
        if !arguments.isEmpty { line += " with \(arguments.count) argument\(arguments.count == 1 ? "" : "s")" }
        return line
    }
}

extension AMQPBinding.Destination: CustomStringConvertible {
    public var description: String {
        switch self {
        case .queue(let name): AMQPTopologyEntity.queue(name).description
        case .exchange(let name): AMQPTopologyEntity.exchange(name).description
        }
    }
}
