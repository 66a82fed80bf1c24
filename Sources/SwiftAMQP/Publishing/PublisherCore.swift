internal import AMQPTransport

/// The publishes of one `withPublisher` scope: at most `window` of them unconfirmed, the others wait in order.
///
/// - Invariant: guarded by the outbox lock, as ``PublishOwner`` says; `channel` and `window` are constant.
final class PublisherCore: PublishOwner, @unchecked Sendable {
    /// One `send` that has to wait until its publish is encoded.
    final class Ticket: @unchecked Sendable {
        var continuation: UnsafeContinuation<Void, Never>?
        /// How the publish ended without being encoded.
        var outcome: AMQPPublishOutcome?
        var isEncoded = false
    }

    let channel: ChannelCore
    let window: Int
    /// Those who wait go on once so few are unconfirmed: one wake-up for a batch instead of one for each.
    private let resumeMark: Int

    private var unconfirmed = 0
    private var waiting = FIFO<PublishRequest>()
    private var tickets: [UInt64: Ticket] = [:]
    private var nextSequence: UInt64 = 0
    private(set) var report = AMQPPublishReport()
    private var flushPromises: [Promise<Void>] = []

    init(channel: ChannelCore, window: Int) {
        self.channel = channel
        self.window = max(1, window)
        resumeMark = self.window - max(1, self.window / 4)
    }

    var hasWaiting: Bool { !waiting.isEmpty }

    var earliestDeadline: Int64 {
        var earliest = Int64.max
        waiting.forEach { earliest = min(earliest, $0.deadline) }
        return earliest
    }

    /// Submits a publish. Gives the ticket to wait with, if it has to wait.
    func submit(
        _ request: consuming PublishRequest, mayWait: Bool
    ) throws(AMQPError) -> (sequence: UInt64, ticket: Ticket?, isTimeToYield: Bool) {
        var wakeups = Wakeups()
        channel.lock.lock()
        request.sequence = nextSequence
        let sequence = nextSequence
        let outcome = submitLocked(request, mayWait: mayWait, &wakeups)
        channel.lock.unlock()
        wakeups.run()
        let (ticket, actions) = try outcome.get()
        channel.connection.perform(actions)
        return (sequence, ticket, actions.isTimeToYield)
    }

    private func submitLocked(
        _ request: PublishRequest, mayWait: Bool, _ wakeups: inout Wakeups
    ) -> Result<(Ticket?, ConnectionCore.Actions), AMQPError> {
        if let refusal = channel.refusal() {
            return .failure(refusal.with(outcome: .notSent(reason: channel.connection.notSentReason)))
        }
        guard waiting.isEmpty, unconfirmed < window else {
            guard mayWait else { return .failure(.wouldBlock("the publisher's window of \(window) is full")) }
            nextSequence += 1
            waiting.append(request)
            return .success((ticket(for: request.sequence), channel.connection.noteDeadline(request.deadline)))
        }
        switch channel.submitLocked(request, mayWait: mayWait, urgency: .batched, &wakeups) {
        case .failure(let error): return .failure(error)
        case .success((.encoded, let actions)):
            nextSequence += 1
            unconfirmed += 1
            return .success((nil, actions))
        case .success((.waiting, let actions)):
            nextSequence += 1
            unconfirmed += 1
            return .success((ticket(for: request.sequence), actions))
        case .success((.refused, _)):
            return .failure(.wouldBlock("the connection takes no publish right now"))
        }
    }

    private func ticket(for sequence: UInt64) -> Ticket {
        let ticket = Ticket()
        tickets[sequence] = ticket
        return ticket
    }

    /// Waits until the publish of the ticket was encoded or has ended; a cancelled task ends it as not sent.
    func wait(_ ticket: Ticket, sequence: UInt64) async -> AMQPPublishOutcome? {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                channel.lock.lock()
                guard !ticket.isEncoded, ticket.outcome == nil else {
                    channel.lock.unlock()
                    continuation.resume()
                    return
                }
                ticket.continuation = continuation
                channel.lock.unlock()
            }
        } onCancel: {
            cancel(sequence: sequence)
        }
        return channel.lock.withLock { ticket.outcome }
    }

    // MARK: With the lock held

    override func didMove(to place: Place, sequence: UInt64, _ wakeups: inout Wakeups) {
        guard !tickets.isEmpty, let ticket = tickets.removeValue(forKey: sequence) else { return }
        ticket.isEncoded = true
        if let continuation = ticket.continuation { wakeups.resume(continuation) }
        ticket.continuation = nil
    }

    override func settle(_ outcome: AMQPPublishOutcome, sequence: UInt64, _ wakeups: inout Wakeups) {
        unconfirmed -= 1
        finish(outcome, sequence: sequence, &wakeups)
        if !waiting.isEmpty, unconfirmed <= resumeMark { wakeups.open(self) }
    }

    private func finish(_ outcome: AMQPPublishOutcome, sequence: UInt64, _ wakeups: inout Wakeups) {
        if !tickets.isEmpty, let ticket = tickets.removeValue(forKey: sequence) {
            // `send` still waits and throws it.
            ticket.outcome = outcome
            if let continuation = ticket.continuation { wakeups.resume(continuation) }
            ticket.continuation = nil
        } else {
            report.count(outcome, sequence: sequence)
        }
        completeFlush(&wakeups)
    }

    private func completeFlush(_ wakeups: inout Wakeups) {
        guard !flushPromises.isEmpty, unconfirmed == 0, waiting.isEmpty else { return }
        let promises = flushPromises
        flushPromises = []
        wakeups.perform { for promise in promises { promise.complete(.success(())) } }
    }

    /// The window opened: submits those who wait, as far as it goes. The caller writes what was appended.
    func admit(_ wakeups: inout Wakeups) {
        while unconfirmed < window, let request = waiting.popFirst() {
            unconfirmed += 1
            if case .failure = channel.submitLocked(request, mayWait: true, urgency: nil, &wakeups) {
                settle(.notSent(reason: channel.connection.notSentReason), sequence: request.sequence, &wakeups)
            }
        }
    }

    /// The channel is gone: what was not submitted yet will never be.
    func failWaiting(reason: AMQPPublishOutcome.Reason, _ wakeups: inout Wakeups) {
        for request in waiting.removeAll() {
            finish(.notSent(reason: reason), sequence: request.sequence, &wakeups)
        }
    }

    func expire(now: Int64, _ wakeups: inout Wakeups) {
        guard !waiting.isEmpty else { return }
        for request in waiting.removeAll(where: { $0.deadline <= now }) {
            finish(.notSent(reason: .timeout), sequence: request.sequence, &wakeups)
        }
    }

    // MARK: Without the lock

    private func cancel(sequence: UInt64) {
        var wakeups = Wakeups()
        var write = SocketStream.WriteAction.none
        channel.lock.lock()
        if tickets[sequence] != nil {
            if !waiting.removeAll(where: { $0.sequence == sequence }).isEmpty {
                finish(.notSent(reason: .cancelled), sequence: sequence, &wakeups)
            } else if !channel.waiting.removeAll(where: { $0.owner === self && $0.sequence == sequence }).isEmpty {
                settle(.notSent(reason: .cancelled), sequence: sequence, &wakeups)
            }
            write = channel.afterAnswers(&wakeups)
        }
        channel.lock.unlock()
        channel.stream.perform(write)
        wakeups.run()
    }

    /// Completed once nothing waits and nothing is unconfirmed. Every publish has a deadline, so it always is.
    func flushed() -> Promise<Void> {
        let promise = Promise<Void>()
        channel.lock.lock()
        let isIdle = unconfirmed == 0 && waiting.isEmpty
        if !isIdle { flushPromises.append(promise) }
        channel.lock.unlock()
        if isIdle { promise.complete(.success(())) }
        return promise
    }

    /// What happened since the last time, taken out.
    func takeReport() -> AMQPPublishReport {
        channel.lock.withLock {
            let taken = report
            report = AMQPPublishReport()
            return taken
        }
    }
}
