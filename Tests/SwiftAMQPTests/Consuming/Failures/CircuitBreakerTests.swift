import TestSupport
import Testing

@testable import SwiftAMQP

@Suite struct CircuitBreakerTests {
    private static func feed(_ breaker: inout CircuitBreaker, _ results: String, now: Int64 = 0) -> [Duration?] {
        results.map { result in
            guard case .pause(let duration) = breaker.record(isFailure: result == "x", now: now) else { return nil }
            return duration
        }
    }

    @Test func opensAtTheRateAndNotBefore() {
        var breaker = CircuitBreaker(AMQPCircuitBreaker())
        #expect(Self.feed(&breaker, "xxxxxxxxx").allSatisfy { $0 == nil })
        #expect(Self.feed(&breaker, "x", now: 5) == [.seconds(1)])
        #expect(breaker.pausedUntil == 1_000_000_005)
        var healthy = CircuitBreaker(AMQPCircuitBreaker())
        #expect(Self.feed(&healthy, String(repeating: ".x.", count: 400)).allSatisfy { $0 == nil })
        var half = CircuitBreaker(AMQPCircuitBreaker())
        #expect(Self.feed(&half, ".x.x.x.x.x") == Array(repeating: nil, count: 9) + [.seconds(1)])
    }

    @Test func resultsOfBeforeThePauseDoNotCountAfterIt() {
        var breaker = CircuitBreaker(AMQPCircuitBreaker())
        _ = Self.feed(&breaker, String(repeating: "x", count: 10))
        #expect(Self.feed(&breaker, String(repeating: "x", count: 50)).allSatisfy { $0 == nil })
        breaker.resumed()
        #expect(Self.feed(&breaker, ".xxx").allSatisfy { $0 == nil })
    }

    @Test func longerPausesWhileTheFirstResultsFail() {
        var breaker = CircuitBreaker(AMQPCircuitBreaker())
        _ = Self.feed(&breaker, String(repeating: "x", count: 10))
        for seconds in [2, 4, 8, 16, 32, 60, 60] {
            breaker.resumed()
            #expect(Self.feed(&breaker, "xxx") == [nil, nil, .seconds(seconds)])
        }
        breaker.resumed()
        #expect(Self.feed(&breaker, String(repeating: ".", count: 9)).allSatisfy { $0 == nil })
        // Nine successes are not enough to forget it, ten are.
        #expect(Self.feed(&breaker, String(repeating: "x", count: 9)).last == .seconds(60))
        breaker.resumed()
        _ = Self.feed(&breaker, String(repeating: ".", count: 10))
        #expect(Self.feed(&breaker, String(repeating: "x", count: 10)).last == .seconds(1))
    }

    @Test func oneSuccessEndsTheTrial() {
        var breaker = CircuitBreaker(AMQPCircuitBreaker())
        _ = Self.feed(&breaker, String(repeating: "x", count: 10))
        breaker.resumed()
        #expect(Self.feed(&breaker, "xx.xxxxxx").allSatisfy { $0 == nil })
        #expect(Self.feed(&breaker, "x") == [.seconds(2)])
    }

    /// Against a list of everything since the last resume.
    @Test func model() {
        for seed in UInt64(1)...300 {
            var random = SeededGenerator(seed: seed)
            let window = Int.random(in: 1...12, using: &random)
            let configuration = AMQPCircuitBreaker(
                window: window, minimumResults: Int.random(in: 1...window, using: &random),
                failureRate: [0.2, 0.5, 0.9, 1][Int.random(in: 0..<4, using: &random)],
                trialResults: Int.random(in: 1...window, using: &random),
                closeAfter: Int.random(in: 1...15, using: &random))
            var breaker = CircuitBreaker(configuration)
            var history: [Bool] = []
            var pauses = 0
            var isPaused = false
            var hasPaused = false
            let failing = Int.random(in: 1...9, using: &random)
            for step in 0..<400 {
                if isPaused, Int.random(in: 0..<4, using: &random) == 0 {
                    breaker.resumed()
                    history = []
                    isPaused = false
                    continue
                }
                let isFailure = Int.random(in: 0..<10, using: &random) < failing
                let action = breaker.record(isFailure: isFailure, now: Int64(step))
                guard !isPaused else {
                    #expect(action == nil)
                    continue
                }
                history.append(isFailure)
                if history.count(where: { !$0 }) >= configuration.closeAfter { pauses = 0 }
                let last = history.suffix(window)
                let isOverRate =
                    last.count >= configuration.minimumResults
                    && Double(last.count { $0 }) >= configuration.failureRate * Double(last.count)
                // Only after a pause is there a trial.
                let hasFailedTrial =
                    hasPaused && history.count == configuration.trialResults && history.allSatisfy { $0 }
                if isFailure, isOverRate || hasFailedTrial {
                    #expect(action == .pause(configuration.pause.bound(round: pauses)), "seed \(seed), step \(step)")
                    pauses += 1
                    isPaused = true
                    hasPaused = true
                } else {
                    #expect(action == nil, "seed \(seed), step \(step)")
                }
            }
        }
    }

    private static let refused: [(AMQPCircuitBreaker, String)] = [
        (AMQPCircuitBreaker(window: 0), "window"), (AMQPCircuitBreaker(minimumResults: 21), "minimumResults"),
        (AMQPCircuitBreaker(minimumResults: 0), "minimumResults"), (AMQPCircuitBreaker(failureRate: 0), "failureRate"),
        (AMQPCircuitBreaker(failureRate: 1.1), "failureRate"), (AMQPCircuitBreaker(failureRate: .nan), "failureRate"),
        (AMQPCircuitBreaker(trialResults: 0), "trialResults"), (AMQPCircuitBreaker(closeAfter: 0), "closeAfter"),
        (AMQPCircuitBreaker(pause: AMQPBackoff(initial: .zero)), "backoff"),
    ]

    @Test(arguments: refused) func refuses(_ configuration: AMQPCircuitBreaker, _ field: String) async throws {
        try AMQPCircuitBreaker().validate()
        let error = await amqpError { try configuration.validate() }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.text.contains(field) == true)
    }
}
