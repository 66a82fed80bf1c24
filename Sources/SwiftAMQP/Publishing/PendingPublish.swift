internal import AMQPTransport

/// A publish that was handed in, and whose outcome is awaited later, or never.
///
/// - Invariant: guarded by the outbox lock, as ``PublishOwner`` says. `channel` is constant.
final class PendingPublish: SinglePublish, @unchecked Sendable {
    let channel: ChannelCore
    @exclusivity(unchecked) private var waiting: UnsafeContinuation<AMQPPublishOutcome, Never>?
    /// More than one task may await the handle of one publish; that is rare.
    @exclusivity(unchecked) private var alsoWaiting: [UnsafeContinuation<AMQPPublishOutcome, Never>] = []
    @exclusivity(unchecked) private var awaitingRoom: UnsafeContinuation<Void, Never>?

    init(channel: ChannelCore) { self.channel = channel }

    override func didEncode(tag: UInt64, sequence: UInt64, _ wakeups: inout Wakeups) {
        place = .encoded(tag: tag)
        resumeRoom(&wakeups)
    }

    override func settle(_ outcome: AMQPPublishOutcome, sequence: UInt64, _ wakeups: inout Wakeups) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        if let waiting { wakeups.resume(waiting, with: outcome) }
        waiting = nil
        for continuation in alsoWaiting { wakeups.resume(continuation, with: outcome) }
        alsoWaiting = []
        resumeRoom(&wakeups)
    }

    /// Waits for the outcome. A cancelled task ends the publish: as not sent where it was not encoded yet, else as
    /// unknown.
    func wait() async -> AMQPPublishOutcome {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                channel.lock.lock()
                if let outcome {
                    channel.lock.unlock()
                    continuation.resume(returning: outcome)
                    return
                }
                if waiting == nil { waiting = continuation } else { alsoWaiting.append(continuation) }
                channel.lock.unlock()
            }
        } onCancel: {
            channel.cancel(self)
        }
    }

    /// Waits until the publish was encoded, or has ended. A cancelled task ends it as not sent, if it still waits.
    func waitForRoom() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                channel.lock.lock()
                guard outcome == nil, case .waiting = place else {
                    channel.lock.unlock()
                    continuation.resume()
                    return
                }
                awaitingRoom = continuation
                channel.lock.unlock()
            }
        } onCancel: {
            channel.cancel(self, onlyIfWaiting: true)
        }
    }

    private func resumeRoom(_ wakeups: inout Wakeups) {
        if let awaitingRoom { wakeups.resume(awaitingRoom) }
        awaitingRoom = nil
    }
}
