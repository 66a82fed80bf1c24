/// What applying a topology would do, found out without creating anything.
///
/// Queues and exchanges that exist are compared by the broker itself. What it cannot be asked without doing it is left
/// open: whether something new may be created by this user and with these arguments, and whether a binding exists.
public struct AMQPTopologyPlan: Sendable {
    /// What would become of an entity.
    public enum Finding: Sendable {
        /// It exists, with the same properties.
        case exists
        /// It does not exist and would be created. For a binding: both of its ends exist, or would.
        case wouldBeCreated
        /// It exists, but could not be compared; the text says why.
        case existsUncompared(String)
        /// It exists with other properties (406); the broker's text says which.
        case conflict(AMQPError)
        /// Another connection holds it exclusively (405).
        case locked(AMQPError)
        /// The user may not declare it (403).
        case noPermission(AMQPError)
        /// An end of the binding neither exists nor is in the topology, or could not be declared.
        case endMissing(AMQPTopologyEntity)
        /// No broker, or none of this version, would take it; the text says why.
        case invalid(String)
        /// The broker refused the question for another reason, or did not answer.
        case failed(AMQPError)
    }

    /// One entity.
    public struct Item: Sendable {
        public let entity: AMQPTopologyEntity
        public let finding: Finding
        /// What works here and now, and is likely not what was meant, or will not work with newer brokers.
        public let warnings: [String]

        /// Whether applying it would fail.
        public var isProblem: Bool {
            switch finding {
            case .exists, .wouldBeCreated, .existsUncompared: false
            case .conflict, .locked, .noPermission, .endMissing, .invalid, .failed: true
            }
        }
    }

    /// Exchanges, queues, bindings; each entity once.
    public let items: [Item]

    /// What would fail.
    public var problems: [Item] { items.filter(\.isProblem) }

    /// What is worth a look.
    public var warnings: [Item] { items.filter { !$0.warnings.isEmpty } }

    /// Whether nothing speaks against applying it.
    public var isApplicable: Bool { !items.contains { $0.isProblem } }
}

extension AMQPTopologyPlan: CustomStringConvertible {
    /// A line for each entity, and one for each of its warnings.
    public var description: String {
        var lines: [String] = []
        for item in items {
            lines.append("\(item.entity): \(item.finding)")
            lines += item.warnings.map { "  warning: \($0)" }
        }
        return lines.joined(separator: "\n")
    }
}

extension AMQPTopologyPlan.Finding: CustomStringConvertible {
    public var description: String {
        switch self {
        case .exists: "exists"
        case .wouldBeCreated: "would be created"
        case .existsUncompared(let reason): "exists, not compared: \(reason)"
        case .conflict(let error): "exists with other properties: \(error.text)"
        case .locked(let error): "is locked: \(error.text)"
        case .noPermission(let error): "no permission: \(error.text)"
        case .endMissing(let entity): "would fail, because there is no \(entity), or it would fail itself"
        case .invalid(let reason): "invalid: \(reason)"
        case .failed(let error): "could not be asked for: \(error)"
        }
    }
}
