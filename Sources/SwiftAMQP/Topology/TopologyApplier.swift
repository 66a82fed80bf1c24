/// Applies the steps of a topology on one connection.
///
/// One step after the other, on one channel, which is opened anew when the broker refuses a step. So n entities take
/// n round trips, and one more for each that is refused; and where a step makes the broker close the whole connection,
/// it is clear which one it was.
struct TopologyApplier {
    /// How applying ended.
    enum Outcome: Sendable {
        case applied(AMQPTopologyReport)
        /// The connection is gone, or answers nothing any more. `culprit` is the entity that the broker closed it for:
        /// with the next connection it would do so again.
        case connectionEnded(AMQPError, culprit: AMQPTopologyEntity?)
    }

    private let connection: AMQPConnection

    init(connection: AMQPConnection) { self.connection = connection }

    /// Declares what the steps say. What fails is reported, and the rest is declared all the same; a binding whose queue
    /// or exchange failed in this run is not tried. Each request has the connection's `rpcTimeout`.
    ///
    /// An exclusive server-named queue is declared anew whenever its step is among `steps`: where it exists on this very
    /// connection, leave the step out.
    ///
    /// - Throws: Why the connection is of no use any more; `.cancelled`.
    func apply(_ steps: [TopologyStep]) async throws(AMQPError) -> AMQPTopologyReport {
        switch await run(steps) {
        case .applied(let report): return report
        case .connectionEnded(let error, _): throw error
        }
    }

    /// As ``apply(_:)``, and says which entity made the broker close the connection, if one did.
    ///
    /// - Parameters:
    ///   - steps: What to declare.
    ///   - excluded: Entities that are not tried, for such a reason: they are reported as failed with it.
    func run(_ steps: [TopologyStep], excluding excluded: [AMQPTopologyFailure] = []) async -> Outcome {
        var progress = Progress()
        let channel = TopologyChannel(connection: connection)
        for step in steps {
            if let failure = excluded.first(where: { $0.entity == step.entity }) {
                progress.failed(step, failure.error)
                continue
            }
            do throws(AMQPError) {
                try await apply(step, on: channel, &progress)
            } catch {
                return .connectionEnded(error, culprit: error.isVerdict ? step.entity : nil)
            }
        }
        return .applied(progress.report)
    }

    private func apply(
        _ step: TopologyStep, on channel: TopologyChannel, _ progress: inout Progress
    ) async throws(AMQPError) {
        let result: Result<String?, AMQPError>
        switch step {
        case .exchange(let exchange):
            result = try await channel.attempt { (channel) throws(AMQPError) in
                try await channel.declare(exchange)
                return nil
            }
        case .queue(let queue, let recordedName):
            result = try await declare(queue, recordedName, on: channel)
        case .binding(let recorded):
            let binding = progress.renamed(recorded)
            if let cause = progress.failure(ofEndsOf: binding) {
                return progress.failed(.binding(binding), cause)
            }
            result = try await channel.attempt { (channel) throws(AMQPError) in
                try await channel.bind(binding)
                return nil
            }
        }
        switch result {
        case .success(let newName): progress.succeeded(step, newName: newName)
        case .failure(let error): progress.failed(step, error)
        }
    }

    /// Gives the name that the broker chose, if it chose one.
    private func declare(
        _ queue: AMQPQueue, _ recordedName: String, on channel: TopologyChannel
    ) async throws(AMQPError) -> Result<String?, AMQPError> {
        // One that is not exclusive survives its connection, with messages in it. It cannot be declared by its name,
        // which is a reserved one, but asked for.
        if queue.name.isEmpty, !queue.isExclusive, !recordedName.isEmpty {
            let known = try await channel.attempt { (channel) throws(AMQPError) in
                try await channel.status(ofQueue: recordedName)
            }
            switch known {
            case .success: return .success(nil)
            case .failure(let error): if error.replyCode != 404 { return .failure(error) }
            }
        }
        return try await channel.attempt { (channel) throws(AMQPError) in
            let name = try await channel.declare(queue).name
            return queue.name.isEmpty ? name : nil
        }
    }
}

extension TopologyApplier {
    /// What became of the steps so far.
    private struct Progress {
        private var declared: [AMQPTopologyEntity] = []
        private var failures: [AMQPTopologyFailure] = []
        private var renamedQueues: [String: String] = [:]
        private var failedExchanges: [EntityName: AMQPTopologyFailure] = [:]
        private var failedQueues: [EntityName: AMQPTopologyFailure] = [:]

        var report: AMQPTopologyReport {
            AMQPTopologyReport(declared: declared, failures: failures, renamedQueues: renamedQueues)
        }

        mutating func succeeded(_ step: TopologyStep, newName: String?) {
            switch step {
            case .queue(_, let recordedName):
                if let newName, newName != recordedName { renamedQueues[recordedName] = newName }
                declared.append(.queue(newName ?? recordedName))
            case .binding(let binding): declared.append(.binding(renamed(binding)))
            case .exchange: declared.append(step.entity)
            }
        }

        mutating func failed(_ step: TopologyStep, _ error: AMQPError) {
            var entity = step.entity
            if case .binding(let binding) = step { entity = .binding(renamed(binding)) }
            let failure = AMQPTopologyFailure(entity: entity, error: error)
            failures.append(failure)
            switch step {
            case .exchange(let exchange): failedExchanges[EntityName(exchange.name)] = failure
            case .queue(_, let recordedName): failedQueues[EntityName(recordedName)] = failure
            case .binding: break
            }
        }

        /// The binding with the name that its queue has now.
        func renamed(_ binding: AMQPBinding) -> AMQPBinding {
            guard case .queue(let name) = binding.destination, let newName = renamedQueues[name] else { return binding }
            var renamed = binding
            renamed.destination = .queue(newName)
            return renamed
        }

        /// Why this binding need not be tried, if so.
        func failure(ofEndsOf binding: AMQPBinding) -> AMQPError? {
            let destination =
                switch binding.destination {
                case .queue(let name): failedQueues[EntityName(name)]
                case .exchange(let name): failedExchanges[EntityName(name)]
                }
            guard let failure = failedExchanges[EntityName(binding.source)] ?? destination else { return nil }
            return AMQPError(
                failure.error.code, "not tried, because \(failure.entity) could not be declared",
                replyCode: failure.error.replyCode, underlying: failure.error)
        }
    }
}

extension AMQPChannel {
    func bind(_ binding: AMQPBinding) async throws(AMQPError) {
        switch binding.destination {
        case .queue(let queue):
            try await bind(
                queue: queue, to: binding.source, routingKey: binding.routingKey, arguments: binding.arguments)
        case .exchange(let exchange):
            try await bind(
                exchange: exchange, to: binding.source, routingKey: binding.routingKey, arguments: binding.arguments)
        }
    }
}

extension AMQPError {
    /// Whether the broker closed the connection for what was asked of it, and not because somebody closes connections.
    ///
    /// An exchange kind that it does not know is a 503, a queue that it does not allow any more a 541.
    var isVerdict: Bool { code == .connectionClosedByPeer && replyCode != 320 }
}
