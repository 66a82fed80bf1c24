/// The publishes of one channel in confirm mode that wait for the broker's answer: a ring indexed by tag.
///
/// Values in, actions out: the tracker knows no lock, no clock and no continuation. Its owner guards it with the
/// outbox lock, because a publish takes its tag in the same critical section that orders its frames.
///
/// The broker numbers publishes from 1 after `confirm.select` and answers with `basic.ack` or `basic.nack`, single or
/// `multiple`, in any order (https://www.rabbitmq.com/confirms.html#publisher-confirms). An unroutable mandatory
/// message comes back with `basic.return`, which carries no tag and precedes its own ack.
struct ConfirmTracker<Owner: AnyObject>: ~Copyable {
    /// One publish in the ring.
    struct Slot {
        /// Who is told the outcome; `nil` where nobody waits, or once it was told.
        var owner: Owner?
        /// Where the frames of the publish begin in the outgoing byte stream.
        var streamOffset: UInt64
        /// What a `basic.return` is compared with; `nil` for publishes that are not mandatory.
        var fingerprint: PublishFingerprint?
        /// When the owner must have been told, in nanoseconds of the monotonic clock.
        var deadline: Int64
        /// Which of its owner's publishes it is.
        var sequence: UInt64
        /// Whether the broker has not answered yet.
        fileprivate(set) var isPending = true
        /// Whether a `basic.return` was tied to this publish; its code is in `returns`.
        fileprivate(set) var isReturned = false
    }

    /// A slot that left the ring, with its outcome.
    struct Settled {
        let owner: Owner
        let outcome: AMQPPublishOutcome
        let sequence: UInt64
    }

    /// What was wrong with an acknowledgement.
    enum AcknowledgeError: Error, Equatable {
        /// The tag was never given out: the peer broke the protocol.
        case unknownTag(UInt64)
    }

    private var ring: ContiguousArray<Slot?>
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
        ring = ContiguousArray(repeating: nil, count: rounded)
        mask = UInt64(rounded - 1)
    }

    /// The distance from the oldest unanswered tag to the next one: what the ring has to hold.
    var span: Int { Int(truncatingIfNeeded: next &- oldest) }

    /// Takes the next tag.
    mutating func register(
        owner: Owner?, streamOffset: UInt64, fingerprint: PublishFingerprint?, deadline: Int64, sequence: UInt64
    ) -> UInt64 {
        if span == ring.count { grow() }
        let tag = next
        next &+= 1
        pendingCount += 1
        if deadline < earliestDeadline { earliestDeadline = deadline }
        ring[index(tag)] = Slot(
            owner: owner, streamOffset: streamOffset, fingerprint: fingerprint, deadline: deadline, sequence: sequence)
        return tag
    }

    /// The broker answered.
    ///
    /// Repeated answers are ignored. `tag` 0 with `multiple` means "all so far" (AMQP 0-9-1, basic.ack.delivery-tag).
    mutating func acknowledge(
        tag: UInt64, multiple: Bool, positive: Bool, _ settle: (Settled) -> Void
    ) throws(AcknowledgeError) {
        guard tag < next, tag > 0 || multiple else { throw .unknownTag(tag) }
        if multiple {
            let last = tag == 0 ? next &- 1 : tag
            var current = oldest
            while current <= last {
                settleSlot(current, positive: positive, settle)
                current &+= 1
            }
        } else if tag >= oldest {
            settleSlot(tag, positive: positive, settle)
        }
        advance()
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
            if let slot = ring[index(current)], slot.isPending, !slot.isReturned, let candidate = slot.fingerprint {
                if candidate == fingerprint {
                    return tie(current, code: code, text: text)
                }
                if secondChoice == nil, candidate.isEqualExceptProperties(to: fingerprint) { secondChoice = current }
            }
            current &+= 1
        }
        guard let secondChoice else { return nil }
        return tie(secondChoice, code: code, text: text)
    }

    /// Tells the owners of slots whose deadline has passed. The slots stay: the broker's answer is still to come.
    mutating func expire(now: Int64, _ settle: (Settled) -> Void) {
        guard now >= earliestDeadline else { return }
        var earliest = Int64.max
        var current = oldest
        while current < next {
            let position = index(current)
            if let owner = ring[position]?.owner, let slot = ring[position] {
                if slot.deadline <= now {
                    ring[position]?.owner = nil
                    let outcome = returnedOutcome(current, slot) ?? .unknown(reason: .timeout)
                    settle(Settled(owner: owner, outcome: outcome, sequence: slot.sequence))
                } else if slot.deadline < earliest {
                    earliest = slot.deadline
                }
            }
            current &+= 1
        }
        earliestDeadline = earliest
    }

    /// The channel or the connection is gone: what the kernel never got a byte of was not sent, the rest is unknown.
    mutating func failAll(
        bytesWritten: UInt64, reason: AMQPPublishOutcome.Reason, _ settle: (Settled) -> Void
    ) {
        var current = oldest
        while current < next {
            if let slot = ring[index(current)], let owner = slot.owner {
                let outcome =
                    returnedOutcome(current, slot)
                    ?? (slot.streamOffset >= bytesWritten ? .notSent(reason: reason) : .unknown(reason: reason))
                settle(Settled(owner: owner, outcome: outcome, sequence: slot.sequence))
            }
            ring[index(current)] = nil
            current &+= 1
        }
        oldest = next
        pendingCount = 0
        returns.removeAll()
        earliestDeadline = .max
    }

    /// Forgets the owner of a publish that was told elsewhere (a cancelled wait). The tag stays taken.
    mutating func abandon(tag: UInt64) {
        guard tag >= oldest, tag < next else { return }
        ring[index(tag)]?.owner = nil
    }

    // MARK: Inside

    private func index(_ tag: UInt64) -> Int { Int(truncatingIfNeeded: tag & mask) }

    private mutating func tie(_ tag: UInt64, code: UInt16, text: String) -> UInt64 {
        ring[index(tag)]?.isReturned = true
        returns[tag] = (code, text)
        return tag
    }

    private func returnedOutcome(_ tag: UInt64, _ slot: Slot) -> AMQPPublishOutcome? {
        guard slot.isReturned, let entry = returns[tag] else { return nil }
        return .returned(replyCode: entry.code, replyText: entry.text)
    }

    @inline(__always)
    private mutating func settleSlot(_ tag: UInt64, positive: Bool, _ settle: (Settled) -> Void) {
        let position = index(tag)
        guard let slot = ring[position], slot.isPending else { return }
        pendingCount -= 1
        if let owner = slot.owner {
            let outcome: AMQPPublishOutcome =
                slot.isReturned ? returnedOutcome(tag, slot) ?? .confirmed : positive ? .confirmed : .nacked
            settle(Settled(owner: owner, outcome: outcome, sequence: slot.sequence))
        }
        if slot.isReturned { returns.removeValue(forKey: tag) }
        ring[position] = nil
    }

    private mutating func advance() {
        while oldest < next, ring[index(oldest)] == nil { oldest &+= 1 }
        if oldest == next { earliestDeadline = .max }
    }

    private mutating func grow() {
        let larger = ring.count * 2
        var newRing = ContiguousArray<Slot?>(repeating: nil, count: larger)
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
