import TestSupport
import Testing

@testable import SwiftAMQP

/// Workers handle everything once, as many at a time as they may, and never one more.
@Suite(.timeLimit(.minutes(2))) struct HandlerWorkersTests {
    /// How many are inside, and what was the most.
    private final class Meter: Sendable {
        private let state = Locked<(now: Int, most: Int, all: [Int])>((0, 0, []))
        var now: Int { state.withLock { $0.now } }
        var most: Int { state.withLock { $0.most } }
        var all: [Int] { state.withLock { $0.all } }

        func measure(_ number: Int, _ body: () async -> Void) async {
            state.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
                state.all.append(number)
            }
            await body()
            state.withLock { $0.now -= 1 }
        }
    }

    @Test(arguments: [1, 2, 7, 64]) func reachesItsMaximumAndNeverMore(maximum: Int) async throws {
        try await withSource(messages: 500) { source, channel, queues in
            let meter = Meter()
            let gate = TestGate()
            let workers = HandlerWorkers(source: source, maximum: maximum) { delivery, _ in
                await meter.measure(delivery.number) {
                    await gate.pass()
                    await Task.yield()
                    try? delivery.ack()
                }
            }
            workers.start()
            try await source.subscribe(channel)
            try await until("as many as may be") { gate.arrivals == maximum }
            #expect(workers.busyCount == maximum)
            for _ in 0..<200 { await Task.yield() }
            #expect(meter.now == maximum)
            gate.open()
            try await until("all to be handled") { queues["q"].acked.count == 500 }
            source.finish(.finished)
            _ = await workers.idle().wait()
            #expect(meter.most == maximum)
            #expect(maximum == 1 ? meter.all == Array(0..<500) : meter.all.sorted() == Array(0..<500))
            #expect(queues["q"].acked.values.allSatisfy { $0 == 1 })
        }
    }

    /// The handler that is interrupted is cancelled, no other one ever is, and its place is filled again.
    @Test(arguments: [1, 4]) func interruptsOnlyWhatItIsToldTo(maximum: Int) async throws {
        let count = 2000
        try await withSource(messages: count) { source, channel, queues in
            let ids = Locked<[UInt64]>([])
            let interrupted = Locked<Set<UInt64>>([])
            let wrong = Locked<[UInt64]>([])
            let workers = HandlerWorkers(source: source, maximum: maximum) { delivery, id in
                ids.withLock { $0.append(id) }
                for _ in 0..<(delivery.number % 4) { await Task.yield() }
                if Task.isCancelled, !interrupted.withLock({ $0.contains(id) }) { wrong.withLock { $0.append(id) } }
                try? delivery.ack()
            }
            let isOver = Locked(false)
            let interrupter = Task {
                var random = SeededGenerator(seed: 7)
                while !isOver.withLock({ $0 }) {
                    // One that has just begun, and may be over by now.
                    if let id = ids.withLock({ $0.last }) {
                        let target = id &- UInt64.random(in: 0...2, using: &random)
                        interrupted.withLock { _ = $0.insert(target) }
                        workers.interrupt(target)
                    }
                    await Task.yield()
                }
            }
            workers.start()
            try await source.subscribe(channel)
            try await until("all to be handled") { queues["q"].acked.count == count }
            isOver.withLock { $0 = true }
            await interrupter.value
            source.finish(.finished)
            _ = await workers.idle().wait()
            #expect(wrong.withLock { $0 } == [])
            #expect(ids.withLock { Set($0).count } == count)
        }
    }

    @Test func aHandlerThatIsInterruptedKnowsIt() async throws {
        try await withSource(messages: 2) { source, channel, queues in
            let seen = Locked<[Bool]>([])
            let gate = TestGate()
            let ids = Locked<[UInt64]>([])
            let workers = HandlerWorkers(source: source, maximum: 1) { delivery, id in
                ids.withLock { $0.append(id) }
                if delivery.number == 0 { await gate.pass() }
                seen.withLock { $0.append(Task.isCancelled) }
                try? delivery.ack()
            }
            workers.start()
            try await source.subscribe(channel)
            try await until("the first") { gate.arrivals == 1 }
            workers.interrupt(ids.withLock { $0[0] })
            gate.open()
            try await until("both") { queues["q"].acked.count == 2 }
            #expect(seen.withLock { $0 } == [true, false])
            source.finish(.finished)
            _ = await workers.idle().wait()
        }
    }

    /// Idle means that no handler runs and none will: also one that has its delivery and not begun counts.
    @Test func nothingIsHandledOnceIdle() async throws {
        for _ in 0..<20 {
            try await withSource(messages: 200) { source, channel, _ in
                let isIdle = Locked(false)
                let late = Locked(0)
                let workers = HandlerWorkers(source: source, maximum: 4) { delivery, _ in
                    if isIdle.withLock({ $0 }) { late.withLock { $0 += 1 } }
                    await Task.yield()
                    try? delivery.ack()
                    if isIdle.withLock({ $0 }) { late.withLock { $0 += 1 } }
                }
                workers.start()
                let deliveries = try await source.subscribe(channel)
                try await until("the first") { source.lastDelivery != nil }
                source.finish(.finished)
                _ = await workers.idle().wait()
                isIdle.withLock { $0 = true }
                await channel.core.unsubscribe(deliveries.consumer)
                for _ in 0..<50 { await Task.yield() }
                #expect(late.withLock { $0 } == 0)
            }
        }
    }

    @Test func theHandlerIsLetGoOfAtTheEnd() async throws {
        final class Held: Sendable {}
        try await withSource(messages: 20) { source, channel, queues in
            weak var held: Held?
            let workers: HandlerWorkers
            do {
                let object = Held()
                held = object
                workers = HandlerWorkers(source: source, maximum: 4) { [object] delivery, _ in
                    _ = object
                    try? delivery.ack()
                }
            }
            workers.start()
            try await source.subscribe(channel)
            try await until("all to be handled") { queues["q"].acked.count == 20 }
            #expect(held != nil)
            source.finish(.finished)
            _ = await workers.idle().wait()
            try await until("what the handler holds to go") { held == nil }
            #expect(workers.busyCount == 0)
        }
    }
}
