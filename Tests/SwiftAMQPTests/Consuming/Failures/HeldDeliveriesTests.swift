import TestSupport
import Testing

@testable import SwiftAMQP

@Suite struct HeldDeliveriesTests {
    @Test func oneTimerForAll() {
        var held = HeldDeliveries<Int>()
        #expect(held.hold(1, until: 100) == .set(due: 100, generation: 1))
        #expect(held.hold(2, until: 200) == .none)
        #expect(held.hold(3, until: 50) == .set(due: 50, generation: 2))
        #expect(!held.isCurrent(1))
        #expect(held.fired(generation: 1, now: 300).due.isEmpty, "a timer that was replaced does nothing")
        let (due, timer) = held.fired(generation: 2, now: 100)
        #expect(due == [3, 1])
        #expect(timer == .set(due: 200, generation: 3))
        #expect(held.removeAll() == [2])
        #expect(held.fired(generation: 3, now: 300).due.isEmpty)
    }

    /// Against a list: nothing is given out early, late, twice or never.
    @Test func model() {
        for seed in UInt64(1)...200 {
            var random = SeededGenerator(seed: seed)
            var held = HeldDeliveries<Int>()
            var list: [(due: Int64, number: Int)] = []
            var timer: (due: Int64, generation: UInt64)?
            var now: Int64 = 0
            func note(_ change: HeldDeliveries<Int>.TimerChange) {
                if case .set(let due, let generation) = change { timer = (due, generation) }
            }
            for number in 0..<300 {
                if Int.random(in: 0..<3, using: &random) > 0 {
                    let due = now + Int64.random(in: 0...100, using: &random)
                    note(held.hold(number, until: due))
                    list.append((due, number))
                } else if Int.random(in: 0..<20, using: &random) == 0 {
                    #expect(Set(held.removeAll()) == Set(list.map(\.number)))
                    list = []
                    timer = nil
                } else if let set = timer {
                    now = max(now, set.due) + Int64.random(in: 0...30, using: &random)
                    timer = nil
                    let (due, change) = held.fired(generation: set.generation, now: now)
                    note(change)
                    #expect(Set(due) == Set(list.filter { $0.due <= now }.map(\.number)))
                    list.removeAll { $0.due <= now }
                }
                #expect(held.count == list.count)
                #expect(timer?.due == list.map(\.due).min(), "seed \(seed)")
            }
        }
    }
}
