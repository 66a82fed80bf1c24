import TestSupport
import Testing

@testable import SwiftAMQP

@Suite struct BackoffTests {
    @Test func theBoundGrowsToTheMaximum() {
        let backoff = AMQPBackoff(initial: .milliseconds(100), maximum: .seconds(2), multiplier: 2)
        let bounds = (0..<7).map { backoff.bound(round: $0) }
        #expect(bounds == [100, 200, 400, 800, 1600, 2000, 2000].map { Duration.milliseconds($0) })
        #expect(backoff.bound(round: .max) == .seconds(2))
        #expect(backoff.bound(round: -1) == .milliseconds(100))
    }

    @Test func aMultiplierOfOneNeverGrows() {
        let backoff = AMQPBackoff(initial: .milliseconds(7), maximum: .seconds(3600), multiplier: 1)
        #expect(backoff.bound(round: .max) == .milliseconds(7))
    }

    /// The largest values that are allowed overflow nothing.
    @Test func theLargestValues() throws {
        let backoff = AMQPBackoff(initial: .seconds(3600), maximum: .seconds(86_400), multiplier: 100)
        try backoff.validate()
        #expect(backoff.bound(round: 1) == .seconds(86_400))
        #expect(backoff.delay(round: .max, random: .max) <= .seconds(86_400))
    }

    @Test func everyDelayIsBetweenNothingAndTheBound() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let initial = Duration.milliseconds(Int.random(in: 1...5000, using: &random))
            let backoff = AMQPBackoff(
                initial: initial, maximum: initial * Int.random(in: 1...50, using: &random),
                multiplier: Double.random(in: 1...10, using: &random))
            let round = Int.random(in: 0...100, using: &random)
            let delay = backoff.delay(round: round, random: random.next())
            #expect(delay >= .zero && delay <= backoff.bound(round: round))
        }
    }

    /// Full jitter: both ends come up, and the same number gives the same wait.
    @Test func theJitterIsFull() {
        let backoff = AMQPBackoff(initial: .milliseconds(1), maximum: .milliseconds(1))
        #expect(backoff.delay(round: 0, random: 0) == .zero)
        #expect(backoff.delay(round: 0, random: 1_000_000) == .milliseconds(1))
        #expect(backoff.delay(round: 0, random: 1_000_001) == .zero)
        #expect(backoff.delay(round: 3, random: 77) == backoff.delay(round: 3, random: 77))
    }

    @Test(arguments: [
        AMQPBackoff(initial: .zero), AMQPBackoff(initial: .microseconds(999)),
        AMQPBackoff(initial: .seconds(3601), maximum: .seconds(7200)),
        AMQPBackoff(initial: .seconds(3), maximum: .seconds(2)), AMQPBackoff(maximum: .seconds(86_401)),
        AMQPBackoff(initial: .seconds(-1)), AMQPBackoff(multiplier: 0.99), AMQPBackoff(multiplier: 101),
        AMQPBackoff(multiplier: .nan), AMQPBackoff(multiplier: .infinity), AMQPBackoff(multiplier: -.infinity),
    ])
    func whatIsOutOfRange(backoff: AMQPBackoff) {
        let error = #expect(throws: AMQPError.self) { try backoff.validate() }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.text.hasPrefix("backoff.") == true)
    }

    @Test func theDefaultsAreValid() throws {
        try AMQPBackoff().validate()
        try AMQPBackoff(initial: .milliseconds(1), maximum: .milliseconds(1), multiplier: 1).validate()
    }
}
