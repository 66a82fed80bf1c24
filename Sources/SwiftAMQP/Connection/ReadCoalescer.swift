/// Decides when to let deliveries gather for a moment before the next read.
///
/// A broker that delivers in small bursts wakes the loop for each, the loop wakes the consumer, and the consumer writes its
/// acks and waits again: two thirds of the processor time of such a stream went into the kernel (*measured*). So where
/// bursts follow each other closely, the socket is left alone for a moment. The first delivery after a rest never waits;
/// nothing waits while anything on the connection awaits an answer, nor when the broker may be waiting for acks; and where
/// waiting brings nothing, as when each delivery depends on what this side does with the one before, it is left off.
///
/// A value: it knows no clock and no socket.
struct ReadCoalescer {
    /// How long reading rests: what a delivery is late by at most.
    static let pause: Int64 = 200_000
    /// Bursts that follow each other later than this after the end of the one before are no stream.
    static let closeness: Int64 = 100_000
    /// From so many deliveries on, a burst carries its own weight.
    static let largeBurst = 32
    /// A pause that brought fewer was not worth it.
    static let worthwhile = 4
    /// For how long pauses are left off then; it doubles up to `longestHoldOff` as long as they bring nothing.
    static let holdOff: Int64 = 20_000_000
    static let longestHoldOff: Int64 = 1_280_000_000

    private var lastBurst: Int64 = 0
    private var isPaused = false
    private var notBefore: Int64 = 0
    private var currentHoldOff = ReadCoalescer.holdOff

    /// A read is over.
    ///
    /// - Parameters:
    ///   - burst: What it brought.
    ///   - now: Nanoseconds of the monotonic clock.
    /// - Returns: Whether reading should rest, unless somebody awaits an answer.
    mutating func shouldPause(after burst: Burst, now: Int64) -> Bool {
        let count = burst.count
        let wasPaused = isPaused
        isPaused = false
        if wasPaused {
            if count < Self.worthwhile {
                notBefore = now &+ currentHoldOff
                currentHoldOff = min(currentHoldOff &* 2, Self.longestHoldOff)
            } else {
                currentHoldOff = Self.holdOff
            }
        }
        guard count > 0 else { return false }
        let isStream = wasPaused || now &- lastBurst < Self.closeness
        lastBurst = now
        guard isStream, count < Self.largeBurst, now >= notBefore, !burst.isMixed else { return false }
        // Half a prefetch is left for what comes meanwhile: the broker is not held up.
        let prefetch = burst.prefetch
        guard prefetch == 0 || (prefetch >= 2 * Self.largeBurst && burst.unsettled < prefetch / 2) else { return false }
        isPaused = true
        return true
    }

    /// Reading did not rest after all, or not to the end.
    mutating func pauseWasCutShort() { isPaused = false }

    /// What one read brought.
    struct Burst {
        /// Deliveries that are acknowledged by the program.
        private(set) var count = 0
        /// How many deliveries of their channels wait to be settled.
        private(set) var unsettled = 0
        /// The smallest prefetch among their consumers; 0 if none has a limit.
        private(set) var prefetch = 0
        /// Whether anything came that must not wait for more.
        private(set) var isMixed = false

        mutating func add(count: Int, unsettled: Int, prefetch: Int) {
            self.count += count
            self.unsettled += unsettled
            if prefetch > 0 { self.prefetch = self.prefetch == 0 ? prefetch : min(self.prefetch, prefetch) }
        }

        /// A delivery that is acknowledged automatically: nothing limits how many come meanwhile.
        mutating func addUntracked() { isMixed = true }
    }
}
