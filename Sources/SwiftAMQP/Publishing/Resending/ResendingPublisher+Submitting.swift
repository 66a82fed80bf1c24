internal import AMQPTransport
internal import AMQPWire

/// Handing in for callers without a task, a message at a time and many of them: what the C ABI does.
extension ResendingPublisher {
    /// Hands in if that needs no waiting, and has the listener told of the outcome.
    ///
    /// - Parameters:
    ///   - body: Is copied.
    ///   - addressKey: Stands for the address, as long as this object lives; 0 if nothing does.
    ///   - timeout: Nanoseconds; `nil` for that of the publisher.
    /// - Returns: Why it was not taken, or has ended at once.
    @inline(__always)
    func submit(
        copying body: UnsafeRawBufferPointer, _ properties: AMQPProperties, to address: AMQPAddress, addressKey: UInt,
        isMandatory: Bool, policy: AMQPDeliveryPolicy, timeout: Int64?, _ ticket: PublishTicket
    ) -> AMQPError? {
        if let error = refusal(of: properties) { return error }
        let (deadline, isEndless) = MonotonicTime.coarse().nanoseconds.addingReportingOverflow(timeout ?? self.timeout)
        let bodyHash = isMandatory ? PublishFingerprint.bodyHash(body) : 0
        lock.lock()
        let publish: ResendingPublish
        if let used = pool.take() {
            publish = used.takeRetainedValue()
            publish.renew(
                body, properties, to: address, addressKey: addressKey, isMandatory: isMandatory, policy: policy,
                deadline: isEndless ? .max : deadline, bodyHash: bodyHash)
        } else {
            publish = ResendingPublish(
                AMQPMessage(body: [UInt8](body), properties: properties), to: address, isMandatory: isMandatory,
                policy: policy, deadline: isEndless ? .max : deadline, publisher: self, bodyHash: bodyHash)
        }
        // Most find a channel and nobody before them: they go straight to it.
        guard refusal == nil, !isChannelSpent, let core, queue.acceptForSending(publish) else {
            return submitInLine(publish, ticket)
        }
        didTakeIn(publish)
        let submission = core._withUnsafeGuaranteedRef { core in
            core.lock.lock()
            let isAlone = core.tracker.pendingCount == 0
            var submission = publish.submitLocked(to: core)
            if case .encoded(let tag) = submission.admission {
                queue.didSend(publish, tag: tag)
                publish.watch(.listener, ticket)
                submission.actions.write = core.stream.noteAppended(isAlone ? .immediate : .batched)
            }
            core.lock.unlock()
            return submission
        }
        guard case .encoded = submission.admission else { return submitInLine(publish, ticket, submission) }
        // Most leave nothing to do, and then the connection needs not be held.
        let connection = submission.actions.isEmpty ? nil : channel?.core.connection
        lock.unlock()
        connection?.perform(submission.actions)
        return nil
    }

    @inline(__always)
    private func refusal(of properties: AMQPProperties) -> AMQPError? {
        do throws(AMQPError) {
            try ChannelCore.check(properties)
            return nil
        } catch {
            return error
        }
    }

    /// With the lock held, which it releases: submits a publish that does not go out at once.
    ///
    /// - Parameter submission: What became of it, if it was submitted to the channel already.
    @inline(never)
    private func submitInLine(
        _ publish: ResendingPublish, _ ticket: PublishTicket, _ submission: ChannelCore.Submission? = nil
    ) -> AMQPError? {
        var wakeups = Wakeups()
        var actions: Actions
        if let submission {
            actions = Actions(connection: channel?.core.connection, rest: submission.actions)
            didSubmit(publish, submission.admission, &wakeups)
            if !publish.hasOutcome { wakeAt(publish.deadline) }
        } else {
            actions = handInLocked(publish, mayWait: false, &wakeups)
        }
        let outcome = publish.outcome
        let isTaken = if case .new = publish.place { false } else { true }
        if outcome == nil {
            // Only now: of one that ends while it is handed in, the caller learns from this call.
            if isTaken { publish.watch(.listener, ticket) } else { isRoomWanted = true }
        }
        lock.unlock()
        perform(actions)
        wakeups.run()
        if case .failure(let error) = outcome { return error }
        return isTaken ? nil : .wouldBlock("the publisher is full; try again when there is room")
    }
}
