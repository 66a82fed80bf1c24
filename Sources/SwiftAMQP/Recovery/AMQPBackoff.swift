internal import AMQPTransport

/// How long to wait between two rounds of attempts to connect: exponential with full jitter.
///
/// The wait before round n is a random time between nothing and `initial * multiplier^n`, at most `maximum`: clients that
/// lost the same broker do not come back all at once.
public struct AMQPBackoff: Sendable, Equatable {
    /// The most that the first wait takes, 1 ms to 1 h. Default 100 ms.
    public var initial: Duration
    /// The most that any wait takes, `initial` to 24 h. Default 2 s.
    public var maximum: Duration
    /// By how much the bound grows with each round, 1 to 100. Default 2.
    public var multiplier: Double

    public init(
        initial: Duration = .milliseconds(100), maximum: Duration = .seconds(2), multiplier: Double = 2
    ) {
        self.initial = initial
        self.maximum = maximum
        self.multiplier = multiplier
    }

    /// The longest wait before round `round`, counted from 0.
    func bound(round: Int) -> Duration {
        var bound = initial
        for _ in 0..<max(0, min(round, 64)) {
            guard bound < maximum else { break }
            bound = bound * multiplier
        }
        return min(bound, maximum)
    }

    /// The wait before round `round`.
    ///
    /// - Parameter random: Any number; the same number gives the same wait.
    func delay(round: Int, random: UInt64) -> Duration {
        let bound = UInt64(clamping: bound(round: round).saturatingNanoseconds)
        guard bound < UInt64(Int64.max) else { return maximum }
        return .nanoseconds(Int64(clamping: random % (bound + 1)))
    }

    /// - Throws: `.invalidConfiguration`.
    func validate() throws(AMQPError) {
        guard initial >= .milliseconds(1), initial <= .seconds(3600) else {
            throw AMQPError(.invalidConfiguration, "backoff.initial is \(initial); it must be 1 ms to 1 h")
        }
        guard maximum >= initial, maximum <= .seconds(86_400) else {
            throw AMQPError(
                .invalidConfiguration, "backoff.maximum is \(maximum); it must be backoff.initial to 24 h")
        }
        guard multiplier >= 1, multiplier <= 100 else {
            throw AMQPError(.invalidConfiguration, "backoff.multiplier is \(multiplier); it must be 1 to 100")
        }
    }
}
