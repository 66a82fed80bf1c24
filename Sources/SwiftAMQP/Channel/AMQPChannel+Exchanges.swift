public import AMQPWire

extension AMQPChannel {
    /// Declares an exchange: creates it, or checks that it exists with the same properties.
    ///
    /// - Throws: `.channelException` 406 if it exists with other properties, 403 for names that begin with `amq.`;
    ///   both close this channel. A kind that the broker does not know closes the connection (503).
    public func declare(_ exchange: AMQPExchange) async throws(AMQPError) {
        try check(exchange.arguments)
        _ = try await core.callMethod(
            .exchangeDeclare(
                .init(
                    exchange: exchange.name, type: exchange.kind.rawValue, durable: exchange.isDurable,
                    autoDelete: exchange.isAutoDelete, isInternal: exchange.isInternal,
                    arguments: exchange.arguments)))
    }

    /// Asks whether an exchange exists (a passive declare).
    ///
    /// - Throws: `.channelException` 404 if there is none, which closes this channel.
    public func checkExchange(_ name: String) async throws(AMQPError) {
        // The kind is not compared by a passive declare.
        _ = try await core.callMethod(.exchangeDeclare(.init(exchange: name, type: "direct", passive: true)))
    }

    /// Deletes an exchange, with its bindings. One that does not exist is no error for RabbitMQ.
    ///
    /// - Parameters:
    ///   - exchange: The exchange.
    ///   - ifUnused: Only if nothing is bound to it, else 406.
    public func delete(exchange: String, ifUnused: Bool = false) async throws(AMQPError) {
        _ = try await core.callMethod(.exchangeDelete(.init(exchange: exchange, ifUnused: ifUnused)))
    }

    /// Binds an exchange to another one (https://www.rabbitmq.com/e2e.html).
    ///
    /// - Parameters:
    ///   - destination: Gets the messages.
    ///   - source: Where they come from.
    ///   - routingKey: What the kind of `source` makes of it.
    ///   - arguments: The headers to match, where `source` is a headers exchange.
    public func bind(
        exchange destination: String, to source: String, routingKey: String = "", arguments: AMQPTable = [:]
    ) async throws(AMQPError) {
        try check(arguments)
        _ = try await core.callMethod(
            .exchangeBind(
                .init(destination: destination, source: source, routingKey: routingKey, arguments: arguments)))
    }

    /// Takes a binding between exchanges back.
    public func unbind(
        exchange destination: String, from source: String, routingKey: String = "", arguments: AMQPTable = [:]
    ) async throws(AMQPError) {
        try check(arguments)
        _ = try await core.callMethod(
            .exchangeUnbind(
                .init(destination: destination, source: source, routingKey: routingKey, arguments: arguments)))
    }
}
