import Testing

@testable import SwiftAMQP

/// A broker in figures: what it has sent by when.
@Suite struct ReadPacingTests {
    private struct Play {
        var pacing = ReadPacing()
        var now: Int64 = 1_000_000_000
        var waits: [Int64] = []
        var deliveries = 0

        mutating func turn(
            after gap: Int64, _ deliveries: Int, bytes: Int? = nil, isPure: Bool = true, room: Int = 1000
        ) {
            now += gap
            self.deliveries += deliveries
            waits.append(
                pacing.wait(
                    after: .init(
                        now: now, deliveries: deliveries, bytes: bytes ?? deliveries * 90, isPure: isPure, room: room)))
        }

        /// A broker that sends one delivery in `each` nanoseconds, in bursts of `burst`.
        mutating func drip(_ turns: Int, each: Int64, burst: Int, room: Int = 1000) {
            for _ in 0..<turns {
                let wait = waits.last ?? 0
                let count = max(burst, Int(wait / each))
                turn(after: max(wait, each * Int64(burst)), count, room: room)
            }
        }
    }

    @Test func aDripGathers() {
        var play = Play()
        play.drip(15, each: 15_000, burst: 13)
        #expect(play.waits.allSatisfy { $0 == 0 }, "it looks before it waits")
        play.drip(500, each: 15_000, burst: 13)
        // The first turn of all follows none.
        #expect(play.waits.dropFirst(16).allSatisfy { $0 == ReadPacing.longestWait })
    }

    @Test func itWaitsNoLongerThanThereIsRoom() {
        var play = Play()
        play.drip(100, each: 15_000, burst: 13, room: 20)
        let longest = play.waits.max() ?? 0
        #expect(longest > 0 && longest <= 20 * 15_000)
        var full = Play()
        full.drip(100, each: 15_000, burst: 13, room: 4)
        #expect(full.waits.allSatisfy { $0 == 0 }, "the broker would have to wait")
        var over = Play()
        over.drip(100, each: 15_000, burst: 13, room: -100)
        #expect(over.waits.allSatisfy { $0 == 0 })
    }

    /// The next ones come when these are answered: a wait would only make it slower.
    @Test(arguments: [1, 2, 5, 20]) func questionsAndAnswers(parallel: Int) {
        var play = Play()
        let roundTrip: Int64 = 100_000
        let start = play.now
        while play.now - start < 10_000_000_000 {
            play.turn(after: roundTrip + (play.waits.last ?? 0), parallel)
        }
        let possible = Double(play.now - start) / Double(roundTrip) * Double(parallel)
        #expect(Double(play.deliveries) > 0.98 * possible)
        if parallel == 1 { #expect(play.waits.allSatisfy { $0 == 0 }) }
    }

    @Test func fewSlowLargeAndOtherTurnsDoNotWait() {
        var single = Play()
        for _ in 0..<100 { single.turn(after: 50_000, 1) }
        var slow = Play()
        for _ in 0..<100 { slow.turn(after: ReadPacing.longestGap + 1, 13) }
        var large = Play()
        for _ in 0..<100 { large.turn(after: 50_000, 200, bytes: 20_000) }
        var mixed = Play()
        for number in 0..<100 { mixed.turn(after: 50_000, 13, isPure: number % 10 > 0) }
        for play in [single, slow, large, mixed] { #expect(play.waits.allSatisfy { $0 == 0 }) }
    }

    @Test func itStopsAtOnceWhereTheDripDoes() {
        for stop in [
            { (play: inout Play) in play.turn(after: ReadPacing.longestWait, 0, bytes: 0) },
            { (play: inout Play) in play.turn(after: ReadPacing.longestWait, 30, isPure: false) },
            { (play: inout Play) in play.turn(after: ReadPacing.longestWait, 30, bytes: 100_000) },
        ] {
            var play = Play()
            play.drip(50, each: 15_000, burst: 13)
            #expect(play.waits.last == ReadPacing.longestWait)
            stop(&play)
            #expect(play.waits.last == 0)
            play.drip(15, each: 15_000, burst: 13)
            #expect(play.waits.suffix(15).allSatisfy { $0 == 0 })
            play.drip(2, each: 15_000, burst: 13)
            #expect(play.waits.last == ReadPacing.longestWait, "and begins again")
        }
    }

    @Test func anyFiguresGiveAWaitInItsBounds() {
        var random = SystemRandomNumberGenerator()
        var pacing = ReadPacing()
        var now: Int64 = 0
        for _ in 0..<100_000 {
            now += Int64.random(in: 0...1_000_000, using: &random)
            let wait = pacing.wait(
                after: .init(
                    now: now, deliveries: Int.random(in: 0...100, using: &random),
                    bytes: Int.random(in: 0...20_000, using: &random), isPure: Int.random(in: 0..<50) > 0,
                    room: Bool.random() ? .random(in: -1000...1000) : .max))
            #expect(wait == 0 || (ReadPacing.leastWait...ReadPacing.longestWait).contains(wait))
        }
    }
}
