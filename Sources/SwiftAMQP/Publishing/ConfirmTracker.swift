/// The publishes of one channel in confirm mode that wait for the broker's answer: a ring indexed by tag.
///
/// Values in, actions out: the tracker knows no lock, no clock and no continuation. Its owner guards it with the
/// outbox lock, because a publish takes its tag in the same critical section that orders its frames.
///
/// The broker numbers publishes from 1 after `confirm.select` and answers with `basic.ack` or `basic.nack`, single or
/// `multiple`, in any order (https://www.rabbitmq.com/confirms.html#publisher-confirms). An unroutable mandatory
/// message comes back with `basic.return`, which carries no tag and precedes its own ack.
struct ConfirmTracker: ~Copyable {
    /// One publish in the ring. Trivial to copy: the owner's count is kept by hand.
    ///
    /// - Invariant: `owner` is retained while `ownsOwner`; an owner that is not retained
    ///   (``PublishOwner/isRetainedByTracker``) outlives every slot of its own, because its scope waits for all of them.
    ///   The reference of an owner that `takesReference` is its own business once it was told.
    private struct Slot {
        /// Who is told the outcome; `nil` where nobody waits, or once it was told.
        var owner: Unmanaged<PublishOwner>?
        /// Where the frames of the publish begin in the outgoing byte stream.
        var streamOffset: UInt64 = 0
        /// What a `basic.return` is compared with, if the publish is mandatory.
        var fingerprint = PublishFingerprint()
        /// When the owner must have been told, in nanoseconds of the monotonic clock.
        var deadline: Int64 = 0
        /// Which of its owner's publishes it is.
        var sequence: UInt64 = 0
        var ownsOwner = false
        var givesReference = false
        var isMandatory = false
        /// Whether the broker has not answered yet.
        var isPending = false
        /// Whether a `basic.return` was tied to this publish; its code is in `returns`.
        var isReturned = false

        /// Takes the owner out and tells it.
        @inline(__always)
        mutating func tellOwner(_ outcome: @autoclosure () -> AMQPPublishOutcome, _ settle: Settle) {
            guard let taken = owner else { return }
            owner = nil
            settle(taken, outcome(), sequence)
            if ownsOwner, !givesReference { taken.release() }
        }

        mutating func dropOwner() {
            if ownsOwner { owner?.release() }
            owner = nil
        }
    }

    /// Told with the owner, which is alive during the call, the outcome, and which of the owner's publishes it is. An owner
    /// that ``PublishOwner/takesReference`` comes with that.
    typealias Settle = (Unmanaged<PublishOwner>, AMQPPublishOutcome, _ sequence: UInt64) -> Void

    /// What was wrong with an acknowledgement.
    enum AcknowledgeError: Error, Equatable {
        /// The tag was never given out: the peer broke the protocol.
        case unknownTag(UInt64)
    }

    private var ring: ContiguousArray<Slot>
    private var mask: UInt64
    /// The oldest tag that the broker has not answered.
    private(set) var oldest: UInt64 = 1
    /// The tag of the next publish.
    private(set) var next: UInt64 = 1
    /// How many publishes the broker has not answered.
    private(set) var pendingCount = 0
    /// What the broker said of the publishes that it returned and has not answered yet.
    private var returns: [UInt64: (code: UInt16, text: String)] = [:]
    /// No slot's deadline is earlier than this.
    private(set) var earliestDeadline = Int64.max

    init(capacity: Int = 64) {
        let rounded = max(16, capacity).nextPowerOfTwo
        ring = ContiguousArray(repeating: Slot(), count: rounded)
        mask = UInt64(rounded - 1)
    }

    deinit {
        for var slot in ring { slot.dropOwner() }
    }

    /// The distance from the oldest unanswered tag to the next one: what the ring has to hold.
    var span: Int { Int(truncatingIfNeeded: next &- oldest) }

    /// Takes the next tag.
    mutating func register(
        owner: PublishOwner?, streamOffset: UInt64, fingerprint: PublishFingerprint?, deadline: Int64,
        sequence: UInt64
    ) -> UInt64 {
        if span == ring.count { grow() }
        let tag = next
        next &+= 1
        pendingCount &+= 1
        var slot = Slot()
        slot.streamOffset = streamOffset
        slot.sequence = sequence
        slot.isPending = true
        slot.deadline = deadline
        if let owner {
            slot.ownsOwner = owner.isRetainedByTracker
            slot.givesReference = owner.takesReference
            slot.owner = slot.ownsOwner ? .passRetained(owner) : .passUnretained(owner)
            if deadline < earliestDeadline { earliestDeadline = deadline }
        }
        if let fingerprint {
            slot.fingerprint = fingerprint
            slot.isMandatory = true
        }
        ring[index(tag)] = slot
        return tag
    }

    /// The broker answered.
    ///
    /// Repeated answers are ignored. `tag` 0 with `multiple` means "all so far" (AMQP 0-9-1, basic.ack.delivery-tag).
    mutating func acknowledge(
        tag: UInt64, multiple: Bool, positive: Bool, _ settle: Settle
    ) throws(AcknowledgeError) {
        guard tag < next, tag > 0 || multiple else { throw .unknownTag(tag) }
        if multiple {
            let last = tag == 0 ? next &- 1 : tag
            while oldest <= last {
                settleSlot(oldest, positive: positive, settle)
                oldest &+= 1
            }
        } else if tag >= oldest {
            settleSlot(tag, positive: positive, settle)
        }
        while oldest < next, !ring[index(oldest)].isPending { oldest &+= 1 }
        if oldest == next { earliestDeadline = .max }
    }

    /// The broker returned a message. Gives the tag it was tied to, or `nil` if no pending publish is like it.
    ///
    /// It is tied to the oldest pending mandatory publish that is equal in exchange, routing key, properties and body;
    /// byte-identical ones are interchangeable. The broker may take a header away on the way back (`BCC`,
    /// https://www.rabbitmq.com/sender-selected.html), so equality without the properties is the second choice.
    mutating func markReturned(fingerprint: PublishFingerprint, code: UInt16, text: String) -> UInt64? {
        var secondChoice: UInt64?
        var current = oldest
        while current < next {
            let slot = ring[index(current)]
            if slot.isPending, slot.isMandatory, !slot.isReturned {
                if slot.fingerprint == fingerprint { return tie(current, code: code, text: text) }
                if secondChoice == nil, slot.fingerprint.isEqualExceptProperties(to: fingerprint) {
                    secondChoice = current
                }
            }
            current &+= 1
        }
        guard let secondChoice else { return nil }
        return tie(secondChoice, code: code, text: text)
    }

    /// Tells the owners of slots whose deadline has passed. The slots stay: the broker's answer is still to come.
    mutating func expire(now: Int64, _ settle: Settle) {
        guard now >= earliestDeadline else { return }
        var earliest = Int64.max
        var current = oldest
        while current < next {
            let position = index(current)
            if ring[position].owner != nil {
                let deadline = ring[position].deadline
                if deadline <= now {
                    let outcome = returnedOutcome(current) ?? .unknown(reason: .timeout)
                    ring[position].tellOwner(outcome, settle)
                } else if deadline < earliest {
                    earliest = deadline
                }
            }
            current &+= 1
        }
        earliestDeadline = earliest
    }

    /// The channel or the connection is gone: what the kernel never got a byte of was not sent, the rest is unknown.
    mutating func failAll(bytesWritten: UInt64, reason: AMQPPublishOutcome.Reason, _ settle: Settle) {
        while oldest < next {
            let position = index(oldest)
            if ring[position].owner != nil {
                let isSent = ring[position].streamOffset < bytesWritten
                let outcome = returnedOutcome(oldest) ?? (isSent ? .unknown(reason: reason) : .notSent(reason: reason))
                ring[position].tellOwner(outcome, settle)
            }
            ring[position].isPending = false
            oldest &+= 1
        }
        pendingCount = 0
        returns.removeAll()
        earliestDeadline = .max
    }

    /// Forgets the owner of a publish that was told elsewhere (a cancelled wait). The tag stays taken.
    mutating func abandon(tag: UInt64) {
        guard tag >= oldest, tag < next else { return }
        ring[index(tag)].dropOwner()
    }

    // MARK: Inside

    @inline(__always)
    private func index(_ tag: UInt64) -> Int { Int(truncatingIfNeeded: tag & mask) }

    private mutating func tie(_ tag: UInt64, code: UInt16, text: String) -> UInt64 {
        ring[index(tag)].isReturned = true
        returns[tag] = (code, text)
        return tag
    }

    private func returnedOutcome(_ tag: UInt64) -> AMQPPublishOutcome? {
        guard ring[index(tag)].isReturned, let entry = returns[tag] else { return nil }
        return .returned(replyCode: entry.code, replyText: entry.text)
    }

    @inline(__always)
    private mutating func settleSlot(_ tag: UInt64, positive: Bool, _ settle: Settle) {
        let position = index(tag)
        guard ring[position].isPending else { return }
        ring[position].isPending = false
        pendingCount &-= 1
        if ring[position].isReturned {
            let outcome = returnedOutcome(tag) ?? .confirmed
            returns.removeValue(forKey: tag)
            ring[position].tellOwner(outcome, settle)
        } else {
            ring[position].tellOwner(positive ? .confirmed : .nacked, settle)
        }
    }

    private mutating func grow() {
        let larger = ring.count * 2
        var newRing = ContiguousArray(repeating: Slot(), count: larger)
        let newMask = UInt64(larger - 1)
        var current = oldest
        while current < next {
            newRing[Int(truncatingIfNeeded: current & newMask)] = ring[index(current)]
            current &+= 1
        }
        ring = newRing
        mask = newMask
    }
}

extension Int {
    /// The smallest power of two that is not below this number; 1 for anything below 2.
    var nextPowerOfTwo: Int {
        self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount)
    }
}
