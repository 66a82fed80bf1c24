/// Gives out channel ids, low numbers first, and takes them back.
///
/// Low numbers are reused because the broker and this client both keep tables by channel id. A bitmap: 8 KiB for the
/// largest `channel_max`, grown as needed.
struct ChannelIDAllocator: ~Copyable {
    /// The highest id, from the tune negotiation (AMQP 0-9-1, connection.tune.channel-max).
    let highest: UInt16
    private var used: [UInt64] = [1]
    /// No word before this one has a free bit.
    private var firstCandidate = 0
    private(set) var count = 0

    init(highest: UInt16) { self.highest = highest }

    /// The lowest free id, or `nil` when all are in use.
    mutating func allocate() -> UInt16? {
        var word = firstCandidate
        while true {
            if word == used.count {
                guard word * 64 <= Int(highest) else { return nil }
                used.append(0)
            }
            let free = ~used[word]
            if free != 0 {
                let id = word * 64 + free.trailingZeroBitCount
                guard id <= Int(highest) else { return nil }
                used[word] |= 1 << UInt64(free.trailingZeroBitCount)
                firstCandidate = word
                count += 1
                return UInt16(truncatingIfNeeded: id)
            }
            word += 1
        }
    }

    /// Takes an id back. An id that is not in use is ignored.
    mutating func release(_ id: UInt16) {
        let word = Int(id) / 64
        let bit = UInt64(1) << UInt64(id % 64)
        guard id > 0, word < used.count, used[word] & bit != 0 else { return }
        used[word] &= ~bit
        count -= 1
        if word < firstCandidate { firstCandidate = word }
    }
}
