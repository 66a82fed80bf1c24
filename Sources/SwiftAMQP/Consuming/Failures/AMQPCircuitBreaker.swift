/// When a consumer pauses because its handlers fail: whatever they need is down, and taking more messages helps nobody.
public struct AMQPCircuitBreaker: Sendable, Equatable {
    /// How many of the last results count, 1 to 10,000. Default 20.
    public var window: Int
    /// How many results there have to be, 1 to `window`. Default 10.
    public var minimumResults: Int
    /// The share of failures from which on the consumer pauses, more than 0 and up to 1. Default 0.5.
    public var failureRate: Double
    /// How long it pauses: `initial`, and longer each time that it did not help. No random part. Default 1 s, doubled up to
    /// 60 s.
    public var pause: AMQPBackoff
    /// After a pause, if the first results, so many, are failures all, the next pause follows at once. 1 to `window`.
    /// Default 3.
    public var trialResults: Int
    /// After so many successes since the last pause, the next one is `initial` again. 1 to 10,000. Default 10.
    public var closeAfter: Int

    public init(
        window: Int = 20, minimumResults: Int = 10, failureRate: Double = 0.5,
        pause: AMQPBackoff = AMQPBackoff(initial: .seconds(1), maximum: .seconds(60)), trialResults: Int = 3,
        closeAfter: Int = 10
    ) {
        self.window = window
        self.minimumResults = minimumResults
        self.failureRate = failureRate
        self.pause = pause
        self.trialResults = trialResults
        self.closeAfter = closeAfter
    }

    /// - Throws: `.invalidConfiguration`, which names the field, its value and its range.
    public func validate() throws(AMQPError) {
        try Self.check(window, "window", 1...10_000)
        try Self.check(minimumResults, "minimumResults", 1...window)
        try Self.check(trialResults, "trialResults", 1...window)
        try Self.check(closeAfter, "closeAfter", 1...10_000)
        guard failureRate > 0, failureRate <= 1 else {
            throw AMQPError(
                .invalidConfiguration,
                "circuitBreaker.failureRate is \(failureRate); it must be more than 0, and 1 at most")
        }
        try pause.validate()
    }

    private static func check(_ value: Int, _ name: String, _ range: ClosedRange<Int>) throws(AMQPError) {
        guard range ~= value else {
            throw AMQPError(
                .invalidConfiguration,
                "circuitBreaker.\(name) is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
