internal import AMQPTransport

/// Watches the results of handlers and says when their consumer has to pause. Pure; times are nanoseconds.
///
/// Closed: results are counted. Open: the consumer pauses, and what handlers that still run come to counts for nothing.
/// Half open: after a pause, until the first success, or as many failures as open it again.
struct CircuitBreaker {
    enum Action: Equatable {
        /// Stop taking messages for this long, then call ``resumed()``.
        case pause(Duration)
    }

    private let configuration: AMQPCircuitBreaker
    /// The last results, oldest first; true is a failure.
    private var results = FIFO<Bool>()
    private var failures = 0
    /// How many pauses there were without enough successes in between.
    private var round = 0
    /// How many more results must be failures for the next pause to follow at once; 0 if that is over.
    private var trial = 0
    private var successes = 0
    /// When the pause ends; `nil` if there is none.
    private(set) var pausedUntil: Int64?

    init(_ configuration: AMQPCircuitBreaker) { self.configuration = configuration }

    /// A handler has ended.
    mutating func record(isFailure: Bool, now: Int64) -> Action? {
        guard pausedUntil == nil else { return nil }
        results.append(isFailure)
        if results.count > configuration.window, results.popFirst() == true { failures -= 1 }
        if isFailure { failures += 1 } else { successes += 1 }
        if successes >= configuration.closeAfter { round = 0 }
        let isTrial = trial > 0
        if isTrial { trial = isFailure ? trial - 1 : 0 }
        let hasFailedTrial = isTrial && isFailure && trial == 0
        let isOverRate =
            results.count >= configuration.minimumResults
            && Double(failures) >= configuration.failureRate * Double(results.count)
        // A success never pauses: what came before it may have been too much, but now it works.
        guard isFailure, hasFailedTrial || isOverRate else { return nil }
        return open(now: now)
    }

    private mutating func open(now: Int64) -> Action {
        let pause = configuration.pause.bound(round: round)
        round += 1
        let (end, overflow) = now.addingReportingOverflow(pause.saturatingNanoseconds)
        pausedUntil = overflow ? .max : end
        return .pause(pause)
    }

    /// The consumer takes messages again.
    mutating func resumed() {
        guard pausedUntil != nil else { return }
        pausedUntil = nil
        results = FIFO()
        failures = 0
        successes = 0
        trial = configuration.trialResults
    }
}
