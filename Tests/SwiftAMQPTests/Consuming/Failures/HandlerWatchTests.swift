import TestSupport
import Testing

@testable import SwiftAMQP

@Suite struct HandlerWatchTests {
    private static let second: Int64 = 1_000_000_000

    @Test func eachDeadlineIsReportedOnce() {
        var watch = HandlerWatch(
            AMQPHandlerDeadlines(handlerDeadline: .seconds(10), consumerTimeout: .seconds(100), warningShare: 0.5))
        watch.started(id: 1, now: 0)
        watch.started(id: 2, now: 1)
        #expect(watch.next == 10 * Self.second)
        #expect(watch.due(now: 10 * Self.second - 1) == [])
        #expect(watch.due(now: 10 * Self.second) == [.handlerDeadline(1)])
        #expect(watch.due(now: 11 * Self.second) == [.handlerDeadline(2)])
        #expect(watch.next == 50 * Self.second)
        watch.finished(id: 1)
        #expect(watch.due(now: 99 * Self.second) == [.acknowledgementDeadline(2)])
        #expect(watch.next == nil)
        watch.finished(id: 2)
        #expect(watch.watched == 0)
    }

    @Test func defaultsWarnOfTheBrokersTimeoutOnly() {
        var watch = HandlerWatch(AMQPHandlerDeadlines())
        watch.started(id: 1, now: 0)
        #expect(watch.next == 1440 * Self.second)
        var off = HandlerWatch(AMQPHandlerDeadlines(consumerTimeout: nil))
        off.started(id: 1, now: 0)
        #expect(off.next == nil)
        #expect(off.due(now: .max) == [])
    }

    /// A handler may keep its delivery for later: the broker's clock runs on.
    @Test func anUnsettledDeliveryStaysWatched() {
        var watch = HandlerWatch(AMQPHandlerDeadlines(handlerDeadline: .seconds(10), consumerTimeout: .seconds(100)))
        watch.started(id: 1, now: 0)
        watch.finished(id: 1, isSettled: false)
        watch.started(id: 2, now: 0)
        watch.finished(id: 2, isSettled: false)
        watch.settled(id: 2)
        #expect(watch.due(now: 1000 * Self.second) == [.acknowledgementDeadline(1)])
        watch.settled(id: 1)
        #expect(watch.watched == 0)
    }

    /// The broker's clock runs from the delivery on, a handler's from its start.
    @Test func whatWaitsForAHandlerIsWatched() {
        var watch = HandlerWatch(
            AMQPHandlerDeadlines(handlerDeadline: .seconds(10), consumerTimeout: .seconds(100), warningShare: 1))
        watch.delivered(id: 1, now: 0)
        watch.started(id: 1, now: 95 * Self.second)
        #expect(watch.due(now: 100 * Self.second) == [.acknowledgementDeadline(1)])
        #expect(watch.due(now: 105 * Self.second) == [.handlerDeadline(1)])
        // Settled by its handler, which runs on.
        watch.settled(id: 1)
        #expect(watch.watched == 1)
        watch.finished(id: 1)
        #expect(watch.watched == 0)
    }

    /// Against a list, and what ended does not pile up.
    @Test func model() {
        struct Entry {
            var delivered: Int64
            var started: Int64?
            var isRunning = false
            var isSettled = false
            var isHandlerTold = false
            var isAckTold = false
        }
        for seed in UInt64(1)...150 {
            var random = SeededGenerator(seed: seed)
            let deadline: Int64? = random.maybe { Int64.random(in: 1...50, using: &$0) * 1_000_000 }
            let warn = Int64.random(in: 1000...5000, using: &random) * 1_000_000
            var watch = HandlerWatch(
                AMQPHandlerDeadlines(
                    handlerDeadline: deadline.map { .nanoseconds($0) }, consumerTimeout: .nanoseconds(warn),
                    warningShare: 1))
            var list: [UInt64: Entry] = [:]
            var now: Int64 = 0
            var nextID: UInt64 = 0
            for step in 0..<400 {
                now += Int64.random(in: 0...20_000_000, using: &random)
                let id = list.keys.sorted().randomElement(using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0, 1:
                    nextID += 1
                    let isBuffered = Bool.random(using: &random)
                    if isBuffered { watch.delivered(id: nextID, now: now) } else { watch.started(id: nextID, now: now) }
                    list[nextID] = Entry(delivered: now, started: isBuffered ? nil : now, isRunning: !isBuffered)
                case 2:
                    guard let id, list[id]?.started == nil else { break }
                    watch.started(id: id, now: now)
                    list[id]?.started = now
                    list[id]?.isRunning = true
                case 3:
                    guard let id else { break }
                    let isSettled = Bool.random(using: &random)
                    watch.finished(id: id, isSettled: isSettled)
                    list[id]?.isRunning = false
                    if isSettled { list[id]?.isSettled = true }
                case 4:
                    guard let id else { break }
                    watch.settled(id: id)
                    list[id]?.isSettled = true
                default:
                    var expected: Set<HandlerWatch.Due> = []
                    for (id, entry) in list {
                        if let deadline, let started = entry.started, entry.isRunning, !entry.isHandlerTold,
                            started + deadline <= now
                        {
                            expected.insert(.handlerDeadline(id))
                            list[id]?.isHandlerTold = true
                        }
                        if !entry.isSettled, !entry.isAckTold, entry.delivered + warn <= now {
                            expected.insert(.acknowledgementDeadline(id))
                            list[id]?.isAckTold = true
                        }
                    }
                    let due = watch.due(now: now)
                    #expect(Set(due) == expected && due.count == expected.count, "seed \(seed), step \(step)")
                }
                list = list.filter { $0.value.isRunning || !$0.value.isSettled }
                #expect(watch.watched == list.count, "seed \(seed), step \(step)")
                let pending =
                    list.values.flatMap { entry in
                        [
                            entry.isRunning && !entry.isHandlerTold
                                ? deadline.flatMap { limit in entry.started.map { $0 + limit } } : nil,
                            !entry.isSettled && !entry.isAckTold ? entry.delivered + warn : nil,
                        ].compactMap { $0 }
                    }.min()
                #expect(watch.next == pending, "seed \(seed), step \(step)")
            }
        }
    }

    private static let refused = [
        AMQPHandlerDeadlines(handlerDeadline: .zero), AMQPHandlerDeadlines(handlerDeadline: .seconds(86_401)),
        AMQPHandlerDeadlines(consumerTimeout: .milliseconds(999)),
        AMQPHandlerDeadlines(consumerTimeout: .seconds(31 * 86_400)), AMQPHandlerDeadlines(warningShare: 0),
        AMQPHandlerDeadlines(warningShare: 1.01), AMQPHandlerDeadlines(warningShare: .nan),
    ]

    @Test(arguments: refused) func refuses(_ deadlines: AMQPHandlerDeadlines) async throws {
        try AMQPHandlerDeadlines().validate()
        #expect(await amqpError { try deadlines.validate() }?.code == .invalidConfiguration)
    }
}
