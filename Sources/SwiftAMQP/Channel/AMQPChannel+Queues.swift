public import AMQPWire

extension AMQPChannel {
    /// Declares a queue: creates it, or checks that it exists with the same properties.
    ///
    /// - Returns: Its name - the broker's choice for a server-named queue - and how many messages and consumers it has.
    /// - Throws: `.channelException` 406 if it exists with other properties, 405 if it is another connection's; both
    ///   close this channel.
    @discardableResult
    public func declare(_ queue: AMQPQueue) async throws(AMQPError) -> AMQPQueueStatus {
        try check(queue.arguments)
        return try await declareQueue(
            .init(
                queue: queue.name, durable: queue.isDurable, exclusive: queue.isExclusive,
                autoDelete: queue.isAutoDelete, arguments: queue.arguments))
    }

    /// Asks for a queue without creating it (a passive declare). Its arguments cannot be learned this way.
    ///
    /// The broker answers it ahead of acks, nacks and unconfirmed publishes that this channel sent before, so the counts
    /// may not include those yet.
    ///
    /// - Throws: `.channelException` 404 if there is none, which closes this channel.
    public func status(ofQueue name: String) async throws(AMQPError) -> AMQPQueueStatus {
        try await declareQueue(.init(queue: name, passive: true))
    }

    private func declareQueue(
        _ method: AMQPMethod.QueueDeclare
    ) async throws(AMQPError) -> AMQPQueueStatus {
        guard case .queueDeclareOK(let reply) = try await core.callMethod(.queueDeclare(method)) else {
            throw Self.unexpectedReply
        }
        return AMQPQueueStatus(
            name: reply.queue, messageCount: reply.messageCount, consumerCount: reply.consumerCount)
    }

    /// Binds a queue to an exchange. Binding twice is once.
    ///
    /// - Parameters:
    ///   - queue: The queue.
    ///   - exchange: The exchange.
    ///   - routingKey: What its kind makes of it: an exact key, a pattern, or nothing.
    ///   - arguments: The headers to match for a headers exchange.
    /// - Throws: `.channelException` 404 if either does not exist.
    public func bind(
        queue: String, to exchange: String, routingKey: String = "", arguments: AMQPTable = [:]
    ) async throws(AMQPError) {
        try check(arguments)
        _ = try await core.callMethod(
            .queueBind(.init(queue: queue, exchange: exchange, routingKey: routingKey, arguments: arguments)))
    }

    /// Takes a binding back. One that does not exist is no error for RabbitMQ.
    public func unbind(
        queue: String, from exchange: String, routingKey: String = "", arguments: AMQPTable = [:]
    ) async throws(AMQPError) {
        try check(arguments)
        _ = try await core.callMethod(
            .queueUnbind(.init(queue: queue, exchange: exchange, routingKey: routingKey, arguments: arguments)))
    }

    /// Drops the messages of a queue that wait to be delivered; those that wait for an ack stay.
    ///
    /// - Returns: How many were dropped.
    @discardableResult
    public func purge(queue: String) async throws(AMQPError) -> UInt32 {
        guard case .queuePurgeOK(let reply) = try await core.callMethod(.queuePurge(.init(queue: queue))) else {
            throw Self.unexpectedReply
        }
        return reply.messageCount
    }

    /// Deletes a queue. One that does not exist is no error for RabbitMQ.
    ///
    /// - Parameters:
    ///   - queue: The queue.
    ///   - ifUnused: Only if it has no consumers, else 406.
    ///   - ifEmpty: Only if it has no messages, else 406.
    /// - Returns: How many messages went with it.
    @discardableResult
    public func delete(
        queue: String, ifUnused: Bool = false, ifEmpty: Bool = false
    ) async throws(AMQPError) -> UInt32 {
        let method = AMQPMethod.queueDelete(.init(queue: queue, ifUnused: ifUnused, ifEmpty: ifEmpty))
        guard case .queueDeleteOK(let reply) = try await core.callMethod(method) else { throw Self.unexpectedReply }
        return reply.messageCount
    }

    /// RPCs are tied to their answers by the ids of both, so this cannot happen.
    static var unexpectedReply: AMQPError {
        AMQPError(.protocolViolation, "an answer of another kind came than the one that was asked for")
    }

    /// Refuses what RabbitMQ would close the connection for.
    func check(_ arguments: AMQPTable) throws(AMQPError) {
        guard !arguments.isEmpty, let bad = arguments.firstUnsupportedByRabbitMQ else { return }
        throw AMQPError(.invalidArgument, "argument '\(bad.path)': \(bad.reason)")
    }
}
