extension TopologyRecord {
    /// The program took this binding back.
    mutating func didUnbind(_ binding: AMQPBinding) {
        guard bindings.removeValue(forKey: BindingKey(binding)) != nil else { return }
        bindingsWent(from: [EntityName(binding.source)])
    }

    /// The program deleted this queue.
    mutating func didDelete(queue: String) {
        let name = EntityName(queue)
        forget(queue: name, includingPermanent: true)
        if let count = consumers[name] {
            consumers[name] = ConsumerCount(live: 0, orphaned: count.orphaned + count.live)
        }
    }

    /// The program deleted this exchange.
    mutating func didDelete(exchange: String) {
        forget(exchange: EntityName(exchange), includingPermanent: true)
    }

    /// A consumer of this client subscribed. Each start has one end; a lost connection is none, a consumer that comes
    /// back with the next one is the same.
    mutating func consumerStarted(onQueue queue: String) {
        consumers[EntityName(currentName(ofQueue: queue)), default: ConsumerCount()].live += 1
    }

    /// A consumer ended for good: cancelled by the program, or by the broker.
    mutating func consumerEnded(onQueue queue: String) {
        let name = EntityName(currentName(ofQueue: queue))
        guard var count = consumers[name] else { return }
        let isOrphan = count.orphaned > 0
        if isOrphan { count.orphaned -= 1 } else { count.live -= 1 }
        consumers[name] = count.orphaned + count.live > 0 ? count : nil
        if !isOrphan, count.live == 0, queues[name]?.value.isAutoDelete == true {
            forget(queue: name, includingPermanent: false)
        }
    }

    // MARK: What the broker deletes by itself

    /// A queue went, and its bindings with it. Of the program's topology nothing goes unless the program said so.
    private mutating func forget(queue name: EntityName, includingPermanent: Bool) {
        if let entry = queues[name], includingPermanent || !entry.isPermanent {
            queues[name] = nil
            forgetNames(of: name)
        }
        forgetBindings(includingPermanent: includingPermanent) { $0.destination.isQueue(name) }
    }

    /// An exchange went, and with it the bindings on both of its sides.
    private mutating func forget(exchange name: EntityName, includingPermanent: Bool) {
        if let entry = exchanges[name], includingPermanent || !entry.isPermanent { exchanges[name] = nil }
        forgetBindings(includingPermanent: includingPermanent) {
            $0.destination.isExchange(name) || EntityName($0.source) == name
        }
    }

    private mutating func forgetBindings(includingPermanent: Bool, _ isGone: (AMQPBinding) -> Bool) {
        var sources: Set<EntityName> = []
        for (key, entry) in bindings where (includingPermanent || !entry.isPermanent) && isGone(entry.value) {
            bindings[key] = nil
            sources.insert(EntityName(entry.value.source))
        }
        bindingsWent(from: sources)
    }

    /// Auto-deleted exchanges go with the last binding from them, which may be the last binding of another one.
    private mutating func bindingsWent(from sources: Set<EntityName>) {
        for name in sources {
            guard let entry = exchanges[name], entry.value.isAutoDelete else { continue }
            if bindings.values.contains(where: { EntityName($0.value.source) == name }) { continue }
            forget(exchange: name, includingPermanent: false)
        }
    }
}
