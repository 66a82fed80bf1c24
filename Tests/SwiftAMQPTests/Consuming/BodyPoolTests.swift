import Testing

@testable import SwiftAMQP

@Suite("The pool of large bodies")
struct BodyPoolTests {
    private func body(_ size: Int, _ byte: UInt8 = 7) -> [UInt8] { Array(repeating: byte, count: size) }

    @Test("gives back the memory it got, empty")
    func reuse() {
        let pool = BodyPool()
        pool.give(body(1 << 20))
        let taken = pool.take(size: 1 << 20)
        #expect(taken.isEmpty && taken.capacity >= 1 << 20)
        #expect(pool.take(size: 1 << 20).capacity == 0)
    }

    @Test("does not touch what the program still holds")
    func shared() {
        let pool = BodyPool()
        let held = body(1 << 20, 42)
        pool.give(held)
        var taken = pool.take(size: 1 << 20)
        taken.append(contentsOf: body(1 << 20, 1))
        #expect(held.allSatisfy { $0 == 42 })
    }

    @Test("keeps nothing small, nothing beyond its limit, and gives none that is far too large")
    func limits() {
        let pool = BodyPool()
        pool.give(body(1000))
        #expect(pool.take(size: 1000).capacity == 0)
        for _ in 0..<40 { pool.give(body(1 << 20)) }
        var count = 0
        while pool.take(size: 1 << 20).capacity > 0 { count += 1 }
        #expect((8...16).contains(count))
        pool.give(body(8 << 20))
        #expect(pool.take(size: 1 << 20).capacity == 0)
        pool.trim()
        #expect(pool.take(size: 8 << 20).capacity == 0)
    }
}
