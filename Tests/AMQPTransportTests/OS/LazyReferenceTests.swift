import AMQPTransport
import Testing

@Suite struct LazyReferenceTests {
    /// Deliberately not atomic: read before it is ordered, it is a race for TSan.
    private final class Made: @unchecked Sendable {
        let maker: Int
        private let ended: Box<Int>

        init(_ maker: Int, _ ended: Box<Int>) {
            self.maker = maker
            self.ended = ended
        }

        deinit { ended.withLock { $0 += 1 } }
    }

    private final class Owner: Sendable {
        let made = LazyReference<Made>()
    }

    @Test func whatTheFirstMakesIsEverybodys() throws {
        let ended = Box(0)
        let rounds = 500
        let owners = (0..<rounds).map { _ in Owner() }
        let seen = Box([Set<Int>](repeating: [], count: rounds))
        try concurrently(8) { index in
            let makers = owners.map { owner in
                (owner.made.load() ?? owner.made.storeIfNil(Made(index, ended))).maker
            }
            seen.withLock { seen in for (round, maker) in makers.enumerated() { seen[round].insert(maker) } }
        }
        #expect(seen.get().allSatisfy { $0.count == 1 })
        let made = 8 * rounds
        #expect(ended.get() <= made - rounds)
        for (owner, makers) in zip(owners, seen.get()) {
            #expect(owner.made.load().map { makers.contains($0.maker) } == true)
        }
    }

    @Test func itGoesWithItsOwner() {
        let ended = Box(0)
        do {
            let owner = Owner()
            #expect(owner.made.load() == nil)
            let first = owner.made.storeIfNil(Made(1, ended))
            #expect(owner.made.storeIfNil(Made(2, ended)) === first)
            #expect(owner.made.load() === first)
            #expect(ended.get() == 1)
        }
        #expect(ended.get() == 2)
    }
}
