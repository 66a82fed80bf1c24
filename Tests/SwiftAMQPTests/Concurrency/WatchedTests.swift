import AMQPTransport
import TestSupport
import Testing

@testable import SwiftAMQP

@Suite(.timeLimit(.minutes(1))) struct WatchedTests {
    @Test func aLateObserverSeesWhatIs() async {
        let watched = Watched(1)
        watched.set(2)
        watched.set(3)
        let next = await watched.next(after: 0)
        #expect(next?.value == 3)
        #expect(watched.value == 3)
        #expect(watched.snapshot.version == next?.version)
    }

    /// Nobody who asks with the number of an older value waits.
    @Test func aChangeBeforeTheWaitIsNotMissed() async {
        let watched = Watched("a")
        let seen = watched.snapshot.version
        watched.set("b")
        #expect(await watched.next(after: seen)?.value == "b")
    }

    @Test func everyWaiterIsWoken() async throws {
        let watched = Watched(0)
        let seen = watched.snapshot.version
        try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<50 { group.addTask { await watched.next(after: seen)?.value } }
            await Task.yield()
            watched.set(7)
            for try await value in group { #expect(value == 7) }
        }
    }

    @Test func theLastValueIsGivenAndThenTheEnd() async {
        let watched = Watched(1)
        let seen = watched.snapshot.version
        watched.set(2, isLast: true)
        watched.set(3)
        let last = await watched.next(after: seen)
        #expect(last?.value == 2)
        #expect(await watched.next(after: last?.version ?? 0) == nil)
        #expect(watched.value == 2)
    }

    @Test func theEndWakesThoseWhoWait() async {
        let watched = Watched(1)
        let seen = watched.snapshot.version
        let waiter = Task {
            let next = await watched.next(after: seen)
            return await watched.next(after: next?.version ?? 0)?.value
        }
        await Task.yield()
        watched.set(2, isLast: true)
        #expect(await waiter.value == nil)
    }

    @Test func cancellationEndsTheWait() async {
        let watched = Watched(1)
        let seen = watched.snapshot.version
        for isEarly in [true, false] {
            let waiter = Task { await watched.next(after: seen)?.value }
            if !isEarly { for _ in 0..<20 { await Task.yield() } }
            waiter.cancel()
            #expect(await waiter.value == nil)
        }
        #expect(await watched.next(after: 0)?.value == 1)
    }

    @Test func theDeadlineEndsTheWait() async {
        let watched = Watched(1)
        let seen = watched.snapshot.version
        let deadline = MonotonicTime.now() + .milliseconds(50)
        #expect(await watched.next(after: seen, until: deadline) == nil)
        #expect(MonotonicTime.now() >= deadline)
        #expect(await watched.next(after: seen, until: deadline) == nil)
        // What has changed is given all the same.
        watched.set(2)
        #expect(await watched.next(after: seen, until: deadline)?.value == 2)
    }

    /// Values may be missed, changes not: each reader ends with the last, and sees them in order.
    @Test func manyReadersAndOneWriter() async throws {
        let watched = Watched(0)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var last = -1
                    var seen: UInt64 = 0
                    while let (value, version) = await watched.next(after: seen) {
                        try #require(value > last)
                        (last, seen) = (value, version)
                    }
                    return last
                }
            }
            for value in 1...5000 {
                watched.set(value, isLast: value == 5000)
                if value.isMultiple(of: 50) { await Task.yield() }
            }
            for try await last in group { #expect(last == 5000) }
        }
    }
}
