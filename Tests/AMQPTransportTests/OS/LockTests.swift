import Glibc
import Testing

@testable import AMQPTransport

@Suite struct LockTests {
    /// Deliberately not atomic: a lock that does not lock loses counts, and is a race for TSan.
    private final class Counter: @unchecked Sendable {
        let lock = Lock()
        var value = 0
    }

    @Test func eightThreadsCountRight() throws {
        let counter = Counter()
        let rounds = 20_000
        try concurrently(8) { index in
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
        let isFree = pthread_mutex_trylock(lock.mutex) == 0
        #expect(isFree)
        lock.unlock()
    }
}
