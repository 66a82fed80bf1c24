/// When to read again from a broker that drips deliveries: a few at a time, thousands of times a second, each of which
/// wakes the loop and a consumer. A value that is told what each turn of reads brought, and says how long to leave the
/// socket alone meanwhile.
///
/// It waits only after many short turns in quick succession that brought nothing but deliveries to be settled, more than
/// one each; never so long that three quarters of the prefetch would be used up; and it stops where deliveries come slower
/// for it: then the other side waits for what this one does with them.
struct ReadPacing {
    /// What the reads of one turn brought.
    struct Turn {
        /// Nanoseconds of the monotonic clock.
        var now: Int64
        var deliveries: Int
        var bytes: Int
        /// Whether there was nothing but deliveries that have to be settled.
        var isPure: Bool
        /// How many more may come before three quarters of a prefetch are used up.
        var room: Int
    }

    /// The longest wait, in nanoseconds as all times here.
    static let longestWait: Int64 = 500_000
    /// A shorter one is not worth it.
    static let leastWait: Int64 = 100_000
    /// Turns further apart are no drip.
    static let longestGap: Int64 = 400_000
    /// So many turns are looked at before the first wait, and so many that waited before they are judged.
    static let watchedTurns = 16
    static let judgedTurns = 8
    /// Turns with more need no help: without a wait, and with one.
    static let mostBytes = 16 << 10
    static let mostBytesGathered = 64 << 10
    /// After a wait that made deliveries slower there is none for so long; longer each time.
    static let leastPause: Int64 = 50_000_000
    static let longestPause: Int64 = 2_000_000_000

    private var isGathering = false
    private var last: Int64 = 0
    // Since the last judgement.
    private var start: Int64 = 0
    private var turns = 0
    private var deliveries = 0
    /// How many deliveries came in a nanosecond before waiting began.
    private var rate = 0.0
    private var notBefore: Int64 = 0
    private var pause = leastPause

    /// How long not to read; 0 is until something comes.
    mutating func wait(after turn: Turn) -> Int64 {
        let gap = turn.now - last
        last = turn.now
        let isDrip =
            isGathering
            ? turn.bytes <= Self.mostBytesGathered : turn.bytes <= Self.mostBytes && gap <= Self.longestGap
        guard isDrip, turn.isPure, turn.deliveries > 0 else { return stop(turn.now) }
        turns += 1
        deliveries += turn.deliveries
        if turns == (isGathering ? Self.judgedTurns : Self.watchedTurns) { judge(turn.now) }
        guard isGathering else { return 0 }
        let untilFull = Double(turn.room) / rate
        let wait = untilFull < Double(Self.longestWait) ? Int64(untilFull) : Self.longestWait
        return wait >= Self.leastWait ? wait : stop(turn.now)
    }

    private mutating func judge(_ now: Int64) {
        let seen = Double(deliveries) / Double(max(1, now - start))
        if isGathering {
            if seen < rate * 0.75 {
                isGathering = false
                notBefore = now + pause
                pause = min(pause * 2, Self.longestPause)
            } else {
                pause = Self.leastPause
            }
        } else if deliveries >= 2 * turns, now >= notBefore {
            isGathering = true
            rate = seen
        }
        begin(now)
    }

    private mutating func stop(_ now: Int64) -> Int64 {
        isGathering = false
        begin(now)
        return 0
    }

    private mutating func begin(_ now: Int64) {
        start = now
        turns = 0
        deliveries = 0
    }
}
