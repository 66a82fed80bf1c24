internal import AMQPTransport

/// Publishes in order over any number of channels, one after the other, until each publish has its one outcome.
///
/// - Invariant: what changes is guarded by `lock`. It is taken before the outbox lock of the channel, never the other way
///   round: what happens on the channel comes as ``Note``s, outside the outbox lock. Nobody is resumed and nothing is
///   written with either of them held. That is why the class is `@unchecked Sendable`.
final class ResendingPublisher: @unchecked Sendable {
    /// What happened to a publish on its channel.
    enum Event {
        /// It was parked, and is encoded now.
        case encoded(tag: UInt64)
        case ended(AMQPPublishOutcome)
    }

    struct Note {
        /// With a reference, which whoever takes the note hands on or releases.
        let publish: Unmanaged<ResendingPublish>
        let event: Event
        /// Which of its submissions it is about.
        let attempt: UInt64
    }

    /// What is left to do on a connection when the locks have been released.
    struct Actions {
        var connection: ConnectionCore?
        var rest = ConnectionCore.Actions()

        mutating func merge(_ other: Actions) {
            connection = connection ?? other.connection
            if case .none = rest.write { rest.write = other.rest.write }
            rest.merge(other.rest)
        }
    }

    let loop: EventLoop
    let whenFull: AMQPClientConfiguration.WhenFull
    let counters: PublishCounters
    let pool = PublishPool()
    /// Nanoseconds.
    let timeout: Int64
    /// The beginning of the message ids that it gives; `nil` if it gives none.
    private let messageIDPrefix: String?

    let lock = Lock()
    @exclusivity(unchecked) var queue: ResendQueue
    /// Where publishes go, while there is one that takes them.
    @exclusivity(unchecked) private(set) var channel: AMQPChannel? {
        didSet { core = channel.map { Unmanaged.passUnretained($0.core) } }
    }
    /// That of ``channel``, which keeps it alive.
    @exclusivity(unchecked) var core: Unmanaged<ChannelCore>?
    /// It takes nothing any more; that it has ended is still to be heard.
    @exclusivity(unchecked) var isChannelSpent = false
    @exclusivity(unchecked) private var refusals = RefusalWatch()
    /// There is no use for another channel.
    private var isChannelRefused = false
    /// Why it takes nothing any more.
    @exclusivity(unchecked) var refusal: AMQPError?
    /// There will be no channel any more.
    @exclusivity(unchecked) private var isAbandoned = false
    @exclusivity(unchecked) private var nextMessageID: UInt64 = 0
    /// When the timer fires.
    private var armed = Int64.max
    private var timer: Deadline?
    private var idleWaiters: [Promise<Void>] = []
    @exclusivity(unchecked) private var listener: (any PublishListener)?
    /// The listener has to be told when there is room.
    @exclusivity(unchecked) var isRoomWanted = false
    @exclusivity(unchecked) private var report = AMQPClientPublishReport()
    @exclusivity(unchecked) private var endedCount: UInt64 = 0

    init(
        limits: ResendQueue.Limits, backoff: AMQPBackoff, whenFull: AMQPClientConfiguration.WhenFull,
        timeout: Duration, messageIDPrefix: String?, counters: PublishCounters, loop: EventLoop = .shared
    ) {
        queue = ResendQueue(limits: limits, backoff: backoff)
        self.whenFull = whenFull
        self.timeout = timeout.saturatingNanoseconds
        self.messageIDPrefix = messageIDPrefix
        self.counters = counters
        self.loop = loop
    }

    // MARK: Handing in

    /// A publish, not handed in yet.
    func make(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool, policy: AMQPDeliveryPolicy,
        timeout: Duration?
    ) throws(AMQPError) -> ResendingPublish {
        try ChannelCore.check(message)
        let now = MonotonicTime.coarse()
        let deadline = timeout.map { (now + $0).nanoseconds } ?? now.nanoseconds &+ self.timeout
        return ResendingPublish(
            message, to: address, isMandatory: isMandatory, policy: policy, deadline: deadline, publisher: self)
    }

    /// How far handing in has to have come for the caller to go on.
    enum Await {
        case room, outcome
    }

    /// Hands in, and resumes `continuation` when the publish has come so far, which may be at once.
    func handIn(_ publish: ResendingPublish, awaiting: Await, _ continuation: UnsafeContinuation<Void, Never>) {
        var wakeups = Wakeups()
        lock.lock()
        let actions = handInLocked(publish, mayWait: true, &wakeups)
        let isOutside = if case .outside = publish.place { true } else { false }
        var resumesAtOnce = publish.outcome != nil
        switch awaiting {
        case .outcome: if !resumesAtOnce { publish.awaitOutcome(continuation) }
        case .room:
            if isOutside, !resumesAtOnce { publish.awaitRoom(continuation) } else { resumesAtOnce = true }
        }
        lock.unlock()
        perform(actions)
        wakeups.run()
        if resumesAtOnce { continuation.resume() }
    }

    /// Hands in if that needs no waiting. For those who wait for nothing but room this saves the continuation.
    ///
    /// - Returns: Whether it was taken or has ended, and whether it is time to yield.
    func tryHandIn(_ publish: ResendingPublish) -> (isTaken: Bool, isTimeToYield: Bool) {
        var wakeups = Wakeups()
        lock.lock()
        let actions = handInLocked(publish, mayWait: false, &wakeups)
        // Whoever is told to wait hands it in again.
        let isTaken = if case .new = publish.place { false } else { true }
        lock.unlock()
        perform(actions)
        wakeups.run()
        return (isTaken, actions.rest.isTimeToYield)
    }

    /// See ``PublishListener``.
    func listen(_ listener: any PublishListener) { lock.withLock { self.listener = listener } }

    /// Hands in, and has `completion` called with the outcome, which may be at once.
    func submit(_ publish: ResendingPublish, _ completion: @escaping @Sendable (ResendingPublish.Outcome) -> Void) {
        var wakeups = Wakeups()
        lock.lock()
        let actions = handInLocked(publish, mayWait: true, &wakeups)
        let outcome = publish.outcome
        if outcome == nil { publish.watch(.completion(completion)) }
        lock.unlock()
        perform(actions)
        wakeups.run()
        if let outcome { completion(outcome) }
    }

    /// Resumes `continuation` when the publish has its outcome, which may be at once.
    func awaitOutcome(of publish: ResendingPublish, _ continuation: UnsafeContinuation<Void, Never>) {
        lock.lock()
        let hasEnded = publish.outcome != nil
        if !hasEnded { publish.awaitOutcome(continuation) }
        lock.unlock()
        if hasEnded { continuation.resume() }
    }

    /// The outcome, if it has come.
    func outcome(of publish: ResendingPublish) -> ResendingPublish.Outcome? { lock.withLock { publish.outcome } }

    /// With the lock held.
    func handInLocked(
        _ publish: ResendingPublish, mayWait: Bool, _ wakeups: inout Wakeups
    ) -> Actions {
        guard !publish.hasOutcome else { return Actions() }
        if let refusal {
            refuse(publish, .connectionClosed, refusal, &wakeups)
            return Actions()
        }
        if !queue.accept(publish) {
            switch whenFull {
            case .suspend:
                guard mayWait else { return Actions() }
                queue.waitOutside(publish)
                wakeAt(publish.deadline)
                return Actions()
            case .fail:
                refuse(publish, .dropped, full, &wakeups)
                return Actions()
            case .dropOldest:
                let canMakeRoom = queue.canMakeRoom(for: publish)
                while !queue.accept(publish) {
                    // Nothing is thrown away for one that finds no room even so.
                    guard canMakeRoom, let oldest = queue.popOldestUnsent() else {
                        refuse(publish, .dropped, full, &wakeups)
                        return Actions()
                    }
                    end(oldest, .notSent(reason: .dropped), cause: full, &wakeups)
                }
            }
        }
        didTakeIn(publish)
        let actions = pump(&wakeups)
        if case .inFlight = publish.place {} else if !publish.hasOutcome { wakeAt(publish.deadline) }
        return actions
    }

    private var full: AMQPError {
        AMQPError(
            .wouldBlock,
            "the publisher is full: \(queue.count) messages and \(queue.bytes) bytes wait for their confirms")
    }

    func didTakeIn(_ publish: ResendingPublish) {
        if messageIDPrefix != nil { giveMessageID(publish) }
    }

    @inline(never)
    private func giveMessageID(_ publish: ResendingPublish) {
        guard let messageIDPrefix else { return }
        nextMessageID &+= 1
        publish.setMessageID(messageIDPrefix + String(nextMessageID, radix: 36))
    }

    /// The task that waited was cancelled.
    ///
    /// - Parameter onlyIfOutside: Leave it alone if it was taken: only its room was waited for.
    func cancel(_ publish: ResendingPublish, onlyIfOutside: Bool = false) {
        var wakeups = Wakeups()
        lock.lock()
        let isOutside =
            switch publish.place {
            case .new, .outside: true
            case .inLine, .backingOff, .parked, .inFlight, .finished: false
            }
        guard publish.outcome == nil, isOutside || !onlyIfOutside else {
            lock.unlock()
            return
        }
        withdraw(publish, reason: .cancelled, cause: nil, &wakeups)
        let actions = proceed(&wakeups)
        lock.unlock()
        perform(actions)
        wakeups.run()
    }

    /// With the lock held.
    private func withdraw(
        _ publish: ResendingPublish, reason: AMQPPublishOutcome.Reason, cause: AMQPError?, _ wakeups: inout Wakeups
    ) {
        if let core = channel?.core {
            switch publish.place {
            case .parked:
                let wasWaiting = core.lock.withLock { !core.waiting.removeAll { $0.owner === publish }.isEmpty }
                // It was encoded, or has ended, and the note of that is on its way: it may have been sent.
                if !wasWaiting { queue.didEncode(publish, tag: 0) }
            case .inFlight(let tag): core.lock.withLock { core.tracker.abandon(tag: tag) }
            case .new, .outside, .inLine, .backingOff, .finished: break
            }
        }
        if let outcome = queue.withdraw(publish, reason: reason) { end(publish, outcome, cause: cause, &wakeups) }
    }

    // MARK: Sending

    /// With the lock held: submits what may go.
    private func pump(_ wakeups: inout Wakeups) -> Actions {
        var actions = Actions()
        guard !isChannelSpent, let core = channel?.core else { return actions }
        core.lock.lock()
        let isAlone = core.tracker.pendingCount == 0
        var appended = 0
        while let publish = queue.next() {
            let submission = publish.submitLocked(to: core)
            actions.rest.merge(submission.actions)
            if case .encoded = submission.admission { appended += 1 }
            didSubmit(publish, submission.admission, &wakeups)
            if isChannelSpent { break }
        }
        if appended > 0 {
            actions.rest.write = core.stream.noteAppended(isAlone && appended == 1 ? .immediate : .batched)
        }
        core.lock.unlock()
        actions.connection = core.connection
        return actions
    }

    /// With the lock held: a publish that was taken out of the line was submitted to the channel.
    @inline(__always)
    func didSubmit(_ publish: ResendingPublish, _ admission: ChannelCore.Admission, _ wakeups: inout Wakeups) {
        switch admission {
        case .encoded(let tag): queue.didSend(publish, tag: tag)
        case .waiting, .refused: queue.didPark(publish)
        case .failed(let error):
            if case .notSent(reason: .rejected) = error.outcome {
                queue.didRefuse(publish)
                end(publish, .notSent(reason: .rejected), cause: error, &wakeups)
            } else {
                // The handle itself is let go without this lock: that may take it again.
                queue.putBack(publish)
                isChannelSpent = true
            }
        }
    }

    /// With the lock held, after something has ended: takes in who waits for room, sends, tells who waits for the end.
    private func proceed(_ wakeups: inout Wakeups) -> Actions {
        var actions = Actions()
        var before: UInt64
        repeat {
            before = endedCount
            admitOutside(&wakeups)
            actions.merge(pump(&wakeups))
            // Those that came in and could not be sent have made room again, and nobody else may ever look.
        } while endedCount != before && queue.isAnybodyOutside
        if isRoomWanted, queue.hasRoomAgain, let listener {
            isRoomWanted = false
            wakeups.perform { listener.hasRoom() }
        }
        if queue.isEmpty, !queue.isAnybodyOutside, !idleWaiters.isEmpty {
            let waiters = idleWaiters
            idleWaiters = []
            wakeups.perform { for waiter in waiters { waiter.complete(.success(())) } }
        }
        return actions
    }

    /// With the lock held.
    private func admitOutside(_ wakeups: inout Wakeups) {
        guard queue.isAnybodyOutside else { return }
        var waiters = wakeups
        queue.admitOutside { publish in
            didTakeIn(publish)
            publish.didGetRoom(&waiters)
        }
        wakeups = waiters
    }

    /// Changes with every publish that ends.
    var progress: UInt64 { lock.withLock { endedCount } }

    /// With the lock held: the publish has its outcome.
    private func end(
        _ publish: ResendingPublish, _ outcome: AMQPPublishOutcome, cause: AMQPError? = nil,
        _ wakeups: inout Wakeups
    ) {
        endedCount &+= 1
        if let final = finish(publish, outcome, cause: cause, &wakeups) { counters.count(final) }
    }

    /// With the lock held: the publish is not taken. It is in the report of its publisher, and in no count of what was taken.
    private func refuse(
        _ publish: ResendingPublish, _ reason: AMQPPublishOutcome.Reason, _ cause: AMQPError, _ wakeups: inout Wakeups
    ) {
        _ = finish(publish, .notSent(reason: reason), cause: cause, &wakeups)
    }

    private func finish(
        _ publish: ResendingPublish, _ outcome: AMQPPublishOutcome, cause: AMQPError?, _ wakeups: inout Wakeups
    ) -> AMQPPublishOutcome? {
        guard let final = publish.finish(outcome, cause: cause, tells: listener, &wakeups) else { return nil }
        report.counts.count(final)
        if report.firstFailure == nil, case .failure(let error) = publish.outcome { report.firstFailure = error }
        return final
    }

    /// How the publishes ended since the last time, taken out.
    func takeReport() -> AMQPClientPublishReport {
        lock.withLock {
            let taken = report
            report = AMQPClientPublishReport()
            return taken
        }
    }

    func perform(_ actions: Actions) { actions.connection?.perform(actions.rest) }

    // MARK: What happens on the channel

    /// Takes what happened to publishes of any publishers, and the references of the notes. Without any lock.
    static func take(_ notes: [Note]) {
        var rest = notes[...]
        while let first = rest.first {
            let publisher = first.publish._withUnsafeGuaranteedRef { $0.publisher }
            let end =
                rest.firstIndex { $0.publish._withUnsafeGuaranteedRef { $0.publisher !== publisher } } ?? rest.endIndex
            publisher.take(rest[..<end])
            rest = rest[end...]
        }
    }

    private func take(_ notes: ArraySlice<Note>) {
        var wakeups = Wakeups()
        // A channel to be given up: its keeper opens another one.
        var given: AMQPChannel?
        // Many of them are confirms of publishes that a listener watches.
        var watched: EndedPublishes?
        var confirmed: UInt64 = 0
        lock.lock()
        for note in notes {
            if case .ended(.confirmed) = note.event, let listener,
                note.publish._withUnsafeGuaranteedRef({ confirmWatched($0, note.attempt) })
            {
                confirmed &+= 1
                if let watched {
                    watched.append(note.publish)
                } else {
                    let publishes = wakeups.publishes(for: listener)
                    publishes.append(note.publish)
                    watched = publishes
                }
                continue
            }
            let publish = note.publish.takeRetainedValue()
            if note.attempt == publish.submissions { take(note.event, publish, &given, &wakeups) }
        }
        if confirmed > 0 {
            endedCount &+= confirmed
            counters.countConfirmed(confirmed)
            report.counts.confirmed &+= confirmed
        }
        let actions = proceed(&wakeups)
        lock.unlock()
        perform(actions)
        wakeups.run()
        given?.core.requestClose()
    }

    /// With the lock held: as ``take(_:_:_:_:)`` for a confirm that nobody is told of but the listener, without telling it.
    ///
    /// - Returns: Whether it was that. If not, nothing was done.
    @inline(__always)
    private func confirmWatched(_ publish: ResendingPublish, _ attempt: UInt64) -> Bool {
        guard attempt == publish.submissions, publish.isOnlyWatched else { return false }
        refusals.confirmed()
        queue.confirmed(publish)
        publish.finishConfirmed()
        return true
    }

    /// With the lock held.
    private func take(
        _ event: Event, _ publish: ResendingPublish, _ given: inout AMQPChannel?, _ wakeups: inout Wakeups
    ) {
        switch event {
        case .encoded(let tag): queue.didEncode(publish, tag: tag)
        case .ended(.confirmed):
            refusals.confirmed()
            ended(publish, .confirmed, now: 0, &wakeups)
        case .ended(let outcome):
            noteCause(of: outcome, publish)
            let now = MonotonicTime.now().nanoseconds
            if case .nacked = outcome, refusals.refused(now: now) { given = channel }
            ended(publish, outcome, now: now, &wakeups)
        }
    }

    private func ended(
        _ publish: ResendingPublish, _ outcome: AMQPPublishOutcome, now: Int64, _ wakeups: inout Wakeups
    ) {
        let random = if case .confirmed = outcome { UInt64(0) } else { UInt64.random(in: .min ... .max) }
        if let final = queue.attemptEnded(publish, outcome, now: now, random: random) {
            end(publish, final, &wakeups)
            return
        }
        if isAbandoned {
            withdraw(publish, reason: .connectionClosed, cause: publish.cause ?? refusal, &wakeups)
            return
        }
        switch publish.place {
        case .backingOff(let until): wakeAt(min(until, publish.deadline))
        case .inLine: wakeAt(publish.deadline)
        case .new, .outside, .parked, .inFlight, .finished: break
        }
    }

    /// The broker's reason says more than that the channel is gone.
    private func noteCause(of outcome: AMQPPublishOutcome, _ publish: ResendingPublish) {
        switch outcome {
        case .unknown(let reason), .notSent(let reason):
            if reason.isLossOfChannel, let cause = channel?.closeReason { publish.cause = cause }
        case .confirmed, .returned, .nacked: break
        }
    }

    /// There is a channel, in confirm mode, and everything that publishes rely on is in place. False if there is no use
    /// for it any more.
    func attach(_ channel: AMQPChannel) -> Bool {
        var wakeups = Wakeups()
        lock.lock()
        guard !isChannelRefused else {
            lock.unlock()
            return false
        }
        let last = self.channel
        self.channel = channel
        isChannelSpent = false
        refusals.channelChanged()
        let actions = proceed(&wakeups)
        lock.unlock()
        perform(actions)
        wakeups.run()
        withExtendedLifetime(last) {}
        return true
    }

    /// The channel has ended, and every publish on it was told so.
    func detach(_ error: AMQPError) {
        var wakeups = Wakeups()
        lock.lock()
        let last = channel
        channel = nil
        isChannelSpent = false
        if let culprit = queue.channelEnded(error) {
            end(culprit, .notSent(reason: .rejected), cause: error, &wakeups)
        }
        let actions = proceed(&wakeups)
        lock.unlock()
        perform(actions)
        wakeups.run()
        withExtendedLifetime(last) {}
    }

    // MARK: Time

    /// With the lock held: sees to it that the line is looked at by then.
    func wakeAt(_ time: Int64) {
        guard time < armed else { return }
        armed = time
        timer?.cancel()
        timer = Deadline(loop: loop, at: MonotonicTime(nanoseconds: time)) { [self] in timePassed() }
    }

    /// With the lock held: a timer holds this object.
    private func stopTimer() {
        timer?.cancel()
        timer = nil
        armed = .max
    }

    private func timePassed() {
        var wakeups = Wakeups()
        lock.lock()
        armed = .max
        let now = MonotonicTime.now().nanoseconds
        var expired: [(ResendingPublish, AMQPPublishOutcome)] = []
        queue.expire(now: now) { expired.append(($0, $1)) }
        for (publish, outcome) in expired { end(publish, outcome, &wakeups) }
        let actions = proceed(&wakeups)
        let next = queue.nextWake
        // Looking at everything that waits takes time: not more often than it has to be.
        if next != .max { wakeAt(max(next, now + Self.tick)) }
        lock.unlock()
        perform(actions)
        wakeups.run()
    }

    /// 10 ms: deadlines of publishes are kept to that.
    private static let tick: Int64 = 10_000_000

    // MARK: Ending

    /// Takes nothing new from now on; what was taken goes on.
    func close(_ reason: AMQPError) { lock.withLock { if refusal == nil { refusal = reason } } }

    /// Gives the channel back, when nothing is under way any more.
    func closeChannel() async {
        let channel = lock.withLock {
            isChannelRefused = true
            stopTimer()
            return self.channel
        }
        await channel?.close()
    }

    /// Completed when every publish that was taken has its outcome.
    func drained() -> Promise<Void> {
        let promise = Promise<Void>()
        lock.lock()
        let isIdle = queue.isEmpty && !queue.isAnybodyOutside
        if !isIdle { idleWaiters.append(promise) }
        lock.unlock()
        if isIdle { promise.complete(.success(())) }
        return promise
    }

    /// Ends everything that waits: there will be no channel any more. What is on a channel ends with that.
    func abandon(_ reason: AMQPError) {
        var wakeups = Wakeups()
        lock.lock()
        if refusal == nil { refusal = reason }
        isAbandoned = true
        for publish in queue.allWaiting {
            withdraw(publish, reason: .connectionClosed, cause: publish.cause ?? reason, &wakeups)
        }
        // What is left has the deadlines of its channel.
        stopTimer()
        let actions = proceed(&wakeups)
        lock.unlock()
        perform(actions)
        wakeups.run()
    }

    /// How many publishes have no outcome yet, and their bytes.
    var backlog: (messages: Int, bytes: Int) { lock.withLock { (queue.count, queue.bytes) } }
}
