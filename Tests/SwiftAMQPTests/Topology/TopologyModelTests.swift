import TestSupport
import Testing

@testable import SwiftAMQP

/// A broker's exchanges, queues and bindings, written from RabbitMQ's documentation of `auto-delete`.
private struct ModelBroker {
    struct Queue: Equatable {
        var isAutoDelete: Bool
        var consumers = 0
    }

    /// By name, with whether they are deleted with their last binding.
    var exchanges: [String: Bool] = [:]
    var queues: [String: Queue] = [:]
    var bindings: Set<AMQPBinding> = []

    mutating func deleteQueue(_ name: String) {
        queues[name] = nil
        removeBindings { $0.destination == .queue(name) }
    }

    mutating func deleteExchange(_ name: String) {
        exchanges[name] = nil
        removeBindings { $0.source == name || $0.destination == .exchange(name) }
    }

    mutating func removeBindings(_ isGone: (AMQPBinding) -> Bool) {
        let gone = bindings.filter(isGone)
        bindings.subtract(gone)
        for source in Set(gone.map(\.source)).sorted() where exchanges[source] == true {
            if !bindings.contains(where: { $0.source == source }) { deleteExchange(source) }
        }
    }

    /// Applies the steps as a broker would, which refuses bindings of what is not there.
    mutating func apply(_ steps: [TopologyStep]) -> Bool {
        for step in steps {
            switch step {
            case .exchange(let exchange): exchanges[exchange.name] = exchange.isAutoDelete
            case .queue(let queue, let name): queues[name] = Queue(isAutoDelete: queue.isAutoDelete)
            case .binding(let binding):
                guard canBind(binding) else { return false }
                bindings.insert(binding)
            }
        }
        return true
    }

    func canBind(_ binding: AMQPBinding) -> Bool {
        let hasDestination =
            switch binding.destination {
            case .queue(let name): queues[name] != nil
            case .exchange(let name): exchanges[name] != nil
            }
        return hasDestination && exchanges[binding.source] != nil
    }
}

@Suite struct TopologyModelTests {
    fileprivate struct World {
        var broker = ModelBroker()
        var record: TopologyRecord
        var random: SeededGenerator
        /// Of the topology, and not deleted or unbound by the program since.
        var permanent: Set<AMQPTopologyEntity> = []
        var generated = 0

        mutating func pick(_ names: [String]) -> String { names.randomElement(using: &random) ?? "" }
        mutating func exchange() -> String { pick(["e0", "e1", "e2", "e3", "e4"]) }
        mutating func queue() -> String {
            pick(["q0", "q1", "q2", "q3"] + broker.queues.keys.filter { $0.hasPrefix("gen") }.sorted())
        }

        mutating func binding() -> AMQPBinding {
            let key = pick(["", "k"])
            let destination =
                Bool.random(using: &random) ? AMQPBinding.Destination.queue(queue()) : .exchange(exchange())
            return AMQPBinding(destination: destination, source: exchange(), routingKey: key)
        }

        mutating func step() {
            switch Int.random(in: 0..<12, using: &random) {
            case 0, 1:
                // A program knows how it declares an exchange: always the same way.
                let name = exchange()
                broker.exchanges[name] = Self.isAutoDelete(name)
                record.didDeclare(AMQPExchange(name: name, kind: .fanout, autoDelete: Self.isAutoDelete(name)))
            case 2:
                let name = pick(["q0", "q1", "q2", "q3"])
                let old = broker.queues[name]
                broker.queues[name] = old ?? .init(isAutoDelete: Self.isAutoDelete(name))
                record.didDeclare(AMQPQueue(name: name, autoDelete: Self.isAutoDelete(name)), named: name)
            case 3 where broker.queues.count < 8:
                generated += 1
                let name = "gen\(generated)"
                let isAutoDelete = Bool.random(using: &random)
                broker.queues[name] = .init(isAutoDelete: isAutoDelete)
                record.didDeclare(AMQPQueue(name: "", exclusive: true, autoDelete: isAutoDelete), named: name)
            case 4, 5, 6:
                let binding = binding()
                guard broker.canBind(binding) else { return }
                broker.bindings.insert(binding)
                record.didBind(binding)
            case 7:
                // Of one that is there, for the most part.
                let binding = broker.bindings.sorted { "\($0)" < "\($1)" }.randomElement(using: &random) ?? binding()
                broker.removeBindings { $0 == binding }
                record.didUnbind(binding)
                permanent.remove(.binding(binding))
            case 8:
                let name = queue()
                broker.deleteQueue(name)
                record.didDelete(queue: name)
                permanent = permanent.filter { !$0.concerns(queue: name) }
            case 9:
                let name = exchange()
                broker.deleteExchange(name)
                record.didDelete(exchange: name)
                permanent = permanent.filter { !$0.concerns(exchange: name) }
            case 10:
                let name = queue()
                guard broker.queues[name] != nil else { return }
                broker.queues[name]?.consumers += 1
                record.consumerStarted(onQueue: name)
            default:
                let name = queue()
                guard let queue = broker.queues[name], queue.consumers > 0 else { return }
                broker.queues[name]?.consumers -= 1
                record.consumerEnded(onQueue: name)
                if queue.consumers == 1, queue.isAutoDelete { broker.deleteQueue(name) }
            }
        }

        static func isAutoDelete(_ name: String) -> Bool { name.hasSuffix("1") || name.hasSuffix("3") }
    }

    /// After any history, a broker that lost everything gets back exactly what it held. (A deleted queue's consumers
    /// are told to have ended at once here.)
    @Test(arguments: 1...200) func whatIsRestoredIsWhatTheBrokerHeld(seed: UInt64) throws {
        var world = World(record: TopologyRecord(declared: AMQPTopology()), random: SeededGenerator(seed: seed))
        for step in 0..<150 {
            let before = world.broker.queues
            world.step()
            world.endConsumers(before)
            var restored = ModelBroker()
            let isComplete = restored.apply(world.record.steps)
            try #require(isComplete, "step \(step): an end of a binding is missing")
            try #require(restored.exchanges == world.broker.exchanges, "step \(step)")
            try #require(
                restored.queues.mapValues(\.isAutoDelete) == world.broker.queues.mapValues(\.isAutoDelete),
                "step \(step)")
            try #require(restored.bindings == world.broker.bindings, "step \(step)")
        }
        try #require(world.record.consumers.values.allSatisfy { $0.live + $0.orphaned > 0 })
    }

    /// With a topology: nothing of it is lost but what the program took back, and everything that the broker holds is
    /// restored with it.
    @Test(arguments: 1...200) func theTopologyIsNeverForgotten(seed: UInt64) throws {
        let topology = AMQPTopology(
            exchanges: ["e0", "e1", "e2"].map {
                AMQPExchange(name: $0, kind: .fanout, autoDelete: World.isAutoDelete($0))
            },
            queues: ["q0", "q1"].map { AMQPQueue(name: $0, autoDelete: World.isAutoDelete($0)) },
            bindings: [.queue("q0", to: "e1"), .queue("q1", to: "e0"), .exchange("e2", to: "e1")])
        var world = World(record: TopologyRecord(declared: topology), random: SeededGenerator(seed: seed))
        world.permanent = Set(world.record.steps.map(\.entity))
        let isApplied = world.broker.apply(world.record.steps)
        try #require(isApplied)
        for step in 0..<150 {
            let before = world.broker.queues
            world.step()
            world.endConsumers(before)
            let steps = world.record.steps
            try #require(world.permanent.isSubset(of: steps.map(\.entity)), "step \(step)")
            var restored = ModelBroker()
            let isComplete = restored.apply(steps)
            try #require(isComplete, "step \(step): an end of a binding is missing")
            try #require(world.broker.bindings.isSubset(of: restored.bindings), "step \(step)")
            try #require(world.broker.exchanges.keys.allSatisfy { restored.exchanges[$0] != nil }, "step \(step)")
            try #require(world.broker.queues.keys.allSatisfy { restored.queues[$0] != nil }, "step \(step)")
        }
    }
}

extension TopologyModelTests.World {
    /// The consumers of a queue that was deleted are told.
    fileprivate mutating func endConsumers(_ before: [String: ModelBroker.Queue]) {
        for name in before.keys.sorted() where broker.queues[name] == nil {
            let left = record.consumers[EntityName(name)].map { $0.live + $0.orphaned } ?? 0
            for _ in 0..<left { record.consumerEnded(onQueue: name) }
        }
    }
}

extension AMQPTopologyEntity {
    fileprivate func concerns(queue name: String) -> Bool {
        switch self {
        case .queue(let own): own == name
        case .binding(let binding): binding.destination == .queue(name)
        case .exchange, .consumer: false
        }
    }

    fileprivate func concerns(exchange name: String) -> Bool {
        switch self {
        case .exchange(let own): own == name
        case .binding(let binding): binding.source == name || binding.destination == .exchange(name)
        case .queue, .consumer: false
        }
    }
}
