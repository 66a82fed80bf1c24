internal import AMQPWire

/// A name as the broker compares it, byte by byte: `String ==` takes canonically equivalent names for equal.
struct EntityName: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: EntityName, right: EntityName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        // So that the names of a binding's parts do not run into each other.
        hasher.combine(0xFF as UInt8)
    }
}

/// What a binding is known by. The broker sorts the arguments, so their order is no difference.
struct BindingKey: Hashable {
    private let isQueue: Bool
    private let destination: EntityName
    private let source: EntityName
    private let routingKey: EntityName
    private let arguments: AMQPTable

    init(_ binding: AMQPBinding) {
        switch binding.destination {
        case .queue(let name): (isQueue, destination) = (true, EntityName(name))
        case .exchange(let name): (isQueue, destination) = (false, EntityName(name))
        }
        source = EntityName(binding.source)
        routingKey = EntityName(binding.routingKey)
        let sorted = binding.arguments.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        arguments = AMQPTable(sorted.map { ($0.key, $0.value) })
    }
}
