import Testing

@testable import SwiftAMQP

@Suite("When deliveries are let gather")
struct ReadCoalescerTests {
    private typealias Burst = ReadCoalescer.Burst
    private static let microsecond: Int64 = 1000

    private func burst(_ count: Int, unsettled: Int = 0, prefetch: Int = 256) -> Burst {
        var burst = Burst()
        if count > 0 { burst.add(count: count, unsettled: unsettled, prefetch: prefetch) }
        return burst
    }

    /// The coalescer under test, in a box: an expectation cannot change a value.
    private final class Box {
        var coalescer = ReadCoalescer()
        func shouldPause(after burst: Burst, now: Int64) -> Bool { coalescer.shouldPause(after: burst, now: now) }
        func pauseWasCutShort() { coalescer.pauseWasCutShort() }
    }

    /// After one burst, so that the next one is the second of a stream.
    private func streaming() -> Box {
        let box = Box()
        _ = box.shouldPause(after: burst(1), now: 1_000_000_000)
        return box
    }

    private let soon: Int64 = 1_000_000_000 + 50 * ReadCoalescerTests.microsecond

    @Test("the first burst after a rest never waits, the second does")
    func first() {
        let coalescer = Box()
        #expect(!coalescer.shouldPause(after: burst(1), now: 1_000_000_000))
        #expect(coalescer.shouldPause(after: burst(1), now: soon))
        let late = streaming()
        #expect(!late.shouldPause(after: burst(1), now: 1_000_000_000 + ReadCoalescer.closeness))
    }

    @Test(
        "what does not wait",
        arguments: [
            (0, 0, 256), (ReadCoalescer.largeBurst, 0, 256), (1, 128, 256), (1, 0, 63), (1, 0, 1),
        ])
    func refused(count: Int, unsettled: Int, prefetch: Int) {
        let coalescer = streaming()
        #expect(!coalescer.shouldPause(after: burst(count, unsettled: unsettled, prefetch: prefetch), now: soon))
    }

    @Test("without a limit of the prefetch it waits")
    func unlimited() {
        let coalescer = streaming()
        #expect(coalescer.shouldPause(after: burst(5, unsettled: 100_000, prefetch: 0), now: soon))
    }

    @Test("deliveries that are acknowledged automatically do not wait")
    func automatic() {
        let coalescer = streaming()
        var mixed = burst(1)
        mixed.addUntracked()
        #expect(!coalescer.shouldPause(after: mixed, now: soon))
    }

    @Test("the smallest prefetch counts, and the unsettled of all")
    func several() {
        var both = burst(2, unsettled: 30, prefetch: 200)
        both.add(count: 3, unsettled: 20, prefetch: 100)
        #expect(both.count == 5 && both.unsettled == 50 && both.prefetch == 100)
        let coalescer = streaming()
        #expect(!coalescer.shouldPause(after: both, now: soon))
    }

    @Test("where waiting brings nothing it is left off, for longer and longer; once it brings something it goes on")
    func holdOff() {
        let coalescer = streaming()
        var now = soon
        var holdOff = ReadCoalescer.holdOff
        for _ in 0..<10 {
            #expect(coalescer.shouldPause(after: burst(1), now: now))
            now += ReadCoalescer.pause
            // One delivery that waited for this side's answer to the last one.
            #expect(!coalescer.shouldPause(after: burst(1), now: now))
            #expect(!coalescer.shouldPause(after: burst(1), now: now + 1))
            now += holdOff
            _ = coalescer.shouldPause(after: burst(1), now: now - 1)
            holdOff = min(holdOff * 2, ReadCoalescer.longestHoldOff)
        }
        #expect(coalescer.shouldPause(after: burst(1), now: now))
        now += ReadCoalescer.pause
        #expect(coalescer.shouldPause(after: burst(ReadCoalescer.worthwhile), now: now))
        now += ReadCoalescer.pause
        // Forgotten: the next useless one costs the shortest time again.
        #expect(!coalescer.shouldPause(after: burst(1), now: now))
        _ = coalescer.shouldPause(after: burst(1), now: now + ReadCoalescer.holdOff - 1)
        #expect(coalescer.shouldPause(after: burst(1), now: now + ReadCoalescer.holdOff))
    }

    @Test("a pause that was cut short is not judged")
    func cutShort() {
        let coalescer = streaming()
        #expect(coalescer.shouldPause(after: burst(1), now: soon))
        coalescer.pauseWasCutShort()
        #expect(coalescer.shouldPause(after: burst(1), now: soon + 1))
    }
}
