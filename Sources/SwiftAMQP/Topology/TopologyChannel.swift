internal import AMQPTransport

/// The channel that topology is applied or planned on: opened when it is first needed, and anew after an exception.
///
/// - Invariant: used by one task at a time.
final class TopologyChannel {
    private let connection: AMQPConnection
    private var channel: AMQPChannel?

    init(connection: AMQPConnection) { self.connection = connection }

    /// Runs `operation` and gives how it ended, if it ended: the broker may refuse it, which closes the channel.
    ///
    /// - Throws: Why the connection is of no use any more, and `.cancelled`.
    func attempt<Value>(
        _ operation: (AMQPChannel) async throws(AMQPError) -> Value
    ) async throws(AMQPError) -> Result<Value, AMQPError> {
        let channel: AMQPChannel
        do throws(AMQPError) {
            channel = try await openChannel()
        } catch {
            // All channel ids may be in use for the moment. Everything else than that is the connection's fault, also
            // a channel.open without an answer.
            if error.code == .channelIDsExhausted { return .failure(error) }
            throw error
        }
        do throws(AMQPError) {
            return .success(try await operation(channel))
        } catch {
            if error.code == .cancelled || connection.core.lock.withLock({ connection.core.refusal() != nil }) {
                throw error
            }
            return .failure(error)
        }
    }

    private func openChannel() async throws(AMQPError) -> AMQPChannel {
        if let channel, channel.isOpen { return channel }
        let opened = try await connection.openChannel()
        channel = opened
        return opened
    }
}
