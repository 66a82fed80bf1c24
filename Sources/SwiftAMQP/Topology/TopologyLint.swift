internal import AMQPWire

/// What can be said of a topology without asking a broker. Pure.
struct TopologyLint {
    /// `nil` for a broker that is no RabbitMQ: then rules that came or go with a version are only warned of.
    var version: BrokerVersion?

    /// What speaks against an entity.
    struct Verdict: Equatable {
        /// Why it would be refused.
        var problem: String?
        var warnings: [String] = []

        mutating func refuse(_ text: String) { if problem == nil { problem = text } }
    }

    /// The first version that refuses transient queues that are not exclusive, unless it is configured to take them.
    static let withoutTransientQueues = BrokerVersion(4, 3)

    func check(_ exchange: AMQPExchange) -> Verdict {
        var verdict = Verdict()
        if exchange.name.isEmpty { verdict.refuse("the default exchange is the broker's own and cannot be declared") }
        checkCommon(name: exchange.name, exchange.arguments, &verdict)
        return verdict
    }

    /// - Returns: For an exchange that does not exist yet.
    func checkCreating(_ exchange: AMQPExchange) -> Verdict {
        exchange.name.hasReservedPrefix ? Verdict(problem: Self.reserved) : Verdict()
    }

    func check(_ queue: AMQPQueue) -> Verdict {
        var verdict = Verdict()
        // Also where it exists: by its name nobody can declare a server-named queue.
        if queue.name.hasReservedPrefix { verdict.refuse(Self.reserved) }
        checkCommon(name: queue.name, queue.arguments, &verdict)
        switch queue.arguments["x-queue-type"]?.string {
        case "quorum": checkReplicated(queue, "a quorum queue", refused: ["x-max-priority", "x-queue-mode"], &verdict)
        case "stream":
            checkReplicated(
                queue, "a stream", refused: ["x-max-priority", "x-dead-letter-exchange", "x-message-ttl", "x-expires"],
                &verdict)
        default: break
        }
        if !queue.isDurable, !queue.isExclusive {
            let text = "a queue that is neither durable nor exclusive: RabbitMQ 4.3 and later refuse it by default"
            // The broker closes the whole connection for it (541).
            if let version, version >= Self.withoutTransientQueues { verdict.refuse(text) }
            verdict.warnings.append(text)
        }
        return verdict
    }

    func check(_ binding: AMQPBinding) -> Verdict {
        var verdict = Verdict()
        if binding.source.isEmpty || binding.destination == .exchange("") {
            verdict.refuse("the default exchange cannot be bound; it routes to each queue by its name")
        }
        checkCommon(name: binding.source, binding.arguments, &verdict)
        checkCommon(name: binding.destination.name, [:], &verdict)
        if binding.routingKey.utf8.count > 255 { verdict.refuse("the routing key has more than 255 bytes") }
        return verdict
    }

    private func checkReplicated(
        _ queue: AMQPQueue, _ kind: String, refused: [String], _ verdict: inout Verdict
    ) {
        if queue.name.isEmpty { verdict.refuse("\(kind) cannot be server-named") }
        if queue.isExclusive { verdict.refuse("\(kind) cannot be exclusive") }
        if queue.isAutoDelete { verdict.refuse("\(kind) cannot be auto-deleted") }
        if !queue.isDurable { verdict.refuse("\(kind) has to be durable") }
        for key in refused where queue.arguments[key] != nil { verdict.refuse("\(kind) takes no argument '\(key)'") }
    }

    private func checkCommon(name: String, _ arguments: AMQPTable, _ verdict: inout Verdict) {
        if name.utf8.count > 255 { verdict.refuse("the name has more than 255 bytes") }
        if let bad = arguments.firstUnsupportedByRabbitMQ {
            verdict.refuse("argument '\(bad.path)': \(bad.reason)")
        }
    }

    static let reserved = "names that begin with 'amq.' are the broker's own"
}

extension AMQPBinding.Destination {
    fileprivate var name: String {
        switch self {
        case .queue(let name), .exchange(let name): name
        }
    }
}

extension String {
    fileprivate var hasReservedPrefix: Bool { utf8.starts(with: "amq.".utf8) }
}
