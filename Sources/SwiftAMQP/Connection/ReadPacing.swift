internal import AMQPTransport

/// When to read again from a broker that drips deliveries: a few at a time, many times a second, each of which costs a
/// wake-up of the loop and one of the consumer. A value that is told what each turn of reads brought, and says how long to
/// leave the socket alone.
///
/// It waits only where many short turns came one after the other and brought nothing but deliveries to be settled, more
/// than one each; never so long that half of the prefetch could be used up; and it gives up where deliveries come slower
/// for it, because the other side waits for what this one does with them.
struct ReadPacing {
    /// What the reads of one turn brought.
    struct Turn {
        /// Nanoseconds of the monotonic clock.
        var now: Int64
        var deliveries: Int
        var bytes: Int
        /// Whether there was nothing but deliveries that have to be settled.
        var isPure: Bool
        /// How many more may come before half of a prefetch is used up.
        var room: Int
    }

    /// The longest wait.
    static let wait = Int64(Tunable.get("SAMQP_WAIT", 500_000))
    /// A shorter one is not worth it.
    static let leastWait: Int64 = 100_000
    /// Turns further apart are no drip.
    static let longestGap: Int64 = 400_000
    /// So many are looked at before the first wait,
    static let watchedTurns = 16
    /// and so many that waited before they are judged.
    static let judgedTurns = 8
    /// More than this in a turn is a stream that needs no help.
    static let mostBytes = 64 << 10
    static let leastPause: Int64 = 50_000_000
    static let longestPause: Int64 = 2_000_000_000

    private var isGathering = false
    private var turns = 0
    private var deliveries = 0
    private var start: Int64 = 0
    private var last: Int64 = 0
    /// Deliveries a nanosecond before waiting began.
    private var rate = 0.0
    /// After a failure: not before this, and how long the next failure counts.
    private var notBefore: Int64 = 0
    private var pause = leastPause

    /// How long not to read; 0 is until something comes.
    mutating func wait(after turn: Turn) -> Int64 {
        let gap = turn.now - last
        last = turn.now
        guard turn.isPure, turn.deliveries > 0, turn.bytes <= Self.mostBytes, isGathering || gap <= Self.longestGap else {
            stop(turn.now)
            return 0
        }
        turns += 1
        deliveries += turn.deliveries
        if turns >= (isGathering ? Self.judgedTurns : Self.watchedTurns) { judge(turn.now) }
        guard isGathering else { return 0 }
        let untilFull = Double(turn.room) / rate
        let wait = untilFull < Double(Self.wait) ? Int64(untilFull) : Self.wait
        guard wait >= Self.leastWait else {
            stop(turn.now)
            return 0
        }
        return wait
    }

    private mutating func judge(_ now: Int64) {
        let seen = Double(deliveries) / Double(max(1, now - start))
        if isGathering {
            if seen < rate * 0.75 {
                notBefore = now + pause
                pause = min(pause * 2, Self.longestPause)
                isGathering = false
            } else {
                pause = Self.leastPause
            }
        } else if deliveries >= 2 * turns, now >= notBefore {
            isGathering = true
            rate = seen
        }
        begin(now)
    }

    private mutating func stop(_ now: Int64) {
        isGathering = false
        begin(now)
    }

    private mutating func begin(_ now: Int64) {
        start = now
        turns = 0
        deliveries = 0
    }
}
