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

    /// The scope is over.
    @exclusivity(unchecked) private var isEnded = false
    @exclusivity(unchecked) private var unconfirmed = 0
    @exclusivity(unchecked) private var waiting = FIFO<PublishRequest>()
    @exclusivity(unchecked) private var tickets: [UInt64: Ticket] = [:]
    /// No ticket has a lower number: those who wait are younger than those who do not.
    @exclusivity(unchecked) private var lowestTicket = UInt64.max
    @exclusivity(unchecked) private var nextSequence: UInt64 = 0
    @exclusivity(unchecked) private(set) var report = AMQPPublishReport()
    @exclusivity(unchecked) private var flushPromises: [Promise<Void>] = []

    init(channel: ChannelCore, window: Int) {
        self.channel = channel
        self.window = max(1, window)
        resumeMark = self.window - max(1, self.window / 4)
    }

    /// ``AMQPChannel/withPublisher(window:isolation:_:)`` holds it until every publish has its outcome.
    override var isRetainedByTracker: Bool { false }

    var hasWaiting: Bool { !waiting.isEmpty }

    var earliestDeadline: Int64 {
        var earliest = Int64.max
        waiting.forEach { earliest = min(earliest, $0.deadline) }
        return earliest
    }

    /// What became of a submission: its number, the ticket to wait with if it has to wait.
    struct Submission {
        var sequence: UInt64 = 0
        var ticket: Ticket?
        var actions = ConnectionCore.Actions()
        var failure: AMQPError?
    }

    /// Submits a publish.
    @inline(__always)
    func submit(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool, timeout: Duration?, mayWait: Bool
    ) throws(AMQPError) -> Submission {
        let bodyHash = isMandatory ? PublishFingerprint.bodyHash(message.body) : 0
        let deadline = channel.deadline(timeout)
        channel.lock.lock()
        let submission = submitLocked(
            message, address, isMandatory: isMandatory, bodyHash: bodyHash, deadline: deadline, mayWait: mayWait)
        channel.lock.unlock()
        channel.connection.perform(submission.actions)
        if let failure = submission.failure { throw failure }
        return submission
    }

    @inline(__always)
    private func submitLocked(
        _ message: AMQPMessage, _ address: AMQPAddress, isMandatory: Bool, bodyHash: UInt64, deadline: Int64,
        mayWait: Bool
    ) -> Submission {
        var submission = Submission(sequence: nextSequence)
        guard waiting.isEmpty, unconfirmed < window, channel.isUsable, !isEnded else {
            if isEnded {
                submission.failure = AMQPError(
                    .closed, "the scope of the publisher is over", outcome: .notSent(reason: .channelClosed))
            } else if let refusal = channel.refusal() {
                submission.failure = refusal.with(outcome: .notSent(reason: channel.connection.notSentReason))
            } else if mayWait, let error = channel.refusal(of: message, address, isMandatory: isMandatory) {
                submission.failure = error
            } else if mayWait {
                nextSequence += 1
                waiting.append(
                    PublishRequest(
                        message: message, address: address, isMandatory: isMandatory, deadline: deadline,
                        bodyHash: bodyHash, owner: self, sequence: submission.sequence))
                submission.ticket = ticket(for: submission.sequence)
                submission.actions = channel.connection.noteDeadline(deadline)
            } else {
                submission.failure = .wouldBlock("the publisher's window of \(window) is full")
            }
            return submission
        }
        let outcome = channel.submitLocked(
            message, address, isMandatory: isMandatory, bodyHash: bodyHash, deadline: deadline, owner: self,
            sequence: submission.sequence, mayWait: mayWait, urgency: .batched)
        submission.actions = outcome.actions
        switch outcome.admission {
        case .encoded: break
        case .waiting: submission.ticket = ticket(for: submission.sequence)
        case .refused:
            submission.failure = .wouldBlock("the connection takes no publish right now")
            return submission
        case .failed(let error):
            submission.failure = error
            return submission
        }
        nextSequence += 1
        unconfirmed += 1
        return submission
    }

    private func ticket(for sequence: UInt64) -> Ticket {
        let ticket = Ticket()
        if tickets.isEmpty { lowestTicket = sequence }
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

    override func didEncode(tag: UInt64, sequence: UInt64, _ wakeups: inout Wakeups) {
        guard let ticket = takeTicket(sequence) else { return }
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
        if let ticket = takeTicket(sequence) {
            // `send` still waits and throws it.
            ticket.outcome = outcome
            if let continuation = ticket.continuation { wakeups.resume(continuation) }
            ticket.continuation = nil
        } else {
            report.count(outcome, sequence: sequence)
        }
        completeFlush(&wakeups)
    }

    @inline(__always)
    private func takeTicket(_ sequence: UInt64) -> Ticket? {
        guard sequence >= lowestTicket, !tickets.isEmpty else { return nil }
        return tickets.removeValue(forKey: sequence)
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
            let outcome = channel.submitLocked(
                request.message, request.address, isMandatory: request.isMandatory, bodyHash: request.bodyHash,
                deadline: request.deadline, owner: self, sequence: request.sequence, mayWait: true, urgency: nil)
            switch outcome.admission {
            case .encoded(let tag): didEncode(tag: tag, sequence: request.sequence, &wakeups)
            case .waiting: break
            case .refused, .failed:
                let reason = channel.isUsable ? .rejected : channel.connection.notSentReason
                settle(.notSent(reason: reason), sequence: request.sequence, &wakeups)
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

    /// The scope begins: deadlines and the end of the channel reach those who wait.
    func begin() { channel.lock.withLock { channel.windows.append(self) } }

    /// The scope is over: what still waits, sent by a task that outlived it, is not sent.
    func end() {
        var wakeups = Wakeups()
        channel.lock.lock()
        isEnded = true
        failWaiting(reason: .channelClosed, &wakeups)
        channel.lock.unlock()
        wakeups.run()
    }

    /// Nothing is left. The channel may let go of this object.
    func leave() { channel.lock.withLock { channel.windows.removeAll { $0 === self } } }

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
