internal import AMQPTransport

extension AMQPClient {
    /// A plain channel on the consuming connection, once there is one: it does not outlive that connection.
    ///
    /// - Parameter timeout: When to give up; by default the first endpoint's `rpcTimeout`.
    /// - Throws: `.timeout` if the client gets no connection in time; `.channelIDsExhausted`; `.cancelled`; why the client
    ///   ended.
    package func openChannel(timeout: Duration? = nil) async throws(AMQPError) -> AMQPChannel {
        try await core.onConnection(timeout) { (connection, deadline) throws(AMQPError) in
            try await connection.openChannel(timeout: deadline - .now())
        }
    }
}

extension AMQPChannel {
    /// Whether the channel has transactions.
    package var isTransactional: Bool { core.lock.withLock { core.isTransactional } }
}
