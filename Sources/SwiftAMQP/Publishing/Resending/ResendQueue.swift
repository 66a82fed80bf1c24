internal import AMQPTransport

/// The publishes of one supervised publisher that have no outcome yet, in order: who comes next, who waits for what.
///
/// Values in, actions out; it knows no lock, no channel and no clock. Its owner guards it.
///
/// The rules (RabbitMQ keeps no order between channels, so the client has to):
/// - What a lost channel left behind is sent again in the original order, before anything younger.
/// - A nacked publish backs off and does not stop younger ones: the broker has refused it, order is lost already.
/// - A channel exception does not say which publish it was for, and good ones before that get no confirm. So what was
///   under way then goes out one by one; the publish that alone ends the channel is the culprit and gets the error.
struct ResendQueue: ~Copyable {
    struct Limits: Sendable, Equatable {
        var messages: Int
        var bytes: Int
    }

    let limits: Limits
    private let backoff: AMQPBackoff
    /// Those who wait outside come in once so few are inside: one wake-up for a batch instead of one for each.
    private let resumeMark: Limits

    /// Not counted yet; their callers wait for room.
    private var outside = FIFO<ResendingPublish>()
    /// To be sent again, in order; all of them are older than those in `fresh`.
    private var replay = FIFO<ResendingPublish>()
    private var fresh = FIFO<ResendingPublish>()
    /// How many in `outside`, `replay` and `fresh` are finished and only not taken out yet.
    private var finishedInLine = 0
    /// What the last channel left behind, in no order yet.
    private var leftBehind: [ResendingPublish] = []
    /// Those of them that went out, and may be why it ended.
    private var suspects: [ResendingPublish] = []
    /// How many publishes went out on the last channel and got no answer, also those that are not sent again or that
    /// nobody waits for any more.
    private var unanswered = 0
    private var backingOff: [ResendingPublish] = []
    /// The publish that waits in the queue of the channel: nothing younger may pass it.
    private(set) var parked: ResendingPublish?
    private(set) var inFlight = 0
    /// Accepted and without an outcome.
    private(set) var count = 0
    private(set) var bytes = 0
    private var nextOrder: UInt64 = 1
    /// Those in `fresh` are younger than this one.
    private var lastTaken: UInt64 = 0
    /// How many are in `fresh`, and their bytes.
    private var unsent = Limits(messages: 0, bytes: 0)
    /// Up to this one they go out one by one; 0 if they need not.
    private(set) var soloThrough: UInt64 = 0

    init(limits: Limits, backoff: AMQPBackoff) {
        self.limits = limits
        self.backoff = backoff
        resumeMark = Limits(
            messages: limits.messages - max(1, limits.messages / 4), bytes: limits.bytes - max(1, limits.bytes / 4))
    }

    var isEmpty: Bool { count == 0 }
    var isAnybodyOutside: Bool { !outside.isEmpty }
    /// So much that it is worth to tell those who were refused.
    var hasRoomAgain: Bool {
        outside.isEmpty && (count == 0 || count <= resumeMark.messages && bytes <= resumeMark.bytes)
    }

    // MARK: Handing in

    /// Takes a publish into the line. False if there is no room, or others wait for it already.
    mutating func accept(_ publish: ResendingPublish) -> Bool {
        guard outside.isEmpty, hasRoom(for: publish) else { return false }
        takeIn(publish)
        return true
    }

    /// Takes a publish that can go out at once, past the line: as ``accept(_:)`` and ``next()`` do it. False if it has to stand
    /// in the line, or there is no room.
    @inline(__always)
    mutating func acceptForSending(_ publish: ResendingPublish) -> Bool {
        guard
            fresh.isEmpty, replay.isEmpty, parked == nil, soloThrough == 0, outside.isEmpty, hasRoom(for: publish)
        else { return false }
        number(publish)
        lastTaken = publish.order
        return true
    }

    /// Lets a publish wait for room.
    mutating func waitOutside(_ publish: ResendingPublish) {
        publish.place = .outside
        outside.append(publish)
    }

    /// Takes in those who wait, if enough room has gathered.
    mutating func admitOutside(_ didTakeIn: (ResendingPublish) -> Void) {
        guard !outside.isEmpty, count <= resumeMark.messages, bytes <= resumeMark.bytes || count == 0 else { return }
        while let first = outside.first {
            guard case .outside = first.place else {
                _ = outside.popFirst()
                finishedInLine -= 1
                continue
            }
            guard hasRoom(for: first) else { return }
            _ = outside.popFirst()
            takeIn(first)
            didTakeIn(first)
        }
    }

    /// The oldest that was never sent, taken out to make room: none if all may be on their way.
    mutating func popOldestUnsent() -> ResendingPublish? {
        guard let oldest = popFresh() else { return nil }
        leave(oldest)
        return oldest
    }

    /// Whether there is room for a publish if those that were never sent go.
    func canMakeRoom(for publish: ResendingPublish) -> Bool {
        let rest = Limits(messages: count - unsent.messages, bytes: bytes - unsent.bytes)
        return rest.messages == 0 || rest.messages < limits.messages && publish.weight <= limits.bytes - rest.bytes
    }

    /// One that is larger than the limit goes when nothing else is inside.
    private func hasRoom(for publish: ResendingPublish) -> Bool {
        count == 0 || (count < limits.messages && publish.weight <= limits.bytes - bytes)
    }

    @inline(__always)
    private mutating func number(_ publish: ResendingPublish) {
        publish.order = nextOrder
        nextOrder += 1
        count += 1
        bytes += publish.weight
        publish.place = .inLine
    }

    private mutating func takeIn(_ publish: ResendingPublish) {
        number(publish)
        unsent.messages += 1
        unsent.bytes += publish.weight
        fresh.append(publish)
    }

    // MARK: Sending

    /// The publish to submit now, taken out of the line.
    mutating func next() -> ResendingPublish? {
        guard parked == nil, soloThrough == 0 || inFlight == 0 else { return nil }
        guard
            let publish = Self.popLive(&replay, &finishedInLine) ?? popFresh()
        else { return nil }
        // All the suspects had their turn.
        if publish.order > soloThrough { soloThrough = 0 }
        return publish
    }

    mutating func didSend(_ publish: ResendingPublish, tag: UInt64) {
        publish.place = .inFlight(tag: tag)
        inFlight += 1
    }

    mutating func didPark(_ publish: ResendingPublish) {
        publish.place = .parked
        parked = publish
    }

    /// It was taken out of the line and cannot be sent as it is.
    mutating func didRefuse(_ publish: ResendingPublish) { leave(publish) }

    /// It could not be submitted, because the channel is gone.
    mutating func putBack(_ publish: ResendingPublish) {
        publish.place = .inLine
        leftBehind.append(publish)
    }

    /// The parked publish was encoded after all.
    mutating func didEncode(_ publish: ResendingPublish, tag: UInt64) {
        guard case .parked = publish.place else { return }
        parked = nil
        didSend(publish, tag: tag)
    }

    private mutating func popFresh() -> ResendingPublish? {
        guard let publish = Self.popLive(&fresh, &finishedInLine) else { return nil }
        lastTaken = publish.order
        unsent.messages -= 1
        unsent.bytes -= publish.weight
        return publish
    }

    private static func popLive(
        _ line: inout FIFO<ResendingPublish>, _ finishedInLine: inout Int
    ) -> ResendingPublish? {
        while let publish = line.popFirst() {
            if case .inLine = publish.place { return publish }
            finishedInLine -= 1
        }
        return nil
    }

    // MARK: Outcomes

    /// As ``attemptEnded(_:_:now:random:)`` for one that was under way and is confirmed: that is always the end of it.
    @inline(__always)
    mutating func confirmed(_ publish: ResendingPublish) {
        inFlight -= 1
        leave(publish)
    }

    /// An attempt ended. Gives the outcome if that is the end of the publish.
    ///
    /// - Parameters:
    ///   - now: Nanoseconds of the monotonic clock.
    ///   - random: Any number, for the jitter of the backoff.
    mutating func attemptEnded(
        _ publish: ResendingPublish, _ outcome: AMQPPublishOutcome, now: Int64, random: UInt64
    ) -> AMQPPublishOutcome? {
        guard leaveChannel(publish) else { return nil }
        var isSuspect = false
        if case .unknown(let reason) = outcome {
            unanswered += 1
            isSuspect = reason.isLossOfChannel
        }
        switch publish.attempts.attemptEnded(outcome, policy: publish.policy) {
        case .finish(let final):
            leave(publish)
            return final
        case .resend:
            publish.place = .inLine
            leftBehind.append(publish)
            if isSuspect { suspects.append(publish) }
        case .resendLater:
            let delay = backoff.delay(round: publish.attempts.nacked - 1, random: random)
            // Never at once: a refusal seldom passes within the time of a round trip.
            let pause = max(delay, .milliseconds(1))
            publish.place = .backingOff(until: (MonotonicTime(nanoseconds: now) + pause).nanoseconds)
            backingOff.append(publish)
        }
        return nil
    }

    /// It ends without the broker: cancelled, refused before it was sent, no more wanted. Wherever it is.
    ///
    /// - Returns: How, by where it was; `nil` if it had ended before.
    mutating func withdraw(
        _ publish: ResendingPublish, reason: AMQPPublishOutcome.Reason
    ) -> AMQPPublishOutcome? {
        switch publish.place {
        case .finished: return nil
        case .new:
            publish.place = .finished
            return .notSent(reason: reason)
        case .outside:
            finishedInLine += 1
            publish.place = .finished
            compactIfWorthwhile()
            return .notSent(reason: reason)
        case .inLine:
            finishedInLine += 1
            if publish.order > lastTaken {
                unsent.messages -= 1
                unsent.bytes -= publish.weight
            }
            leave(publish)
            removeFromAside(publish)
            compactIfWorthwhile()
            return .notSent(reason: reason)
        case .backingOff:
            backingOff.removeAll { $0 === publish }
            leave(publish)
            return .notSent(reason: reason)
        case .parked:
            parked = nil
            leave(publish)
            return .notSent(reason: reason)
        case .inFlight:
            inFlight -= 1
            // Its answer is still to come, and may be the end of the channel.
            unanswered += 1
            leave(publish)
            return .unknown(reason: reason)
        }
    }

    /// The channel ended, and every publish on it was told so.
    ///
    /// - Returns: The publish that ended it, if that is certain.
    mutating func channelEnded(_ error: AMQPError) -> ResendingPublish? {
        let found = suspects.filter { if case .inLine = $0.place { true } else { false } }
        let isCertain = unanswered == 1 && found.count == 1
        suspects = []
        unanswered = 0
        defer { sortLeftBehind() }
        guard error.code == .channelException else { return nil }
        guard isCertain, error.isRefusalOfPublish, let culprit = found.first else {
            soloThrough = max(soloThrough, found.map(\.order).max() ?? 0)
            return nil
        }
        let before = leftBehind.count
        leftBehind.removeAll { $0 === culprit }
        // In the line already if somebody has sorted it meanwhile.
        if leftBehind.count == before { finishedInLine += 1 }
        // The broker has said that it discarded this attempt.
        culprit.attempts.withdrawLast()
        leave(culprit)
        return culprit
    }

    // MARK: Time

    /// Those whose deadline has passed while they waited here, taken out. Those whose backoff is over go back into the line.
    mutating func expire(now: Int64, _ didExpire: (ResendingPublish, AMQPPublishOutcome) -> Void) {
        var expired: [ResendingPublish] = []
        forEachInLine { if $0.deadline <= now { expired.append($0) } }
        for publish in expired {
            if let outcome = withdraw(publish, reason: .timeout) { didExpire(publish, outcome) }
        }
        // Those that back off all at once, because they may be many.
        expired = []
        var isAnyDue = false
        backingOff.removeAll { publish in
            if publish.deadline <= now {
                expired.append(publish)
                return true
            }
            guard case .backingOff(let until) = publish.place, until <= now else { return false }
            publish.place = .inLine
            leftBehind.append(publish)
            isAnyDue = true
            return true
        }
        for publish in expired {
            leave(publish)
            didExpire(publish, .notSent(reason: .timeout))
        }
        if isAnyDue { sortLeftBehind() }
    }

    /// When ``expire(now:_:)`` has something to do next; `.max` if never.
    var nextWake: Int64 {
        var next = Int64.max
        forEachWaiting { publish in
            next = min(next, publish.deadline)
            if case .backingOff(let until) = publish.place { next = min(next, until) }
        }
        return next
    }

    /// All that have no outcome yet and are not on a channel.
    private func forEachWaiting(_ body: (ResendingPublish) -> Void) {
        forEachInLine(body)
        backingOff.forEach(body)
    }

    private func forEachInLine(_ body: (ResendingPublish) -> Void) {
        let live: (ResendingPublish) -> Void = { publish in
            if case .finished = publish.place { return }
            body(publish)
        }
        outside.forEach(live)
        replay.forEach(live)
        fresh.forEach(live)
        leftBehind.forEach(body)
    }

    /// All that have no outcome yet but for those on a channel.
    var allWaiting: [ResendingPublish] {
        var all: [ResendingPublish] = []
        forEachWaiting { all.append($0) }
        return all
    }

    // MARK: Inside

    /// False if it is on no channel: it was ended by this side before.
    private mutating func leaveChannel(_ publish: ResendingPublish) -> Bool {
        switch publish.place {
        case .inFlight: inFlight -= 1
        case .parked: parked = nil
        case .new, .outside, .inLine, .backingOff, .finished: return false
        }
        return true
    }

    private mutating func leave(_ publish: ResendingPublish) {
        publish.place = .finished
        count -= 1
        bytes -= publish.weight
        // What is left in the lines holds their publisher, which holds the lines.
        if count == 0, finishedInLine > 0 { compact() }
    }

    /// It was counted as finished in a line; it may be beside the lines.
    private mutating func removeFromAside(_ publish: ResendingPublish) {
        let before = leftBehind.count
        if before > 0 {
            leftBehind.removeAll { $0 === publish }
            finishedInLine -= before - leftBehind.count
        }
    }

    private mutating func sortLeftBehind() {
        guard !leftBehind.isEmpty else { return }
        let all = (replay.removeAll() + leftBehind).filter { publish in
            if case .inLine = publish.place { return true }
            finishedInLine -= 1
            return false
        }
        leftBehind = []
        for publish in all.sorted(by: { $0.order < $1.order }) { replay.append(publish) }
    }

    /// Tasks that are cancelled while they wait leave their publishes in the lines.
    private mutating func compactIfWorthwhile() {
        guard count == 0 || finishedInLine > 64 && finishedInLine > count / 2 else { return }
        compact()
    }

    private mutating func compact() {
        let isFinished: (ResendingPublish) -> Bool = { if case .finished = $0.place { true } else { false } }
        var removed = outside.removeAll(where: isFinished).count
        removed += replay.removeAll(where: isFinished).count
        removed += fresh.removeAll(where: isFinished).count
        finishedInLine -= removed
    }
}

extension AMQPError {
    /// The broker has refused one publish by ending the channel: no such exchange, no permission, too large, or properties
    /// that it does not accept.
    var isRefusalOfPublish: Bool {
        switch replyCode {
        case 311, 403, 404, 406: true
        default: false
        }
    }
}
