import AMQPTransport
import TestSupport
import Testing

@testable import SwiftAMQP

/// Supervised consumers of a broker that does whatever it likes: everything is handled in the end, every handler's result
/// is counted, nothing hangs, and nothing is left.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ConsumerFaultTests {
    private static let messages = 300

    @Test func nothingIsLostWhateverTheBrokerDoes() async throws {
        _ = try await Self.run(seed: 0)
        let before = try await Footprint()
        var faults: [FakeFault: Int] = [:]
        var held: [Held] = []
        for seed in UInt64(1)...24 {
            let (seen, left) = try await Watchdog.with { watchdog in
                try await watchdog.watch("seed \(seed)", within: .seconds(30)) { try await Self.run(seed: seed) }
            }
            faults.merge(seen, uniquingKeysWith: +)
            held.append(left)
        }
        for fault in FakeFault.allCases { #expect(faults[fault, default: 0] > 0, "\(fault) never happened") }
        try await until("everything to be let go") { held.allSatisfy { !$0.isAnythingLeft } }
        try await before.expectRestored("clients with consumers")
    }

    /// What a client with consumers is made of.
    struct Held: Sendable {
        private struct Reference: @unchecked Sendable {
            // Written once, here; the runtime clears it.
            weak var object: AnyObject?
        }

        private var references: [Reference] = []
        mutating func note(_ object: AnyObject) { references.append(Reference(object: object)) }
        var isAnythingLeft: Bool { references.contains { $0.object != nil } }
    }

    /// What a handler did, by what it said.
    private struct Tally: Sendable {
        var acked: UInt64 = 0
        var rejected: UInt64 = 0
        var requeued: UInt64 = 0
        var failed: UInt64 = 0
        var seen: Set<Int> = []
        var sum: UInt64 { acked + rejected + requeued + failed }
    }

    private struct Broken: Error {}

    private static func run(seed: UInt64) async throws -> ([FakeFault: Int], Held) {
        let queues = FakeQueues(["one", "many", "loop"], messages: messages, faults: 12)
        let sessions = (0..<40).map {
            queues.session(seed: seed * 1000 + UInt64($0), faults: FakeFault.allCases, percent: 3)
        }
        let broker = try FakeBroker.start(connections: sessions, timeout: .seconds(60))
        let held = try await consume(broker, queues, seed)
        await broker.stop()
        let complaint = await amqpComplaint { () async throws(HarnessError) in try await broker.finished() }
        #expect(complaint == nil, "seed \(seed): \(complaint as Any)")
        #expect(queues.complaint == nil, "seed \(seed): \(queues.complaint as Any)")
        return (queues.faults, held)
    }

    private static func configuration(_ queue: String, concurrency: Int) -> AMQPConsumerConfiguration {
        var configuration = AMQPConsumerConfiguration(queue: queue)
        configuration.prefetch = 10
        configuration.maximumConcurrency = concurrency
        configuration.backoff = AMQPBackoff(initial: .milliseconds(1), maximum: .milliseconds(10))
        configuration.failures = .requeue(limit: nil)
        return configuration
    }

    private static func consume(_ broker: FakeBroker, _ queues: FakeQueues, _ seed: UInt64) async throws -> Held {
        let recorder = EventRecorder()
        let client = try AMQPClient(configuration: .fake(broker), observer: recorder)
        var held = Held()
        held.note(client.core)
        // Acks and rejects only: each result shows in one count.
        let one = Locked(Tally())
        let orderly = try client.consume(configuration("one", concurrency: 1)) { delivery in
            await Task.yield()
            return one.withLock { tally in
                tally.seen.insert(delivery.number)
                if delivery.number % 10 == 3 {
                    tally.rejected += 1
                    return .reject
                }
                tally.acked += 1
                return .ack
            }
        }
        // Everything that a handler may do, and it holds the client.
        let many = Locked(Tally())
        let busy = try client.consume(configuration("many", concurrency: 5)) { delivery in
            for _ in 0..<(delivery.number % 5) { await Task.yield() }
            _ = client.health()
            return try many.withLock { tally in
                let isFirst = tally.seen.insert(delivery.number).inserted
                switch delivery.number % 20 {
                case 1 where isFirst:
                    tally.requeued += 1
                    return .requeue
                case 2 where isFirst:
                    tally.failed += 1
                    throw Broken()
                case 3:
                    tally.rejected += 1
                    return .reject
                default:
                    tally.acked += 1
                    return .ack
                }
            }
        }
        let loop = Task {
            var seen: Set<Int> = []
            try await client.withConsumer(configuration("loop", concurrency: 1)) { deliveries in
                for try await delivery in deliveries {
                    seen.insert(delivery.number)
                    try delivery.ackUnlessStale()
                }
            }
            return seen
        }
        for consumer in client.core.lock.withLock({ Array(client.core.consumers.values) }) {
            held.note(consumer)
            held.note(consumer.source)
        }
        do {
            try await until("everything to be settled, seed \(seed)", within: .seconds(20)) {
                ["one", "many", "loop"].allSatisfy { name in
                    let queue = queues[name]
                    return queue.acked.count + queue.rejected.count >= messages && queue.ready.isEmpty
                }
            }
        } catch {
            let story = recorder.names.suffix(30).joined(separator: " ")
            let health = client.health()
            await client.shutdown(deadline: .zero)
            let end = await amqpError { try await loop.value }
            throw HarnessError(
                .timeout,
                "\(error); \(["one", "many", "loop"].map { "\($0): \(queues[$0].acked.count) + \(queues[$0].rejected.count), ready \(queues[$0].ready.count)" }), the loop ended with \(String(describing: end)), \(health), after \(queues.faults): \(story)"
            )
        }
        let report = await client.shutdown(deadline: .seconds(5) * TestSupport.Deadline.scale)
        #expect(!report.isTimedOut, "seed \(seed): \(report)")
        #expect(report.unfinishedHandlers == 0)
        #expect(try await loop.value.count == messages, "seed \(seed)")

        let ones = one.withLock { $0 }
        let counts = orderly.counts
        #expect(ones.seen.count == messages)
        #expect(counts.handled == ones.sum)
        #expect(counts.failed == 0)
        // Nothing is requeued by these handlers: what is, was given back before it was handled.
        #expect(counts.handled == counts.acked + counts.rejected + counts.stale, "seed \(seed): \(counts)")
        #expect(counts.acked <= ones.acked && counts.rejected <= ones.rejected)

        let all = many.withLock { $0 }
        let others = busy.counts
        #expect(all.seen.count == messages)
        #expect(others.handled == all.sum)
        #expect(others.failed == all.failed)
        // The rest was given back before it was handled.
        #expect(others.handled <= others.settled, "seed \(seed): \(others)")
        #expect(others.acked + others.rejected <= all.acked + all.rejected)
        #expect(others.handled >= others.acked + others.rejected + others.stale)
        return held
    }
}
