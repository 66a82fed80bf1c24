import TestSupport
import Testing

@testable import SwiftAMQP

@Suite struct PromiseTests {
    @Test func theFirstCompletionWins() async throws {
        let promise = Promise<Int>()
        #expect(promise.outcome == nil)
        #expect(promise.complete(.success(1)))
        #expect(!promise.complete(.success(2)))
        #expect(!promise.complete(.failure(AMQPError(.closed, ""))))
        #expect(try await promise.wait().get() == 1)
        #expect(try promise.outcome?.get() == 1)
    }

    @Test func manyWait() async throws {
        let promise = Promise<Int>()
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask { try await promise.wait().get() } }
            group.addTask {
                promise.complete(.success(3))
                return 0
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 300)
    }

    @Test func callbacksAreCalledOnceBeforeAndAfter() async {
        let promise = Promise<Int>()
        let calls = Counter()
        promise.whenCompleted { _ in calls.add() }
        promise.whenCompleted { _ in calls.add() }
        #expect(calls.value == 0)
        promise.complete(.success(1))
        #expect(calls.value == 2)
        promise.whenCompleted { _ in calls.add() }
        promise.complete(.success(1))
        #expect(calls.value == 3)
    }

    /// A callback may look at the promise: nothing is locked while it runs.
    @Test func aCallbackMayUseThePromise() {
        let promise = Promise<Int>()
        let calls = Counter()
        promise.whenCompleted { [promise] _ in
            if promise.outcome != nil { calls.add() }
            promise.whenCompleted { _ in calls.add() }
        }
        promise.complete(.success(1))
        #expect(calls.value == 2)
    }

    @Test func aCancelledTaskAsksForTheEnd() async throws {
        let promise = Promise<Int>()
        let task = Task {
            try await promise.value(onCancel: { promise.complete(.failure(AMQPError(.cancelled, "by its task"))) })
        }
        task.cancel()
        let result = await task.result
        #expect(throws: AMQPError.self) { try result.get() }
        #expect(promise.outcome != nil)
    }

    @Test func waitIsDeafToCancellation() async throws {
        let promise = Promise<Int>()
        let task = Task { try await promise.wait().get() }
        task.cancel()
        promise.complete(.success(5))
        #expect(try await task.value == 5)
    }

    /// Waiters and completions meet on all threads there are; nobody is left waiting.
    @Test func nobodyIsForgotten() async {
        for _ in 0..<300 {
            let promise = Promise<Int>()
            let winners = await withTaskGroup(of: Int.self) { group in
                for number in 0..<4 {
                    group.addTask { promise.complete(.success(number)) ? 1 : 0 }
                    group.addTask {
                        _ = await promise.wait()
                        return 0
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(winners == 1)
        }
    }
}

/// Counts from any thread.
final class Counter: Sendable {
    private let count = Locked(0)
    var value: Int { count.withLock { $0 } }
    func add() { count.withLock { $0 += 1 } }
}
