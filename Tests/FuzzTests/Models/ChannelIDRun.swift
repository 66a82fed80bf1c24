@testable import SwiftAMQP

/// The allocator of channel ids beside a list of what was given back: the lowest free id comes next.
struct ChannelIDRun: ~Copyable {
    private var allocator: ChannelIDAllocator
    private let highest: Int
    /// Ids below this one are, or were, in use.
    private var fresh = 1
    private var free: Set<Int> = []
    /// Ids that are in use, in no order.
    private var used: [Int] = []
    /// How many channels the program has open, about: it changes, so that numbers come back by the hundred.
    private var wanted = 20

    init(highest: UInt16) {
        allocator = ChannelIDAllocator(highest: highest)
        self.highest = Int(highest)
    }

    mutating func step(_ choices: inout some Choices) throws {
        if choices.oneIn(256) { wanted = choices.oneIn(8) ? choices.below(1200) : choices.below(100) }
        if choices.below(8) < (used.count < wanted ? 6 : 2) {
            let expected = free.min() ?? (fresh <= highest ? fresh : nil)
            let id = allocator.allocate().map(Int.init)
            try hold(id == expected, "\(id as Any) instead of \(expected as Any)")
            guard let id else { return }
            if free.remove(id) == nil { fresh += 1 }
            used.append(id)
        } else if choices.oneIn(16) {
            // Not in use, perhaps: 0, one that is free, one that is out of range.
            let id = choices.below(65536)
            allocator.release(UInt16(id))
            if let place = used.firstIndex(of: id) { giveBack(place) }
        } else if !used.isEmpty {
            let place = choices.below(used.count)
            allocator.release(UInt16(used[place]))
            giveBack(place)
        }
        let count = allocator.count
        try hold(count == used.count, "\(count) in use, not \(used.count)")
    }

    private mutating func giveBack(_ place: Int) {
        free.insert(used[place])
        used.swapAt(place, used.count - 1)
        used.removeLast()
    }
}
