internal import AMQPTransport
internal import AMQPWire
internal import Synchronization

extension ChannelCore {
    /// Whether the channel is in confirm mode.
    var hasConfirms: Bool { confirmsOn.load(ordering: .acquiring) }

    /// Puts the channel into confirm mode.
    func ensureConfirms() async throws(AMQPError) {
        lock.lock()
        if confirmMode == .on {
            lock.unlock()
            return
        }
        if isTransactional {
            lock.unlock()
            throw AMQPError(
                .invalidArgument, "channel \(id) has transactions; open another one for publisher confirms")
        }
        lock.unlock()
        // The broker counts the publishes that follow confirm.select in the stream, so the counting begins when it is
        // appended and not with its answer. Two tasks that ask at once ask twice, which changes nothing.
        _ = try await call(
            .confirmSelect(.init()),
            onSend: { [self] in
                confirmMode = .on
                confirmsOn.store(true, ordering: .releasing)
            })
    }
}
