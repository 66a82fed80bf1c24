/// The deliveries of one channel that were not settled yet, in the order of their tags.
///
/// Values in, actions out; its owner guards it with the outbox lock. It answers the questions that make a settle safe:
/// was this tag settled already, and which frames settle "everything up to here" without touching a delivery that the
/// program has not been given yet (it may sit in another consumer's buffer on the same channel).
struct UnsettledTags: ~Copyable {
    /// Which consumer of the channel a delivery went to. 0 is `basic.get`.
    typealias ConsumerSlot = UInt16

    /// One frame to write.
    struct Settlement: Equatable {
        var tag: UInt64
        var multiple: Bool
    }

    /// Why a tag cannot be settled.
    enum SettleError: Error, Equatable {
        /// It was settled before, by itself or by a `multiple`, or never tracked.
        case alreadySettled
    }

    private struct Entry {
        var tag: UInt64
        var consumer: ConsumerSlot
        var isSettled: Bool
    }

    /// Sorted by tag: the broker counts upwards (AMQP 0-9-1, basic.deliver.delivery-tag). Settled entries are
    /// dropped from the front; `head` is where the live ones begin.
    private var entries: [Entry] = []
    private var head = 0
    /// How many deliveries are not settled.
    private(set) var count = 0
    var isEmpty: Bool { count == 0 }

    /// The highest tag that was seen.
    private(set) var highest: UInt64 = 0

    /// A delivery arrived that must be settled. False if its tag does not count upwards, which breaks the protocol.
    mutating func register(tag: UInt64, consumer: ConsumerSlot) -> Bool {
        guard tag > highest else { return false }
        highest = tag
        if entries.count - head > 2 * count + 1024 {
            // One delivery that is held for long keeps the front; without this, all that was settled behind it would
            // be kept as well.
            entries = entries[head...].filter { !$0.isSettled }
            head = 0
        }
        entries.append(Entry(tag: tag, consumer: consumer, isSettled: false))
        count += 1
        return true
    }

    /// Settles one delivery.
    mutating func settle(tag: UInt64) throws(SettleError) {
        guard let position = position(of: tag), !entries[position].isSettled else { throw .alreadySettled }
        entries[position].isSettled = true
        count -= 1
        dropSettledFront()
    }

    /// Settles every delivery up to `tag` that was handed out, and says which frames do that.
    ///
    /// `basic.ack` with `multiple` covers every outstanding tag up to the given one, so it may only be used as far as
    /// everything below was handed out; behind the first one that was not, tags are settled one by one.
    mutating func settleUpTo(
        tag: UInt64, isHandedOut: (ConsumerSlot, UInt64) -> Bool
    ) throws(SettleError) -> [Settlement] {
        guard let target = position(of: tag), !entries[target].isSettled else { throw .alreadySettled }
        return settle(head...target) { isHandedOut($0.consumer, $0.tag) }
    }

    /// Settles what the consumer was sent but the program was never given, and says which frames do that.
    mutating func settleNotHandedOut(consumer: ConsumerSlot, above watermark: UInt64) -> [Settlement] {
        guard !isEmpty else { return [] }
        return settle(head...entries.count - 1) { $0.consumer == consumer && $0.tag > watermark }
    }

    /// Settles those in `range`, which begins at the head, that are meant: with one frame as far as nothing else is
    /// unsettled below, behind that one by one.
    private mutating func settle(_ range: ClosedRange<Int>, where isMeant: (Entry) -> Bool) -> [Settlement] {
        var frames: [Settlement] = []
        var prefixEnd: UInt64?
        var isPrefix = true
        for position in range {
            let entry = entries[position]
            guard !entry.isSettled else { continue }
            guard isMeant(entry) else {
                isPrefix = false
                continue
            }
            entries[position].isSettled = true
            count -= 1
            if isPrefix { prefixEnd = entry.tag } else { frames.append(.init(tag: entry.tag, multiple: false)) }
        }
        if let prefixEnd { frames.insert(Settlement(tag: prefixEnd, multiple: true), at: 0) }
        dropSettledFront()
        return frames
    }

    /// The tag up to which one ack with `multiple` settles what two acks settle that follow each other on the wire; `nil`
    /// if it would settle something else as well.
    ///
    /// Both tags are settled here. The broker counts upwards, and every delivery that came and was not settled is known:
    /// where none of them is below, all that such an ack covers are these two, what their `multiple` covered, and tags
    /// that the broker has done with.
    @inline(__always)
    func combined(_ tag: UInt64, _ other: UInt64) -> UInt64? {
        let highest = max(tag, other)
        return head == entries.count || entries[head].tag > highest ? highest : nil
    }

    /// Whether `tag` waits to be settled.
    func contains(tag: UInt64) -> Bool {
        guard let position = position(of: tag) else { return false }
        return !entries[position].isSettled
    }

    /// Whether something waits to be settled that the program was given.
    func containsHandedOut(_ isHandedOut: (ConsumerSlot, UInt64) -> Bool) -> Bool {
        entries[head...].contains { !$0.isSettled && isHandedOut($0.consumer, $0.tag) }
    }

    /// Forgets everything: the broker has taken the deliveries back (`basic.recover`, a closed channel).
    mutating func removeAll() {
        entries.removeAll()
        head = 0
        count = 0
    }

    private func position(of tag: UInt64) -> Int? {
        guard head < entries.count, tag >= entries[head].tag else { return nil }
        // Without auto-ack consumers on the channel the tags have no gaps, and the first guess is right.
        let distance = tag - entries[head].tag
        if distance < UInt64(entries.count - head) {
            let guess = head + Int(distance)
            if entries[guess].tag == tag { return guess }
        }
        var low = head
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].tag < tag { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].tag == tag ? low : nil
    }

    private mutating func dropSettledFront() {
        while head < entries.count, entries[head].isSettled { head += 1 }
        if head == entries.count {
            entries.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1024, head * 2 >= entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }
}
