internal import AMQPTransport
internal import AMQPWire
internal import Synchronization

/// One publish of a supervised client, from being handed in to its one outcome, over any number of channels.
///
/// - Invariant: everything that changes is guarded by the lock of its publisher; that is why the class is
///   `@unchecked Sendable`. The confirm tracker holds it like any ``PublishOwner`` and tells it of its outcome under the
///   outbox lock, where it does nothing but leave a note, to which the reference of the tracker goes. What describes the
///   message is constant until the last reference is gone; then it may be used for another one, see ``renew``.
///   `heldPublisher` is retained while `isInUse`.
final class ResendingPublish: PublishOwner, @unchecked Sendable {
    enum Place {
        /// It was not handed in yet.
        case new
        /// The publisher is full; it is not counted yet, and its caller waits.
        case outside
        /// It waits to be sent, in the line of the new or of those to be sent again.
        case inLine
        /// Refused by the broker; it waits until it is sent again.
        case backingOff(until: Int64)
        /// It is the one publish that waits in the queue of the channel.
        case parked
        case inFlight(tag: UInt64)
        case finished
    }

    typealias Outcome = Result<AMQPPublishReceipt, AMQPError>

    enum Watcher {
        case none
        /// That of the publisher.
        case listener
        case completion(@Sendable (Outcome) -> Void)
    }

    /// What became of it.
    private enum Ending {
        case confirmed
        case failed(AMQPError, attempts: Int)
    }

    private let heldPublisher: Unmanaged<ResendingPublisher>
    @exclusivity(unchecked) private var isInUse = true
    @exclusivity(unchecked) private(set) var isMandatory: Bool
    @exclusivity(unchecked) private(set) var policy: AMQPDeliveryPolicy
    @exclusivity(unchecked) private(set) var address: AMQPAddress
    /// What its maker tells the address by; 0 if by nothing.
    @exclusivity(unchecked) private var addressKey: UInt = 0
    /// Nanoseconds of the monotonic clock.
    @exclusivity(unchecked) private(set) var deadline: Int64
    @exclusivity(unchecked) private(set) var message: AMQPMessage
    @exclusivity(unchecked) private var bodyHash: UInt64

    @exclusivity(unchecked) var place = Place.new
    /// Its place in the order of its publisher.
    @exclusivity(unchecked) var order: UInt64 = 0
    @exclusivity(unchecked) var attempts = PublishAttempts()
    /// Counts the times it was submitted: what is told of an earlier one comes too late.
    @exclusivity(unchecked) private(set) var submissions: UInt64 = 0
    /// The broker's words in the last attempt that failed.
    @exclusivity(unchecked) var cause: AMQPError?
    @exclusivity(unchecked) private var ending: Ending?
    /// Set once, after ``outcome``: who has seen it may read that without the lock.
    private let hasEnded = Atomic(false)
    @exclusivity(unchecked) private var awaitingOutcome: [UnsafeContinuation<Void, Never>] = []
    @exclusivity(unchecked) private var awaitingRoom: UnsafeContinuation<Void, Never>?
    /// Who is told of the end besides those that await it.
    @exclusivity(unchecked) private var watcher = Watcher.none
    /// What its listener knows it by. Not changed any more when that is told.
    @exclusivity(unchecked) private(set) var ticket = PublishTicket.none
    /// The next of those that wait to be used again.
    @exclusivity(unchecked) var nextInPool: Unmanaged<ResendingPublish>?
    private let attached = LazyReference<Attachment>()

    private final class Attachment: Sendable {
        let object: any AnyObject & Sendable

        init(_ object: any AnyObject & Sendable) { self.object = object }
    }

    override var takesReference: Bool { true }

    init(
        _ message: AMQPMessage, to address: AMQPAddress, isMandatory: Bool, policy: AMQPDeliveryPolicy,
        deadline: Int64, publisher: ResendingPublisher, bodyHash: UInt64? = nil
    ) {
        self.message = message
        self.address = address
        self.isMandatory = isMandatory
        self.policy = policy
        self.deadline = deadline
        heldPublisher = .passRetained(publisher)
        self.bodyHash = bodyHash ?? (isMandatory ? PublishFingerprint.bodyHash(message.body) : 0)
    }

    deinit { if isInUse { heldPublisher.release() } }

    var publisher: ResendingPublisher { heldPublisher._withUnsafeGuaranteedRef { $0 } }

    /// Makes another publish of it, of the publisher that it was of. It comes from ``letGo(_:)``.
    ///
    /// - Parameter addressKey: What `address` is told by; 0 if by nothing.
    @inline(__always)
    func renew(
        _ body: UnsafeRawBufferPointer, _ properties: AMQPProperties, to address: AMQPAddress, addressKey: UInt,
        isMandatory: Bool, policy: AMQPDeliveryPolicy, deadline: Int64, bodyHash: UInt64
    ) {
        _ = heldPublisher.retain()
        isInUse = true
        if message.body.count == body.count {
            message.body.withUnsafeMutableBytes { $0.copyMemory(from: body) }
        } else {
            message.body.removeAll(keepingCapacity: true)
            message.body.append(contentsOf: body)
        }
        if !message.properties.isIdentical(to: properties) { message.properties = properties }
        if addressKey == 0 || addressKey != self.addressKey {
            self.address = address
            self.addressKey = addressKey
        }
        self.isMandatory = isMandatory
        self.policy = policy
        self.deadline = deadline
        self.bodyHash = bodyHash
        place = .new
        attempts = PublishAttempts()
        submissions = 0
        ending = nil
        hasEnded.store(false, ordering: .relaxed)
    }

    /// Gives the reference back that was told of. If it was the last one the publish may be used again.
    static func letGo(_ publish: Unmanaged<ResendingPublish>) {
        var last = publish
        // Looks at the count where it is: to make another reference would change it.
        let isLast = withUnsafeMutablePointer(to: &last) {
            $0.withMemoryRebound(to: ResendingPublish.self, capacity: 1) { isKnownUniquelyReferenced(&$0.pointee) }
        }
        guard isLast, publish._withUnsafeGuaranteedRef({ $0.isWorthKeeping }) else { return publish.release() }
        let publisher = publish._withUnsafeGuaranteedRef {
            $0.isInUse = false
            return $0.heldPublisher
        }
        publisher._withUnsafeGuaranteedRef { $0.pool }.put(publish)
        // With the last one of these the pool may end, and what is in it.
        publisher.release()
    }

    /// Whether nothing is left of it that the next one would have to get rid of.
    private var isWorthKeeping: Bool {
        guard case .confirmed = ending, cause == nil, message.body.count <= Self.smallBody else { return false }
        return attached.load() == nil
    }

    /// What a message costs besides its body, about: this object, its slot, its place in a line.
    private static let overhead = 512

    private static let smallBody = 1024

    // MARK: With the publisher's lock held

    /// What it counts against the limit of bytes, until it has ended.
    @inline(__always)
    var weight: Int { message.body.count &+ Self.overhead }

    @inline(__always)
    var hasOutcome: Bool { ending != nil }

    var outcome: Outcome? {
        switch ending {
        case nil: nil
        case .confirmed:
            .success(AMQPPublishReceipt(attempts: attempts.current, messageID: message.properties.messageID))
        case .failed(let error, _): .failure(error)
        }
    }

    func setMessageID(_ id: String) {
        if message.properties.messageID == nil { message.properties.messageID = id }
    }

    /// Submits the next attempt to `channel`, whose lock is held too. The caller sees to it that it is written.
    func submitLocked(to channel: ChannelCore) -> ChannelCore.Submission {
        if attempts.current > 1 {
            message.properties.headers[AMQPMessage.attemptHeader] = .int32(Int32(clamping: attempts.current))
        }
        submissions &+= 1
        return channel.submitLocked(
            message, address, isMandatory: isMandatory, bodyHash: bodyHash, deadline: deadline, owner: self,
            sequence: submissions, mayWait: true, urgency: nil)
    }

    /// Ends it. Those who wait, and `listener` if it watches, go into `wakeups`.
    ///
    /// - Returns: The outcome for good; `nil` if it had one before.
    func finish(
        _ last: AMQPPublishOutcome, cause: AMQPError? = nil, tells listener: (any PublishListener)? = nil,
        _ wakeups: inout Wakeups
    ) -> AMQPPublishOutcome? {
        guard ending == nil else { return nil }
        place = .finished
        let final = attempts.final(last)
        if let error = AMQPError(final, address: address) {
            let error = explained(error, by: cause ?? self.cause, takesCode: final.isExplainedByItsCause)
            ending = .failed(error, attempts: last.isNotSent ? attempts.ended : attempts.current)
        } else {
            ending = .confirmed
        }
        hasEnded.store(true, ordering: .releasing)
        for continuation in awaitingOutcome { wakeups.resume(continuation) }
        awaitingOutcome = []
        tellWatcher(listener, &wakeups)
        didGetRoom(&wakeups)
        dropLargeBody()
        return final
    }

    /// Whether it is under way, and nobody is to be told of its outcome but the listener.
    @inline(__always)
    var isOnlyWatched: Bool {
        guard case .listener = watcher, case .inFlight = place, ending == nil else { return false }
        return awaitingOutcome.isEmpty && awaitingRoom == nil
    }

    /// As ``finish(_:cause:tells:_:)`` for a confirm of one that is only watched. To tell of it is up to the caller.
    @inline(__always)
    func finishConfirmed() {
        place = .finished
        ending = .confirmed
        watcher = .none
        hasEnded.store(true, ordering: .releasing)
        dropLargeBody()
    }

    /// A line may hold it for a while, and a program its handle. A small one goes with this object: the thread that lets go of
    /// it then is more often the one that made it, and two threads that free what the other allocates fight for a lock.
    @inline(__always)
    private func dropLargeBody() { if message.body.count > Self.smallBody { message.body = [] } }

    private func explained(_ error: AMQPError, by cause: AMQPError?, takesCode: Bool) -> AMQPError {
        let count = attempts.ended
        var text = error.text
        if count > 0 { text += "; \(count) \(count == 1 ? "attempt" : "attempts") before had no confirm" }
        if let cause { text += ": \(cause.text)" }
        let code = takesCode ? cause?.code : nil
        return AMQPError(
            code ?? error.code, text, replyCode: cause?.replyCode ?? error.replyCode, outcome: error.outcome,
            endpoint: cause?.endpoint, systemErrno: cause?.systemErrno, underlying: cause)
    }

    func didGetRoom(_ wakeups: inout Wakeups) {
        if let awaitingRoom { wakeups.resume(awaitingRoom) }
        awaitingRoom = nil
    }

    func awaitOutcome(_ continuation: UnsafeContinuation<Void, Never>) { awaitingOutcome.append(continuation) }

    /// From now on; it has not ended yet.
    func watch(_ watcher: Watcher, _ ticket: PublishTicket = .none) {
        self.watcher = watcher
        self.ticket = ticket
    }

    private func tellWatcher(_ listener: (any PublishListener)?, _ wakeups: inout Wakeups) {
        switch watcher {
        case .none: return
        case .listener: if let listener { wakeups.publishes(for: listener).append(.passRetained(self)) }
        case .completion(let body): if let outcome { wakeups.perform { body(outcome) } }
        }
        watcher = .none
    }

    func awaitRoom(_ continuation: UnsafeContinuation<Void, Never>) { awaitingRoom = continuation }

    // MARK: Without a lock

    /// Hands it in and waits for the outcome. A cancelled task ends it: as not sent where nothing of it can have gone out,
    /// else as unknown.
    func value() async throws(AMQPError) -> AMQPPublishReceipt {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { publisher.handIn(self, awaiting: .outcome, $0) }
        } onCancel: {
            publisher.cancel(self)
        }
        return try result.get()
    }

    /// Hands it in and waits until it was taken, or has ended. Gives whether it is time to yield.
    func takenIn() async -> Bool {
        let attempt = publisher.tryHandIn(self)
        if attempt.isTaken { return attempt.isTimeToYield }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { publisher.handIn(self, awaiting: .room, $0) }
        } onCancel: {
            publisher.cancel(self, onlyIfOutside: true)
        }
        return false
    }

    /// Waits for the outcome of one that was handed in.
    func wait() async -> Outcome {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { publisher.awaitOutcome(of: self, $0) }
        } onCancel: {
            publisher.cancel(self)
        }
        return result
    }

    /// How many attempts it took to be confirmed; `nil` if it was not.
    var attemptsOfSuccess: Int? {
        guard hasEnded.load(ordering: .acquiring), case .confirmed = ending else { return nil }
        return attempts.current
    }

    /// How many attempts were begun until it failed; 0 before, and if it was confirmed.
    var attemptsOfFailure: Int {
        guard hasEnded.load(ordering: .acquiring), case .failed(_, let attempts) = ending else { return 0 }
        return attempts
    }

    /// The outcome, where whoever resumed the caller has put it down. The continuation alone orders the two, but where it
    /// is resumed before it is awaited the thread sanitizer does not see that.
    var result: Outcome {
        if hasEnded.load(ordering: .acquiring), let outcome { return outcome }
        return .failure(AMQPError(.closed, "the publish to \(address) was not handed in"))
    }

    /// Keeps what `make` gives as long as this object; the first stays.
    func attachment(_ make: () -> any AnyObject & Sendable) -> any AnyObject & Sendable {
        if let attachment = attached.load() { return attachment.object }
        return attached.storeIfNil(Attachment(make())).object
    }

    // MARK: With the outbox lock held

    override func didEncode(tag: UInt64, sequence: UInt64, _ wakeups: inout Wakeups) {
        wakeups.note(.init(publish: .passRetained(self), event: .encoded(tag: tag), attempt: sequence))
    }

    /// The reference that comes with it goes to the note.
    override func settle(_ outcome: AMQPPublishOutcome, sequence: UInt64, _ wakeups: inout Wakeups) {
        wakeups.note(.init(publish: .passUnretained(self), event: .ended(outcome), attempt: sequence))
    }
}

extension AMQPPublishOutcome {
    fileprivate var isNotSent: Bool { if case .notSent = self { true } else { false } }

    /// Whether why the last attempt failed is why the publish did. A deadline or a cancellation is a reason of its own.
    fileprivate var isExplainedByItsCause: Bool {
        switch self {
        case .notSent(let reason), .unknown(let reason):
            switch reason {
            case .rejected, .channelClosed, .connectionClosed, .dropped: true
            case .timeout, .cancelled, .unroutable: false
            }
        case .confirmed, .returned, .nacked: false
        }
    }
}
