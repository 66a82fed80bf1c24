internal import AMQPTransport

// How a client ends: in good order, or at once.
extension ClientCore {
    /// See ``AMQPClient/run(shutdownDeadline:)``.
    func run(shutdownDeadline: Duration) async throws(AMQPError) {
        do throws(AMQPError) {
            try await connect([.publishing, .consuming])
        } catch {
            if error.code != .cancelled, lock.withLock({ shutdown == nil }) { throw error }
        }
        while true {
            let (state, version) = status.state.snapshot
            if case .closed(let error) = state {
                if lock.withLock({ shutdown == nil }) { throw error }
                return
            }
            if await status.state.next(after: version) == nil, Task.isCancelled {
                _ = await shutDown(within: shutdownDeadline)
                return
            }
        }
    }

    /// See ``AMQPClient/shutdown(deadline:)``.
    func shutDown(within duration: Duration) async -> AMQPShutdownReport {
        let promise = Promise<AMQPShutdownReport>()
        let running = lock.withLock {
            let running = shutdown
            if running == nil { shutdown = promise }
            return running
        }
        if let running {
            if case .success(let report) = await running.wait() { return report }
            return AMQPShutdownReport()
        }
        // In a task of its own: who asked for it may be cancelled, what was handed in is not.
        Task { promise.complete(.success(await end(within: duration))) }
        if case .success(let report) = await promise.wait() { return report }
        return AMQPShutdownReport()
    }

    /// Consumers first, because their handlers may publish; then publishers; then the connections.
    private func end(within duration: Duration) async -> AMQPShutdownReport {
        let deadline = MonotonicTime.now() + max(duration, .zero)
        let before = counters.snapshot
        status.beginDraining()
        let consumed = await endConsumers(by: deadline)
        status.beginClosing()
        let reason = ClientStatus.shutDown
        let all = lock.withLock { publishers }
        for each in all { each.publisher.close(reason) }
        let isDrained = await drain(all.map(\.publisher), until: deadline)
        let left = backlog
        for each in all { each.keeper.cancel() }
        // What waits here ends at once; what is on the wire, with its connection.
        for each in all { each.publisher.abandon(reason) }
        let remaining = max(deadline - .now(), Self.hardCloseTimeout)
        let timeout = isDrained && consumed.isSettled ? remaining : Self.hardCloseTimeout
        async let first: Void = publishing.stop(reason, timeout: timeout)
        async let second: Void = consuming.stop(reason, timeout: timeout)
        async let third: Void = consumingAutomatically.stop(reason, timeout: timeout)
        _ = await (first, second, third)
        for each in all {
            await each.keeper.value
            each.publisher.abandon(reason)
        }
        status.close(AMQPError(.closed, "the client was shut down by this program"))
        return AMQPShutdownReport(
            publishes: counters.snapshot - before, abandoned: isDrained ? 0 : left.messages,
            deliveries: consumed.counts, unfinishedHandlers: consumed.unfinishedHandlers,
            isTimedOut: !isDrained || !consumed.isSettled)
    }

    private struct Consumed {
        var counts = AMQPDeliveryCounts()
        var unfinishedHandlers = 0
        var isSettled = true
    }

    private func endConsumers(by deadline: MonotonicTime) async -> Consumed {
        let all = lock.withLock { Array(consumers.values) }
        let before = all.map(\.counters.snapshot)
        var consumed = Consumed()
        await withTaskGroup(of: Bool.self) { group in
            for consumer in all { group.addTask { await consumer.stop(by: deadline) } }
            for await isSettled in group where !isSettled { consumed.isSettled = false }
        }
        for (consumer, before) in zip(all, before) {
            consumed.counts = consumed.counts + (consumer.counters.snapshot - before)
            consumed.unfinishedHandlers += consumer.busyCount
        }
        for consumer in all { forget(consumer) }
        return consumed
    }

    /// How long the broker gets to answer a close when the deadline has passed already.
    private static let hardCloseTimeout: Duration = .milliseconds(100)

    /// Whether everything had its outcome in time.
    private func drain(_ publishers: [ResendingPublisher], until deadline: MonotonicTime) async -> Bool {
        await Promise.wait(forAll: publishers.map { $0.drained() }, until: deadline)
    }

    /// Nobody holds the client any more.
    func abandon() {
        guard lock.withLock({ shutdown == nil }) else { return }
        end(AMQPError(.closed, "the client was let go without a shutdown"))
    }

    /// Ends everything without waiting: nobody holds the client any more, or a connection may not come back.
    func end(_ reason: AMQPError) {
        // First: whoever is refused or ended from now on is told this and nothing else.
        status.close(reason)
        for each in lock.withLock({ publishers }) {
            each.publisher.close(reason)
            each.keeper.cancel()
            each.publisher.abandon(reason)
        }
        for consumer in lock.withLock({ Array(consumers.values) }) { consumer.abandon(reason) }
        publishing.abandon(reason)
        consuming.abandon(reason)
        consumingAutomatically.abandon(reason)
    }
}
