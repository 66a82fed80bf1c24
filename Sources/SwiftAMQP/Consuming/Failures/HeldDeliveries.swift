/// Things that wait for their time, and the one timer that they share. Pure; times are nanoseconds.
struct HeldDeliveries<Element> {
    private struct Entry {
        var due: Int64
        var element: Element
    }

    /// What the owner does with its timer.
    enum TimerChange: Equatable {
        case none
        /// Set it to this time, instead of the one that it has. The number tells which timer is the last one.
        case set(due: Int64, generation: UInt64)
    }

    /// The last one is due first.
    private var entries: [Entry] = []
    /// When the timer fires; `nil` if there is none.
    private var timer: Int64?
    private var generation: UInt64 = 0

    var count: Int { entries.count }

    /// Keeps `element` until `due`.
    mutating func hold(_ element: Element, until due: Int64) -> TimerChange {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].due > due { low = middle + 1 } else { high = middle }
        }
        entries.insert(Entry(due: due, element: element), at: low)
        return arm()
    }

    /// The timer fired: gives what is due, in order, and the next timer. Nothing, if it is not the last timer that was set.
    mutating func fired(generation: UInt64, now: Int64) -> (due: [Element], timer: TimerChange) {
        guard generation == self.generation else { return ([], .none) }
        timer = nil
        var due: [Element] = []
        while let last = entries.last, last.due <= now {
            due.append(last.element)
            entries.removeLast()
        }
        return (due, arm())
    }

    /// Gives everything, in the order of its time. The timer that was set is void.
    mutating func removeAll() -> [Element] {
        let all = entries.reversed().map(\.element)
        entries = []
        timer = nil
        generation &+= 1
        return all
    }

    /// Whether a timer with this number is still wanted.
    func isCurrent(_ generation: UInt64) -> Bool { timer != nil && generation == self.generation }

    private mutating func arm() -> TimerChange {
        guard let first = entries.last?.due else { return .none }
        if let timer, timer <= first { return .none }
        timer = first
        generation &+= 1
        return .set(due: first, generation: generation)
    }
}
