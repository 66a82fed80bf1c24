import AMQPTransport
import Testing

@Suite struct LockTests {
    /// Deliberately not atomic: a lock that does not lock loses counts, and is a race for TSan.
    private final class Counter: @unchecked Sendable {
        let lock = Lock()
        var value = 0
    }

    @Test func eightThreadsCountRight() throws {
        let counter = Counter()
        let rounds = 20_000
        try withThreads(8) { index in
            for _ in 0..<rounds {
                if index % 2 == 0 {
                    counter.lock.withLock { counter.value += 1 }
                } else {
                    counter.lock.lock()
                    counter.value += 1
                    counter.lock.unlock()
                }
            }
        }
        #expect(counter.lock.withLock { counter.value } == 8 * rounds)
    }

    @Test func isReleasedByAThrow() {
        struct Failure: Error, Equatable {}
        let lock = Lock()
        #expect(throws: Failure.self) {
            try lock.withLock { () throws(Failure) in throw Failure() }
        }
        let isFree = lock.tryLock()
        #expect(isFree)
        lock.unlock()
    }

    @Test func tryLockFailsWhileHeld() throws {
        let counter = Counter()
        counter.lock.lock()
        try withThreads(1) { _ in
            let isFree = counter.lock.tryLock()
            #expect(!isFree)
        }
        counter.lock.unlock()
    }

    private func withThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) throws {
        var threads: [JoinableThread] = []
        defer { threads.forEach { $0.join() } }
        for index in 0..<count {
            threads.append(try Thread.startJoinable(name: "lock-\(index)") { body(index) })
        }
    }
}
