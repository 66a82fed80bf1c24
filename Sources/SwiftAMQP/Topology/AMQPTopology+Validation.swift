internal import AMQPWire

extension AMQPTopology {
    /// Checks that the topology does not contradict itself: no exchange and no queue stands in it twice with different
    /// properties, one queue at most is server-named, and bindings name that one only where there is one. What stands in it
    /// twice in the same way is declared once. Bindings that differ in their arguments are two bindings.
    ///
    /// A broker would take what it is told first and refuse the rest, and which that is would depend on what it has already.
    /// A client looks by itself.
    ///
    /// - Throws: `.invalidArgument`, which says what stands there twice, and both of what is said of it.
    public func validate() throws(AMQPError) {
        let (exchanges, queues) = contradictions
        for exchange in self.exchanges {
            guard let text = exchanges[EntityName(exchange.name)] else { continue }
            throw AMQPError(.invalidArgument, "\(AMQPTopologyEntity.exchange(exchange.name)): \(text)")
        }
        for queue in self.queues {
            guard let text = queues[EntityName(queue.name)] else { continue }
            throw AMQPError(.invalidArgument, "\(AMQPTopologyEntity.queue(queue.name)): \(text)")
        }
        let hasServerNamed = self.queues.contains { $0.name.isEmpty }
        if !hasServerNamed, let binding = bindings.first(where: { $0.destination == .queue("") }) {
            throw AMQPError(
                .invalidArgument,
                "\(binding): there is no server-named queue in the topology; name the queue that is meant")
        }
    }

    /// What is said twice and differently, by the names.
    var contradictions: (exchanges: [EntityName: String], queues: [EntityName: String]) {
        var known = (exchanges: [EntityName: AMQPExchange](), queues: [EntityName: AMQPQueue]())
        var found = (exchanges: [EntityName: String](), queues: [EntityName: String]())
        for exchange in exchanges {
            let name = EntityName(exchange.name)
            let differences = known.exchanges[name]?.differences(to: exchange) ?? []
            if !differences.isEmpty, found.exchanges[name] == nil {
                found.exchanges[name] = Self.standsTwice(differences)
            }
            known.exchanges[name] = known.exchanges[name] ?? exchange
        }
        for queue in queues {
            let name = EntityName(queue.name)
            let differences = known.queues[name]?.differences(to: queue) ?? []
            if queue.name.isEmpty, known.queues[name] != nil {
                found.queues[name] = "there can be one only, because bindings name it by the empty name"
            } else if !differences.isEmpty, found.queues[name] == nil {
                found.queues[name] = Self.standsTwice(differences)
            }
            known.queues[name] = known.queues[name] ?? queue
        }
        return found
    }

    private static func standsTwice(_ differences: [String]) -> String {
        "it stands in the topology more than once, with different properties: \(differences.joined(separator: "; "))"
    }
}

extension AMQPExchange {
    /// What another one of this name says otherwise.
    fileprivate func differences(to other: AMQPExchange) -> [String] {
        [
            difference("type", "'\(kind.rawValue)'", "'\(other.kind.rawValue)'"),
            difference("durable", isDurable, other.isDurable),
            difference("auto-delete", isAutoDelete, other.isAutoDelete),
            difference("internal", isInternal, other.isInternal),
        ].compactMap { $0 } + arguments.differences(to: other.arguments)
    }
}

extension AMQPQueue {
    /// What another one of this name says otherwise.
    fileprivate func differences(to other: AMQPQueue) -> [String] {
        [
            difference("durable", isDurable, other.isDurable),
            difference("exclusive", isExclusive, other.isExclusive),
            difference("auto-delete", isAutoDelete, other.isAutoDelete),
        ].compactMap { $0 } + arguments.differences(to: other.arguments)
    }
}

private func difference<Value: Equatable>(_ name: String, _ one: Value, _ other: Value) -> String? {
    one == other ? nil : "\(name) is \(one) and \(other)"
}

extension AMQPTable {
    /// As the broker compares arguments: their order is no difference, nor are the widths of integers.
    fileprivate func differences(to other: AMQPTable) -> [String] {
        let mine = map { ($0.key, Optional($0.value), other[$0.key]) }
        let theirs = other.filter { self[$0.key] == nil }.map { ($0.key, AMQPFieldValue?.none, Optional($0.value)) }
        return (mine + theirs).compactMap { key, one, other in
            if let one = one?.integer, one == other?.integer { return nil }
            if one == other { return nil }
            return "argument '\(key)' is \(one.text) and \(other.text)"
        }
    }
}

extension AMQPFieldValue? {
    fileprivate var text: String {
        guard let self else { return "absent" }
        return self.string.map { "'\($0)'" } ?? self.integer.map { "\($0)" } ?? "\(self)"
    }
}
