import TestSupport
import Testing

@testable import AMQPTransport

@Suite struct TimerHeapTests {
    private static func time(_ value: Int) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(value)) }

    /// Pops everything that is due and gives the numbers of the timers in the order in which they came.
    private static func drain(_ heap: inout TimerHeap, now: Int, _ log: Box<[Int]>) -> [Int] {
        log.set([])
        while let action = heap.popDue(now: time(now)) { action() }
        return log.get()
    }

    @Test func earlierFirstThenOlder() {
        var heap = TimerHeap()
        let log = Box<[Int]>([])
        for (number, deadline) in [30, 10, 20, 10, 10, 30].enumerated() {
            _ = heap.insert(at: Self.time(deadline)) { log.withLock { $0.append(number) } }
        }
        #expect(heap.count == 6)
        #expect(heap.earliest == Self.time(10))
        #expect(Self.drain(&heap, now: 9, log) == [])
        #expect(Self.drain(&heap, now: 10, log) == [1, 3, 4])
        #expect(Self.drain(&heap, now: 100, log) == [2, 0, 5])
        #expect(heap.count == 0)
        #expect(heap.earliest == nil)
    }

    @Test func aCancelledTimerDoesNotRunAndLetsItsClosureGo() {
        final class Token: Sendable {}
        var heap = TimerHeap()
        var token: Token? = Token()
        weak let released = token
        let timer = heap.insert(at: Self.time(1)) { [token] in _ = token }
        token = nil
        #expect(released != nil)
        heap.cancel(timer)
        heap.cancel(timer)
        #expect(released == nil)
        #expect(heap.count == 0)
        let none = heap.popDue(now: Self.time(5)) == nil
        #expect(none)
        #expect(heap.earliest == nil)
    }

    @Test func aTimerThatRanIsNotCounted() {
        var heap = TimerHeap()
        let timer = heap.insert(at: Self.time(1)) {}
        _ = heap.insert(at: Self.time(2)) {}
        let ran = heap.popDue(now: Self.time(1)) != nil
        #expect(ran)
        heap.cancel(timer)
        #expect(heap.count == 1)
    }

    @Test func manyCancelledTimersAreCompactedAndTheOrderStays() {
        var heap = TimerHeap()
        let log = Box<[Int]>([])
        let timers = (0..<1000).map { number in
            heap.insert(at: Self.time((number * 7919) % 1000)) { log.withLock { $0.append(number) } }
        }
        for (number, timer) in timers.enumerated() where number % 10 != 0 { heap.cancel(timer) }
        #expect(heap.count == 100)
        let expected = (0..<1000).filter { $0 % 10 == 0 }.sorted { ($0 * 7919) % 1000 < ($1 * 7919) % 1000 }
        #expect(Self.drain(&heap, now: 1000, log) == expected)
    }

    @Test(arguments: 1...5) func agreesWithAModel(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var heap = TimerHeap()
        var model: [(deadline: Int, number: Int, timer: LoopTimer)] = []
        let log = Box<[Int]>([])
        var now = 0
        var number = 0
        for step in 0..<200_000 {
            switch random.number(0...9) {
            case 0...4:
                let deadline = now + random.number(0...200)
                let own = number
                let timer = heap.insert(at: Self.time(deadline)) { log.withLock { $0.append(own) } }
                model.append((deadline, own, timer))
                number += 1
            case 5...7:
                guard !model.isEmpty else { continue }
                heap.cancel(model.remove(at: random.number(0...model.count - 1)).timer)
            default:
                now += random.number(0...20)
                let due = model.filter { $0.deadline <= now }
                    .sorted { ($0.deadline, $0.number) < ($1.deadline, $1.number) }.map(\.number)
                model.removeAll { $0.deadline <= now }
                guard Self.drain(&heap, now: now, log) == due else {
                    Issue.record("step \(step): the wrong timers came")
                    return
                }
            }
            guard heap.count == model.count else {
                Issue.record("step \(step): \(heap.count) timers instead of \(model.count)")
                return
            }
            // A cancelled timer may wake the loop for nothing; a live one must never be late.
            if let first = model.map(\.deadline).min() {
                guard let earliest = heap.earliest, earliest <= Self.time(first) else {
                    Issue.record("step \(step): the loop would sleep past a timer")
                    return
                }
            }
        }
    }
}
