import AMQPTransport
import TestSupport
import Testing

@testable import SwiftAMQP

@Suite(.timeLimit(.minutes(1))) struct DoorbellTests {
    @Test func aRingIsKeptAndManyAreOne() async {
        let bell = Doorbell()
        for _ in 0..<3 { bell.ring() }
        await bell.wait()
        let start = MonotonicTime.now()
        await bell.wait(atMost: .milliseconds(50))
        #expect(MonotonicTime.now() - start >= .milliseconds(50))
    }

    @Test func cancellationEndsTheWait() async {
        let bell = Doorbell()
        for isEarly in [true, false] {
            let waiter = Task { await bell.wait() }
            if !isEarly { for _ in 0..<20 { await Task.yield() } }
            waiter.cancel()
            await waiter.value
        }
    }

    /// What was done before a ring is seen by whoever is woken; no ring is lost.
    @Test func noRingIsLost() async {
        let bell = Doorbell()
        let work = Locked(0)
        let total = 20_000
        let waiter = Task {
            while work.withLock({ $0 }) < total { await bell.wait() }
        }
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<total / 4 {
                        work.withLock { $0 += 1 }
                        bell.ring()
                    }
                }
            }
        }
        await waiter.value
    }
}
