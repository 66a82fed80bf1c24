internal import AMQPTransport

extension AMQPChannel {
    /// Publishes a stream of messages, pipelined: up to `window` of them wait for their confirms at a time.
    ///
    /// The scope awaits all outcomes. If a message was not confirmed, it throws - unless `body` took the report with
    /// ``AMQPPublisher/flush()`` and so knows.
    ///
    /// ```swift
    /// try await channel.withPublisher(window: 1024) { publisher in
    ///     for id in 0..<100_000 { try await publisher.send(AMQPMessage("\(id)"), to: .queue("orders")) }
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - window: How many messages may be unconfirmed, at least 1.
    ///   - isolation: The actor to run on; the caller's.
    ///   - body: Sends.
    /// - Throws: What `body` throws; else, if messages were not confirmed, an error with the code and the outcome of
    ///   the first of them and the counts of all.
    @discardableResult
    public func withPublisher<Value>(
        window: Int = 1024, isolation: isolated (any Actor)? = #isolation,
        _ body: (AMQPPublisher) async throws -> Value
    ) async throws -> Value {
        try await core.ensureConfirms()
        let publisher = AMQPPublisher(core: PublisherCore(channel: core, window: window), channel: self)
        publisher.core.begin()
        defer { publisher.core.leave() }
        let value: Value
        do {
            value = try await body(publisher)
        } catch {
            publisher.core.end()
            _ = await publisher.core.flushed().wait()
            throw error
        }
        publisher.core.end()
        let report = await publisher.flush()
        if let first = report.failures.first,
            let error = AMQPError(first.outcome, address: AMQPAddress(exchange: "", routingKey: ""))
        {
            let cause = explained(error)
            throw AMQPError(
                cause.code,
                "\(report.failureCount) of \(report.count) messages were not confirmed (\(report)); "
                    + "the first was number \(first.sequence)", replyCode: cause.replyCode ?? error.replyCode,
                outcome: first.outcome, endpoint: cause.endpoint, underlying: cause.underlying)
        }
        return value
    }
}

/// Sends messages whose confirms are awaited together. See ``AMQPChannel/withPublisher(window:isolation:_:)``.
public struct AMQPPublisher: Sendable {
    let core: PublisherCore
    private let channel: AMQPChannel

    init(core: PublisherCore, channel: AMQPChannel) {
        self.core = core
        self.channel = channel
    }

    /// Sends a message. Suspends only while the window is full, or the connection has no room.
    ///
    /// - Returns: The number of the message, counted from 0; the report names failures by it.
    /// - Throws: What fails before the message is encoded, with the outcome `notSent`; such a message is not in the
    ///   report.
    @discardableResult
    public func send(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool = true, timeout: Duration? = nil
    ) async throws(AMQPError) -> UInt64 {
        try core.channel.check(message)
        if Task.isCancelled { throw AMQPChannel.cancelledBefore(address) }
        let submission = try core.submit(
            message, to: address, isMandatory: isMandatory, timeout: timeout, mayWait: true)
        if let ticket = submission.ticket {
            if let outcome = await core.wait(ticket, sequence: submission.sequence),
                let error = AMQPError(outcome, address: address)
            {
                throw channel.explained(error)
            }
        } else if submission.actions.isTimeToYield {
            await Task.yield()
        }
        return submission.sequence
    }

    /// As ``send(_:to:isMandatory:timeout:)``, for those who cannot wait.
    ///
    /// - Throws: `.wouldBlock` if the window is full or the connection has no room.
    @discardableResult
    public func trySend(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool = true, timeout: Duration? = nil
    ) throws(AMQPError) -> UInt64 {
        try core.channel.check(message)
        return try core.submit(message, to: address, isMandatory: isMandatory, timeout: timeout, mayWait: false)
            .sequence
    }

    /// Waits until every message sent so far has its outcome, and takes the report of what happened since the last
    /// flush. What it names is no longer an error of the scope.
    ///
    /// Bounded by the deadlines of the messages; cancelling the task does not cut it short.
    public func flush() async -> AMQPPublishReport {
        _ = await core.flushed().wait()
        return core.takeReport()
    }
}
