internal import AMQPWire

/// Finds out what applying a topology would do, without creating anything.
///
/// A passive declare tells whether something exists. If it does, declaring it with our arguments changes nothing, and
/// the broker says whether they are equal: a passive declare does not compare them. (Were it deleted by somebody between
/// the two, it would be created.) A queue with `x-expires` counts as used by it.
struct TopologyPlanner {
    private let connection: AMQPConnection

    init(connection: AMQPConnection) { self.connection = connection }

    /// Asks on a channel of its own, so that no other channel ends with what is refused.
    ///
    /// - Throws: Why the connection is of no use any more; `.cancelled`.
    func plan(_ topology: AMQPTopology) async throws(AMQPError) -> AMQPTopologyPlan {
        var run = PlanRun(
            topology: topology, channel: TopologyChannel(connection: connection),
            lint: TopologyLint(version: BrokerVersion(serverProperties: connection.serverProperties)))
        for exchange in topology.exchanges { try await run.plan(exchange) }
        for queue in topology.queues { try await run.plan(queue) }
        for binding in topology.bindings { try await run.plan(binding) }
        return AMQPTopologyPlan(items: run.items)
    }
}

/// One plan while it is made.
private struct PlanRun {
    private(set) var items: [AMQPTopologyPlan.Item] = []

    private typealias Finding = AMQPTopologyPlan.Finding

    private let channel: TopologyChannel
    private let lint: TopologyLint
    /// What the topology has.
    private let exchanges: Set<EntityName>
    private let queues: Set<EntityName>
    /// What it says twice and differently.
    private let contradictions: (exchanges: [EntityName: String], queues: [EntityName: String])
    /// Of exchanges and queues of the topology, and of others that were asked for.
    private var exchangeFindings: [EntityName: Finding] = [:]
    private var queueFindings: [EntityName: Finding] = [:]
    private var plannedBindings: Set<BindingKey> = []

    init(topology: AMQPTopology, channel: TopologyChannel, lint: TopologyLint) {
        self.channel = channel
        self.lint = lint
        exchanges = Set(topology.exchanges.map { EntityName($0.name) })
        queues = Set(topology.queues.map { EntityName($0.name) })
        contradictions = topology.contradictions
    }

    // MARK: Exchanges

    mutating func plan(_ exchange: AMQPExchange) async throws(AMQPError) {
        let name = EntityName(exchange.name)
        guard exchangeFindings[name] == nil else { return }
        var verdict = lint.check(exchange)
        if let text = contradictions.exchanges[name] { verdict.refuse(text) }
        let finding = if let problem = verdict.problem { Finding.invalid(problem) } else { try await find(exchange) }
        exchangeFindings[name] = finding
        let warnings = try await missing(["alternate-exchange"], in: exchange.arguments)
        add(.exchange(exchange.name), finding, verdict.warnings + warnings)
    }

    private func find(_ exchange: AMQPExchange) async throws(AMQPError) -> Finding {
        switch try await ask(exchange: exchange.name) {
        case .exists: break
        case .wouldBeCreated: return lint.checkCreating(exchange).problem.map { .invalid($0) } ?? .wouldBeCreated
        case let other: return other
        }
        guard [.direct, .fanout, .topic, .headers].contains(exchange.kind) else {
            return .existsUncompared(
                "a broker without the plugin for '\(exchange.kind.rawValue)' would close the connection")
        }
        return Finding(
            try await channel.attempt { (channel) throws(AMQPError) in try await channel.declare(exchange) })
    }

    /// `exists` or `wouldBeCreated`, or why that is not known.
    private func ask(exchange name: String) async throws(AMQPError) -> Finding {
        let result = try await channel.attempt { (channel) throws(AMQPError) in
            try await channel.checkExchange(name)
        }
        return Finding(passive: result)
    }

    // MARK: Queues

    mutating func plan(_ queue: AMQPQueue) async throws(AMQPError) {
        let name = EntityName(queue.name)
        guard queueFindings[name] == nil else { return }
        var verdict = lint.check(queue)
        if let text = contradictions.queues[name] { verdict.refuse(text) }
        let finding = if let problem = verdict.problem { Finding.invalid(problem) } else { try await find(queue) }
        queueFindings[name] = finding
        let warnings = try await missing(["x-dead-letter-exchange"], in: queue.arguments)
        add(.queue(queue.name), finding, verdict.warnings + warnings)
    }

    private func find(_ queue: AMQPQueue) async throws(AMQPError) -> Finding {
        if queue.name.isEmpty { return .wouldBeCreated }
        let asked = try await ask(queue: queue.name)
        guard case .exists = asked else { return asked }
        return Finding(
            try await channel.attempt { (channel) throws(AMQPError) in _ = try await channel.declare(queue) })
    }

    private func ask(queue name: String) async throws(AMQPError) -> Finding {
        let result = try await channel.attempt { (channel) throws(AMQPError) in
            _ = try await channel.status(ofQueue: name)
        }
        return Finding(passive: result)
    }

    // MARK: Bindings

    mutating func plan(_ binding: AMQPBinding) async throws(AMQPError) {
        guard plannedBindings.insert(BindingKey(binding)).inserted else { return }
        let verdict = lint.check(binding)
        let finding = if let problem = verdict.problem { Finding.invalid(problem) } else { try await find(binding) }
        add(.binding(binding), finding, verdict.warnings)
    }

    private mutating func find(_ binding: AMQPBinding) async throws(AMQPError) -> Finding {
        if let problem = try await problem(ofEnd: .exchange(binding.source)) { return problem }
        let problem =
            switch binding.destination {
            case .exchange(let name): try await problem(ofEnd: .exchange(name))
            case .queue(let name): try await problem(ofEnd: .queue(name))
            }
        return problem ?? .wouldBeCreated
    }

    /// Why nothing can be bound to it, if so.
    private mutating func problem(ofEnd end: AMQPTopologyEntity) async throws(AMQPError) -> Finding? {
        let isOurs: Bool
        let finding: Finding
        switch end {
        case .exchange(let name):
            isOurs = exchanges.contains(EntityName(name))
            finding = try await existence(ofExchange: name)
        case .queue(let name):
            isOurs = queues.contains(EntityName(name))
            if let known = queueFindings[EntityName(name)] {
                finding = known
            } else {
                finding = name.isEmpty ? .wouldBeCreated : try await ask(queue: name)
                queueFindings[EntityName(name)] = finding
            }
        case .binding, .consumer: return nil
        }
        switch finding {
        case .exists, .existsUncompared: return nil
        case .wouldBeCreated: return isOurs ? nil : .endMissing(end)
        case .conflict, .noPermission, .endMissing, .invalid, .locked, .failed:
            return isOurs ? .endMissing(end) : finding
        }
    }

    // MARK: What several need

    private mutating func existence(ofExchange name: String) async throws(AMQPError) -> Finding {
        if let known = exchangeFindings[EntityName(name)] { return known }
        let finding = try await ask(exchange: name)
        exchangeFindings[EntityName(name)] = finding
        return finding
    }

    /// Warnings for exchanges that arguments name, and that there are not going to be: messages would be dropped.
    private mutating func missing(
        _ keys: [String], in arguments: AMQPTable
    ) async throws(AMQPError) -> [String] {
        var warnings: [String] = []
        for key in keys {
            guard let name = arguments[key]?.string, !name.isEmpty, !exchanges.contains(EntityName(name)) else {
                continue
            }
            if case .wouldBeCreated = try await existence(ofExchange: name) {
                warnings.append("'\(key)' is '\(name)', which neither exists nor is in the topology")
            }
        }
        return warnings
    }

    private mutating func add(_ entity: AMQPTopologyEntity, _ finding: Finding, _ warnings: [String]) {
        items.append(AMQPTopologyPlan.Item(entity: entity, finding: finding, warnings: warnings))
    }
}

extension AMQPTopologyPlan.Finding {
    /// Of a declare of something that exists.
    fileprivate init(_ result: Result<Void, AMQPError>) {
        switch result {
        case .success: self = .exists
        case .failure(let error):
            self =
                switch error.replyCode {
                case 403: .noPermission(error)
                case 405: .locked(error)
                case 406: .conflict(error)
                default: .failed(error)
                }
        }
    }

    /// Of a passive declare.
    fileprivate init(passive result: Result<Void, AMQPError>) {
        if case .failure(let error) = result, error.replyCode == 404 {
            self = .wouldBeCreated
        } else {
            self.init(result)
        }
    }
}
