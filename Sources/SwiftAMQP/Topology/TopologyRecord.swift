/// What a client has declared and therefore restores. Pure: no lock, no I/O.
///
/// Two kinds of entities are in it. Those of the program's ``AMQPTopology`` are restored until the program itself
/// deletes or unbinds them: what the broker deletes by itself (`autoDelete`) comes back with the next connection. Those
/// that were declared later are restored as long as the broker holds them: an auto-deleted queue is forgotten with its
/// last consumer, an auto-deleted exchange with its last binding. Only consumers and bindings of this client count for
/// that, nobody hears of those of others.
///
/// The loss of a connection is no event here: exclusive queues and consumers are what is to be restored.
struct TopologyRecord: Sendable {
    /// An entity, and where it stands in the order in which they came.
    struct Entry<Value: Sendable>: Sendable {
        var value: Value
        let place: UInt64
        /// Whether it is of the program's topology.
        var isPermanent: Bool
    }

    var exchanges: [EntityName: Entry<AMQPExchange>] = [:]
    /// By the name the queue has now; a server-named one has the empty name in its value.
    var queues: [EntityName: Entry<AMQPQueue>] = [:]
    var bindings: [BindingKey: Entry<AMQPBinding>] = [:]
    /// The consumers of this client by queue, recorded or not.
    var consumers: [EntityName: ConsumerCount] = [:]
    /// Names that server-named queues had before, oldest first.
    private var earlierNames: [EntityName: [EntityName]] = [:]
    private var nextPlace: UInt64 = 0

    /// More reconnects than anybody keeps a name through.
    private static let earlierNamesLimit = 1000

    struct ConsumerCount: Sendable {
        var live = 0
        /// Those whose queue was deleted under them: their end is still to be told, and says nothing of a queue of the
        /// same name that was declared since.
        var orphaned = 0
    }

    init(declared: AMQPTopology) {
        for exchange in declared.exchanges where exchanges[EntityName(exchange.name)] == nil {
            exchanges[EntityName(exchange.name)] = entry(exchange, isPermanent: true)
        }
        for queue in declared.queues where queues[EntityName(queue.name)] == nil {
            queues[EntityName(queue.name)] = entry(queue, isPermanent: true)
        }
        for binding in declared.bindings where bindings[BindingKey(binding)] == nil {
            bindings[BindingKey(binding)] = entry(binding, isPermanent: true)
        }
    }

    // MARK: What the program declared

    /// The broker took this declare. What it took last is restored, also for an exchange of the topology.
    mutating func didDeclare(_ exchange: AMQPExchange) {
        let name = EntityName(exchange.name)
        if exchanges[name] == nil { exchanges[name] = entry(exchange) } else { exchanges[name]?.value = exchange }
    }

    /// The broker took this declare and calls the queue `name`.
    mutating func didDeclare(_ queue: AMQPQueue, named name: String) {
        let name = EntityName(name)
        // Who declares a server-named queue by the name that it has got asks for it, and does not make it another one.
        if let known = queues[name], known.value.name.isEmpty { return }
        if queues[name] == nil { queues[name] = entry(queue) } else { queues[name]?.value = queue }
    }

    mutating func didBind(_ binding: AMQPBinding) {
        let key = BindingKey(binding)
        if bindings[key] == nil { bindings[key] = entry(binding) }
    }

    /// A server-named queue was declared again and has another name now.
    mutating func didRename(queue old: String, to new: String) {
        let (old, new) = (EntityName(old), EntityName(new))
        guard old != new, let entry = queues.removeValue(forKey: old) else { return }
        queues[new] = entry
        consumers[new] = consumers.removeValue(forKey: old)
        var names = earlierNames.removeValue(forKey: old) ?? []
        names.append(old)
        // The first stays: the program's topology may name the queue by it.
        if names.count > Self.earlierNamesLimit { names.remove(at: 1) }
        earlierNames[new] = names
        for (key, entry) in bindings where entry.value.destination.isQueue(old) {
            bindings[key] = nil
            var renamed = entry
            renamed.value.destination = .queue(new.text)
            bindings[BindingKey(renamed.value)] = renamed
        }
    }

    // MARK: What is recorded

    /// What is restored, as it is now: server-named queues have the names that the broker gave them.
    var snapshot: AMQPTopology {
        AMQPTopology(
            exchanges: ordered(exchanges.values).map(\.value),
            queues: orderedQueues.map { name, entry in
                var named = entry.value
                named.name = name.text
                return named
            },
            bindings: ordered(bindings.values).map(\.value))
    }

    /// What restores it: exchanges, queues, bindings, each in the order in which they came.
    ///
    /// Nothing else about the order matters: an alternate or dead letter exchange need not exist when it is named.
    var steps: [TopologyStep] { placedSteps.map(\.step) }

    /// As ``steps``, each with the place of its entry.
    var placedSteps: [(place: UInt64, step: TopologyStep)] {
        ordered(exchanges.values).map { ($0.place, .exchange($0.value)) }
            + orderedQueues.map { ($0.value.place, .queue($0.value.value, recordedName: $0.key.text)) }
            + ordered(bindings.values).map { ($0.place, .binding($0.value)) }
    }

    /// The name that a queue has now, by any name that it had before. What goes to the broker, and to the methods above,
    /// has the name of now.
    func currentName(ofQueue name: String) -> String {
        let asked = EntityName(name)
        if queues[asked] != nil { return name }
        return earlierNames.first { $0.value.contains(asked) }?.key.text ?? name
    }

    func isAutoDelete(queue name: String) -> Bool { recorded(queue: name)?.isAutoDelete ?? false }

    func isExclusive(queue name: String) -> Bool { recorded(queue: name)?.isExclusive ?? false }

    private func recorded(queue name: String) -> AMQPQueue? { queues[EntityName(currentName(ofQueue: name))]?.value }

    // MARK: Inside

    mutating func forgetNames(of queue: EntityName) { earlierNames[queue] = nil }

    private mutating func entry<Value>(_ value: Value, isPermanent: Bool = false) -> Entry<Value> {
        defer { nextPlace += 1 }
        return Entry(value: value, place: nextPlace, isPermanent: isPermanent)
    }

    private func ordered<Value>(_ entries: some Collection<Entry<Value>>) -> [Entry<Value>] {
        entries.sorted { $0.place < $1.place }
    }

    private var orderedQueues: [(key: EntityName, value: Entry<AMQPQueue>)] {
        queues.sorted { $0.value.place < $1.value.place }
    }
}

extension AMQPBinding.Destination {
    func isQueue(_ name: EntityName) -> Bool {
        if case .queue(let own) = self { EntityName(own) == name } else { false }
    }

    func isExchange(_ name: EntityName) -> Bool {
        if case .exchange(let own) = self { EntityName(own) == name } else { false }
    }
}
