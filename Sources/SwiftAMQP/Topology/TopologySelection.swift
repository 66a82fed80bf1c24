/// Entries of a ``TopologyRecord``, whatever names their queues have by now.
struct TopologySelection: Sendable {
    fileprivate let places: Set<UInt64>
    /// Its queues, by the names that they had when it was made.
    fileprivate let queueNames: [UInt64: String]
}

extension TopologyRecord {
    /// The entries that a topology names.
    func selection(of topology: AMQPTopology) -> TopologySelection {
        let queues = topology.queues.compactMap { queue in
            self.queues[EntityName(queue.name)].map { (key: $0.place, value: queue.name) }
        }
        let places =
            topology.exchanges.compactMap { exchanges[EntityName($0.name)]?.place } + queues.map(\.key)
            + topology.bindings.compactMap { bindings[BindingKey($0)]?.place }
        return TopologySelection(
            places: Set(places), queueNames: Dictionary(queues) { first, _ in first })
    }

    /// What a report of all that is recorded says of some of it. Without those that were taken back meanwhile.
    ///
    /// - Parameter report: Of this record, with its names.
    func part(of report: AMQPTopologyReport, _ selection: TopologySelection) -> AMQPTopologyReport {
        let queueNames = Dictionary(
            queues.filter { selection.places.contains($0.value.place) }.map { ($0.value.place, $0.key.text) }
        ) { first, _ in first }
        let renamed = selection.queueNames.compactMap { place, old in
            queueNames[place].flatMap { EntityName($0) == EntityName(old) ? nil : (old, $0) }
        }
        let entities = placedSteps.filter { selection.places.contains($0.place) }.map(\.step.entity)
        let asked = Set(entities)
        let failures = report.failures.filter { asked.contains($0.entity) }
        let failed = Set(failures.map(\.entity))
        return AMQPTopologyReport(
            declared: entities.filter { !failed.contains($0) }, failures: failures,
            renamedQueues: Dictionary(renamed) { first, _ in first })
    }
}
