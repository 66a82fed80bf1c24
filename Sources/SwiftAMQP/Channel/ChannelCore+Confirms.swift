internal import AMQPTransport
internal import AMQPWire
internal import Synchronization

extension ChannelCore {
    /// Whether the channel is in confirm mode.
    var hasConfirms: Bool { confirmsOn.load(ordering: .acquiring) }

    /// Puts the channel into confirm mode. However many tasks ask, `confirm.select` is sent once.
    ///
    /// - Parameter deadline: When this caller gives up; the request itself has the deadline of every RPC.
    func ensureConfirms(by deadline: MonotonicTime? = nil) async throws(AMQPError) {
        guard let selecting = try selectConfirms() else { return }
        // Each caller waits on its own: that one gives up takes nothing from the others.
        let waiter = Promise<Void>()
        selecting.promise.whenCompleted { outcome in waiter.complete(outcome.map { _ in }) }
        var timer: Deadline?
        if let deadline {
            timer = Deadline(loop: connection.loop, at: deadline) { [endpoint = connection.endpoint] in
                waiter.complete(
                    .failure(AMQPError(.timeout, "confirm.select was not answered in time", endpoint: endpoint)))
            }
        }
        defer { timer?.cancel() }
        try await waiter.value {
            waiter.complete(.failure(AMQPError(.cancelled, "cancelled while waiting for the answer to confirm.select")))
        }
    }

    /// As ``ensureConfirms(by:)``, for a publish, which has to end within `timeout`.
    ///
    /// - Returns: What is left of `timeout`.
    func ensureConfirms(within timeout: Duration?) async throws(AMQPError) -> Duration {
        let start = MonotonicTime.now()
        let whole = timeout ?? connection.configuration.publishTimeout
        do throws(AMQPError) {
            try await ensureConfirms(by: start + whole)
        } catch {
            let reason: AMQPPublishOutcome.Reason =
                switch error.code {
                case .timeout: .timeout
                case .cancelled: .cancelled
                case .invalidArgument: .rejected
                default: lock.withLock { connection.notSentReason }
                }
            throw error.with(outcome: .notSent(reason: reason))
        }
        return max(.zero, whole - .nanoseconds(MonotonicTime.now().nanoseconds - start.nanoseconds))
    }

    /// The request to wait for; `nil` if the channel is in confirm mode.
    ///
    /// The broker counts the publishes that follow confirm.select in the stream, so the counting begins when it is
    /// appended and not with its answer.
    private func selectConfirms() throws(AMQPError) -> RPC? {
        let rpc = try makeRPC(
            .confirmSelect(.init()), timeout: nil,
            onSend: { [self] in
                confirmMode = .on
                confirmsOn.store(true, ordering: .releasing)
            })
        lock.lock()
        if confirmMode == .on || isTransactional {
            let isRefused = confirmMode != .on
            lock.unlock()
            guard isRefused else { return nil }
            throw AMQPError(
                .invalidArgument, "channel \(id) has transactions; open another one for publisher confirms")
        }
        if let confirmRPC {
            lock.unlock()
            return confirmRPC
        }
        if let refusal = refusal() {
            lock.unlock()
            throw refusal
        }
        confirmRPC = rpc
        let actions = enqueue(rpc)
        lock.unlock()
        connection.perform(actions)
        rpc.promise.whenCompleted { [self] _ in lock.withLock { confirmRPC = nil } }
        return rpc
    }
}
