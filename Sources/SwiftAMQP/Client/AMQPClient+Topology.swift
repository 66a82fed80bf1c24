internal import AMQPTransport

/// Declaring at run time. What the broker takes is recorded, and restored on every new connection.
///
/// Everything here goes over the consuming connection, each call on a channel of its own: one that fails harms no other.
/// While the client recovers, calls wait; one whose connection is lost under it is made again, for all of them may be made
/// twice. One for which the broker closes the connection (an exchange kind that it does not know) is made twice and then throws
/// `.connectionClosedByPeer`. `timeout` is when to give up, by default the first endpoint's `rpcTimeout`.
extension AMQPClient {
    /// Everything that is restored on a new connection: the program's topology and what was declared since.
    public var topology: AMQPTopology { core.topology.snapshot }

    /// Says what declaring this would do, without creating anything: what exists, what would be made, what would fail and why.
    ///
    /// - Throws: `.timeout` if the client gets no connection in time; `.cancelled`; why the client ended.
    public func plan(_ topology: AMQPTopology, timeout: Duration? = nil) async throws(AMQPError) -> AMQPTopologyPlan {
        try await core.onConnection(timeout) { (connection, _) throws(AMQPError) in
            try await TopologyPlanner(connection: connection).plan(topology)
        }
    }

    /// Declares all of this, now and on every new connection. What fails does not stop the rest; it shows in the report and
    /// in the client's state, and is tried again from time to time until it can be declared or is deleted.
    ///
    /// - Returns: What became of this topology. What the client declared before is applied again at the same time; whether that
    ///   failed is in its state.
    /// - Throws: `.invalidArgument` for a topology that contradicts itself, of which nothing is declared
    ///   (``AMQPTopology/validate()``); `.timeout` if the client gets no connection in time: it is applied with the next one
    ///   then; `.cancelled`; why the client ended.
    @discardableResult
    public func apply(_ topology: AMQPTopology, timeout: Duration? = nil) async throws(AMQPError) -> AMQPTopologyReport
    {
        try topology.validate()
        let added = core.topology.add(topology)
        return try await core.onConnection(timeout) { (connection, deadline) throws(AMQPError) in
            guard let application = await core.topology.checked(until: deadline, over: connection) else {
                if let error = connection.closeError { throw error }
                throw AMQPError(.timeout, "the topology was not applied in time")
            }
            return application.report(of: added)
        }
    }

    /// Declares an exchange, now and on every new connection.
    ///
    /// - Throws: `.channelException` 406 if it exists with other properties; `.timeout`; `.cancelled`; why the client ended.
    public func declare(_ exchange: AMQPExchange, timeout: Duration? = nil) async throws(AMQPError) {
        try await core.ask(timeout) { (channel) throws(AMQPError) in
            try await channel.declare(exchange)
        } record: { record, _ in
            record.didDeclare(exchange)
        }
    }

    /// Declares a queue, now and on every new connection.
    ///
    /// - Returns: Its name, and how many messages and consumers it has. The name of a server-named queue changes with the
    ///   connection: ``currentName(ofQueue:)`` follows it.
    /// - Throws: As ``declare(_:timeout:)-(AMQPExchange,_)``; 405 if it is another connection's.
    @discardableResult
    public func declare(_ queue: AMQPQueue, timeout: Duration? = nil) async throws(AMQPError) -> AMQPQueueStatus {
        try await core.ask(timeout) { (channel) throws(AMQPError) in
            try await channel.declare(queue)
        } record: { record, status in
            record.didDeclare(queue, named: status.name)
        }
    }

    /// Binds, now and on every new connection.
    ///
    /// - Throws: `.channelException` 404 if an end does not exist.
    public func bind(_ binding: AMQPBinding, timeout: Duration? = nil) async throws(AMQPError) {
        try await core.ask(timeout) { (channel) throws(AMQPError) in
            try await channel.bind(binding)
        } record: { record, _ in
            record.didBind(binding)
        }
    }

    /// Takes a binding back, for good.
    public func unbind(_ binding: AMQPBinding, timeout: Duration? = nil) async throws(AMQPError) {
        try await core.ask(timeout) { (channel) throws(AMQPError) in
            try await channel.unbind(binding)
        } record: { record, _ in
            record.didUnbind(binding)
        }
    }

    /// Deletes a queue, for good, with its bindings.
    ///
    /// - Returns: How many messages went with it.
    @discardableResult
    public func delete(
        queue: String, ifUnused: Bool = false, ifEmpty: Bool = false, timeout: Duration? = nil
    ) async throws(AMQPError) -> UInt32 {
        try await core.ask(timeout) { (channel) throws(AMQPError) in
            try await channel.delete(queue: queue, ifUnused: ifUnused, ifEmpty: ifEmpty)
        } record: { record, _ in
            record.didDelete(queue: queue)
        }
    }

    /// Deletes an exchange, for good, with its bindings.
    public func delete(
        exchange: String, ifUnused: Bool = false, timeout: Duration? = nil
    ) async throws(AMQPError) {
        try await core.ask(timeout) { (channel) throws(AMQPError) in
            try await channel.delete(exchange: exchange, ifUnused: ifUnused)
        } record: { record, _ in
            record.didDelete(exchange: exchange)
        }
    }

    /// How many messages and consumers a queue has (a passive declare).
    public func status(ofQueue name: String, timeout: Duration? = nil) async throws(AMQPError) -> AMQPQueueStatus {
        try await core.ask(timeout) { (channel) throws(AMQPError) in
            try await channel.status(ofQueue: name)
        }
    }

    /// Drops the messages of a queue that wait to be delivered.
    ///
    /// - Returns: How many; of a call that was made again, what the last one dropped.
    @discardableResult
    public func purge(queue: String, timeout: Duration? = nil) async throws(AMQPError) -> UInt32 {
        try await core.ask(timeout) { (channel) throws(AMQPError) in
            try await channel.purge(queue: queue)
        }
    }

    /// The name that a server-named queue has now, by any name that it has had; every other name as it is.
    public func currentName(ofQueue name: String) -> String { core.topology.currentName(ofQueue: name) }
}

extension ClientCore {
    /// Asks the broker something that may be asked twice, on a channel of its own, over as many connections as it takes.
    ///
    /// - Parameter record: What is to be restored from now on, once the broker has answered.
    func ask<Value: Sendable>(
        _ timeout: Duration?, _ body: (AMQPChannel) async throws(AMQPError) -> Value,
        record: ((inout TopologyRecord, Value) -> Void)? = nil
    ) async throws(AMQPError) -> Value {
        // The first connection that the broker closes under it may have been closed for something else.
        try await onConnection(timeout, verdictLimit: 2) { (connection, deadline) throws(AMQPError) in
            let channel = try await connection.openChannel(timeout: deadline - .now())
            let timer = Deadline(loop: .shared, at: deadline) {
                channel.core.giveUp(AMQPError(.timeout, "the broker did not answer in time"))
            }
            defer {
                timer.cancel()
                channel.core.requestClose()
            }
            let value = try await body(channel)
            if let record {
                topology.note { record(&$0, value) }
                // It was restored without this, if it has been restored since.
                if connection.closeError != nil { topology.requestCheck() }
            }
            return value
        }
    }

    /// Does something that may be done twice, over as many connections as it takes.
    ///
    /// - Parameter verdictLimit: After how many connections that the broker has closed for something that was asked of it, this is
    ///   taken for what it was.
    func onConnection<Value: Sendable>(
        _ timeout: Duration?, verdictLimit: Int = .max,
        _ body: (AMQPConnection, _ deadline: MonotonicTime) async throws(AMQPError) -> Value
    ) async throws(AMQPError) -> Value {
        if let refusal = status.refusal { throw refusal }
        consuming.start()
        let limit = timeout ?? configuration.endpoints.first?.rpcTimeout ?? .seconds(30)
        let deadline = MonotonicTime.now() + limit
        var lastError: AMQPError?
        var verdicts = 0
        while true {
            guard let connection = await consuming.openConnection(until: deadline) else {
                if Task.isCancelled { throw AMQPError(.cancelled, "cancelled while the client was recovering") }
                if let refusal = status.refusal { throw refusal }
                throw AMQPError(.timeout, "the client had no connection within \(limit)", underlying: lastError)
            }
            do throws(AMQPError) {
                return try await body(connection, deadline)
            } catch {
                guard !connection.isUsable, error.code != .cancelled else { throw error }
                if error.isVerdict { verdicts += 1 }
                if verdicts >= verdictLimit { throw error }
                lastError = error
            }
        }
    }
}

extension AMQPChannel {
    fileprivate func unbind(_ binding: AMQPBinding) async throws(AMQPError) {
        switch binding.destination {
        case .queue(let queue):
            try await unbind(
                queue: queue, from: binding.source, routingKey: binding.routingKey, arguments: binding.arguments)
        case .exchange(let exchange):
            try await unbind(
                exchange: exchange, from: binding.source, routingKey: binding.routingKey,
                arguments: binding.arguments)
        }
    }
}
