/// Something with a descriptor that a loop watches.
protocol LoopSource: AnyObject, Sendable {
    /// The descriptor is ready. On the loop's thread.
    func handle(_ event: EpollEvent)
}

/// Something that wants the loop to write what it holds.
protocol LoopFlushable: AnyObject, Sendable {
    /// Writes what can be written. On the loop's thread. True if bytes were written.
    func flushOnLoop() -> Bool

    /// Writes what waits. On the loop's thread, when a planned flush is due. False if nothing waits, and the plan is over.
    func flushAsPlanned() -> Bool

    /// Gives back buffers that are empty. On the loop's thread, when it has been idle for a while.
    func trimOnLoop()
}

/// Names a watched descriptor; the generation keeps an event that was fetched before a close from reaching the next
/// descriptor in the same slot.
struct LoopToken: Sendable, Equatable {
    let slot: Int
    let generation: UInt32

    var rawValue: UInt64 { UInt64(generation) << 32 | UInt64(UInt32(truncatingIfNeeded: slot)) }

    init(slot: Int, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    init(rawValue: UInt64) {
        slot = Int(UInt32(truncatingIfNeeded: rawValue))
        generation = UInt32(truncatingIfNeeded: rawValue >> 32)
    }
}
