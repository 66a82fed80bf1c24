import Testing

@testable import SwiftAMQP

@Suite struct RefusalWatchTests {
    private static let second: Int64 = 1_000_000_000

    private static func refused(_ watch: inout RefusalWatch, at now: Int64) -> Bool { watch.refused(now: now) }

    @Test func refusalsForLongerThanASecond() {
        var watch = RefusalWatch()
        #expect(Self.refused(&watch, at: 0) == false)
        #expect(Self.refused(&watch, at: Self.second - 1) == false)
        #expect(Self.refused(&watch, at: Self.second) == true)
        // The next channel gets twice as long.
        #expect(Self.refused(&watch, at: Self.second) == false)
        #expect(Self.refused(&watch, at: 3 * Self.second - 1) == false)
        #expect(Self.refused(&watch, at: 3 * Self.second) == true)
    }

    @Test func aConfirmInBetween() {
        var watch = RefusalWatch()
        #expect(Self.refused(&watch, at: 0) == false)
        watch.confirmed()
        #expect(Self.refused(&watch, at: 5 * Self.second) == false)
        #expect(Self.refused(&watch, at: 5 * Self.second + 1) == false)
    }

    @Test func anotherChannel() {
        var watch = RefusalWatch()
        #expect(Self.refused(&watch, at: 0) == false)
        watch.channelChanged()
        #expect(Self.refused(&watch, at: 2 * Self.second) == false)
    }

    @Test func lessAndLessOften() {
        var watch = RefusalWatch()
        var times: [Int64] = []
        var now: Int64 = 0
        while times.count < 8 {
            if watch.refused(now: now) { times.append(now / Self.second) }
            now += Self.second / 10
        }
        let gaps = zip(times, times.dropFirst()).map { $1 - $0 }
        #expect(gaps.last == 30)
        #expect(gaps == gaps.sorted())
    }

    @Test func aClockThatOverflows() {
        var watch = RefusalWatch()
        #expect(Self.refused(&watch, at: .min) == false)
        #expect(Self.refused(&watch, at: .max) == false)
    }
}
