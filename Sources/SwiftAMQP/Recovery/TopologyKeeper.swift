internal import AMQPTransport

/// Sees to it that what a client has declared is at the broker: on every new connection before anything else, again when
/// somebody relies on it, and again from time to time for what failed.
///
/// - Invariant: what changes is guarded by `lock`, which is a leaf; that is why the class is `@unchecked Sendable`.
///   ``restore(_:)`` and ``keep(_:)`` are called by the link's one task.
final class TopologyKeeper: @unchecked Sendable {
    /// What came of applying everything once.
    struct Application: Sendable {
        /// How many there were, with this one.
        fileprivate let number: UInt64
        /// Of everything.
        fileprivate let report: AMQPTopologyReport
        /// What was recorded then, with the names of the report.
        fileprivate let record: TopologyRecord

        func report(of selection: TopologySelection) -> AMQPTopologyReport { record.part(of: report, selection) }
    }

    /// The last one, for those who wait.
    private let applied = Watched<Application?>(nil)
    private let bell = Doorbell()
    private let retryInterval: Duration
    private let report: @Sendable (AMQPTopologyReport) -> Void

    private let lock = Lock()
    private var record: TopologyRecord
    private var failures: [AMQPTopologyFailure] = []
    /// What made the broker close the whole connection, and when: it is left out, or no connection would ever serve.
    private var culprits: [(failure: AMQPTopologyFailure, since: MonotonicTime)] = []
    /// How often everything was applied.
    private var count: UInt64 = 0
    private var isApplying = false
    /// Which application somebody waits for.
    private var wanted: UInt64 = 0

    /// - Parameter report: Told of every application, outside all locks.
    init(
        declared: AMQPTopology, retryInterval: Duration, report: @escaping @Sendable (AMQPTopologyReport) -> Void
    ) {
        record = TopologyRecord(declared: declared)
        self.retryInterval = retryInterval
        self.report = report
    }

    /// After this time what made the broker close the connection is tried once more, with a new connection.
    private static let culpritPause: Duration = .seconds(60)

    // MARK: The record

    var snapshot: AMQPTopology { lock.withLock { record.snapshot } }
    var failed: [AMQPTopologyFailure] { lock.withLock { failures } }
    var isEmpty: Bool { lock.withLock { record.steps.isEmpty } }

    func currentName(ofQueue name: String) -> String { lock.withLock { record.currentName(ofQueue: name) } }

    /// Whether the broker deletes the queue when its last consumer unsubscribes.
    func deletesWithLastConsumer(queue: String) -> Bool { lock.withLock { record.isAutoDelete(queue: queue) } }

    /// Whether the queue belongs to the consuming connection alone.
    func isExclusive(queue: String) -> Bool { lock.withLock { record.isExclusive(queue: queue) } }

    /// Changes the record, for something that the broker has taken already.
    func note(_ change: (inout TopologyRecord) -> Void) { lock.withLock { change(&record) } }

    /// Adds to what is to be there, and has it applied.
    ///
    /// - Returns: What was added, to ask for what came of it.
    @discardableResult
    func add(_ topology: AMQPTopology) -> TopologySelection {
        defer { requestCheck() }
        return lock.withLock {
            for exchange in topology.exchanges { record.didDeclare(exchange) }
            for queue in topology.queues { record.didDeclare(queue, named: queue.name) }
            for binding in topology.bindings { record.didBind(binding) }
            return record.selection(of: topology)
        }
    }

    // MARK: Waiting for it

    /// Everything is to be applied again soon.
    func requestCheck() { _ = want() }

    /// Has everything applied again. Gives the number of the application that begins after this call: one that is under
    /// way has looked at some entities before.
    private func want() -> UInt64 {
        let next = lock.withLock {
            let next = count + (isApplying ? 2 : 1)
            wanted = max(wanted, next)
            return next
        }
        bell.ring()
        return next
    }

    /// Waits until everything was applied once more from its beginning, or was reported as failed.
    ///
    /// - Parameters:
    ///   - deadline: When to stop waiting.
    ///   - connection: Stop waiting when this one has ended.
    /// - Returns: What came of it; `nil` if the task was cancelled or the waiting stopped first.
    func checked(
        until deadline: MonotonicTime = .distantFuture, over connection: AMQPConnection? = nil
    ) async -> Application? {
        let target = want()
        let check = Task { () -> Application? in
            var seen: UInt64 = 0
            while let (now, number) = await applied.next(after: seen, until: deadline) {
                if let now, now.number >= target { return now }
                seen = number
            }
            return nil
        }
        connection?.core.closed.whenCompleted { _ in check.cancel() }
        return await withTaskCancellationHandler {
            await check.value
        } onCancel: {
            check.cancel()
        }
    }

    // MARK: For the link

    /// Applies everything on a new connection.
    ///
    /// - Throws: Why the connection is of no use any more.
    func restore(_ connection: AMQPConnection) async throws(AMQPError) {
        let now = MonotonicTime.now()
        lock.withLock { culprits.removeAll { now - $0.since >= Self.culpritPause } }
        try await apply(on: connection, isNew: true)
    }

    /// Applies everything again whenever somebody waits for it, or something has failed and its time has come. Returns
    /// when the connection has ended or the task is cancelled.
    func keep(_ connection: AMQPConnection) async {
        connection.core.closed.whenCompleted { [bell] _ in bell.ring() }
        while !Task.isCancelled, connection.closeError == nil {
            let (isWanted, mustRetry) = lock.withLock { (wanted > count, !failures.isEmpty) }
            if !isWanted {
                let start = MonotonicTime.now()
                await bell.wait(atMost: mustRetry ? retryInterval : nil)
                guard mustRetry, MonotonicTime.now() - start >= retryInterval else { continue }
            }
            do throws(AMQPError) {
                try await apply(on: connection, isNew: false)
            } catch {
                // The connection is gone; what answers nothing any more must not be used by others either.
                await connection.close(timeout: .milliseconds(1))
                return
            }
        }
    }

    private func apply(on connection: AMQPConnection, isNew: Bool) async throws(AMQPError) {
        let (steps, excluded, failed) = lock.withLock {
            isApplying = true
            return (record.steps, culprits.map(\.failure), Set(failures.map(\.entity)))
        }
        defer { lock.withLock { isApplying = false } }
        // A queue of this very connection that the broker has named would be made a second time.
        let wanted = isNew ? steps : steps.filter { !$0.isServerNamedAndExclusive || failed.contains($0.entity) }
        switch await TopologyApplier(connection: connection).run(wanted, excluding: excluded) {
        case .applied(let outcome):
            let application = lock.withLock {
                failures = outcome.failures
                for (old, new) in outcome.renamedQueues { record.didRename(queue: old, to: new) }
                isApplying = false
                count += 1
                return Application(number: count, report: outcome, record: record)
            }
            applied.set(application)
            report(outcome)
        case .connectionEnded(let error, let culprit):
            if let culprit {
                let failure = AMQPTopologyFailure(entity: culprit, error: error)
                lock.withLock { culprits.append((failure, .now())) }
            }
            throw error
        }
    }
}

extension TopologyStep {
    fileprivate var isServerNamedAndExclusive: Bool {
        if case .queue(let queue, let name) = self {
            queue.name.isEmpty && queue.isExclusive && !name.isEmpty
        } else {
            false
        }
    }
}
