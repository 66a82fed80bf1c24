import TestSupport
import Testing

@testable import SwiftAMQP

/// What a source hands out: everything, each to one taker, in order; and nobody sleeps while something is there.
@Suite(.timeLimit(.minutes(2))) struct DeliverySourceTests {
    @Test func oneTakerGetsEverythingInOrder() async throws {
        try await withSource(messages: 1000) { source, channel, _ in
            try await source.subscribe(channel)
            for number in 0..<1000 {
                let delivery = try #require(await source.next())
                #expect(delivery.number == number)
                try delivery.ack()
            }
            source.finish(.finished)
            #expect(await source.next() == nil)
        }
    }

    /// Each delivery has one taker, and each taker sees its own in order.
    @Test func manyTakers() async throws {
        try await withSource(messages: 5000) { source, channel, queues in
            let takers = (0..<16).map { _ in
                Task {
                    var taken: [Int] = []
                    while let delivery = await source.next() {
                        taken.append(delivery.number)
                        try delivery.ack()
                    }
                    return taken
                }
            }
            try await source.subscribe(channel)
            try await until("all of them to be settled") { queues["q"].acked.count == 5000 }
            source.finish(.finished)
            var all: [Int] = []
            for taker in takers {
                let taken = try await taker.value
                #expect(taken == taken.sorted())
                all += taken
            }
            #expect(all.sorted() == Array(0..<5000))
        }
    }

    /// A taker that is cancelled in the moment in which it is woken hands its wake-up on: what it was woken for must not
    /// lie there while others wait.
    @Test func tenThousandCancellationsLoseNothing() async throws {
        let count = 20_000
        try await withSource(messages: count) { source, channel, queues in
            let taken = Locked<[Int: Int]>([:])
            let isOver = Locked(false)
            // Always one that is not cancelled, and waits with the others.
            let steady = Task {
                while let delivery = await source.next() {
                    taken.withLock { $0[delivery.number, default: 0] += 1 }
                    try delivery.ack()
                }
            }
            let cancellers = (UInt64(0)..<6).map { seed in
                Task {
                    var random = SeededGenerator(seed: seed)
                    var cancelled = 0
                    while !isOver.withLock({ $0 }) {
                        let taker = Task {
                            while let delivery = await source.next() {
                                taken.withLock { $0[delivery.number, default: 0] += 1 }
                                try delivery.ack()
                            }
                        }
                        let yields = Int.random(in: 0..<(1 << Int.random(in: 0...5, using: &random)), using: &random)
                        for _ in 0..<yields { await Task.yield() }
                        taker.cancel()
                        try await taker.value
                        cancelled += 1
                    }
                    return cancelled
                }
            }
            try await source.subscribe(channel, prefetch: 8)
            do {
                try await until("every message to be settled", within: .seconds(60)) {
                    queues["q"].acked.count == count
                }
            } catch {
                isOver.withLock { $0 = true }
                source.finish(.finished)
                throw error
            }
            isOver.withLock { $0 = true }
            var cancelled = 0
            for canceller in cancellers { cancelled += try await canceller.value }
            source.finish(.finished)
            try await steady.value
            #expect(cancelled >= 10_000)
            #expect(taken.withLock { $0 } == Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, 1) }))
        }
    }

    /// The wake-up of a taker that has been cancelled goes to the one that waits beside it.
    @Test func aWakeUpIsNotLostWithItsTaker() async throws {
        // A connection each time is dear; the test above hits the moment more often.
        for round in 0..<40 {
            try await withSource(messages: 0) { source, channel, queues in
                try await source.subscribe(channel, prefetch: 1)
                let first = Task { await source.next() }
                for _ in 0..<(round % 7) { await Task.yield() }
                let second = Task { await source.next() }
                for _ in 0..<(round % 5) { await Task.yield() }
                queues.change("q") { $0.ready = [1] }
                try await until("it to be sent") { queues["q"].delivered.contains(1) }
                for _ in 0..<(round % 11) { await Task.yield() }
                first.cancel()
                let taken = await first.value
                if taken == nil { #expect(await second.value?.number == 1) }
                source.finish(.finished)
                _ = await second.value
            }
        }
    }

    @Test func aCancelledTaskGetsNothing() async throws {
        try await withSource(messages: 1) { source, channel, queues in
            try await source.subscribe(channel)
            try await until("it to come") { source.lastDelivery != nil }
            let taker = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await source.next()
            }
            #expect(await taker.value == nil)
            #expect(await source.next()?.number == 0)
            #expect(queues["q"].acked.isEmpty)
        }
    }

    @Test func nothingIsHandedOutWhileHeld() async throws {
        try await withSource(messages: 3) { source, channel, _ in
            source.hold()
            try await source.subscribe(channel)
            let taker = Task { await source.next() }
            try await until("deliveries") { source.lastDelivery != nil }
            for _ in 0..<100 { await Task.yield() }
            let other = Task { await source.next() }
            other.cancel()
            #expect(await other.value == nil)
            source.release()
            #expect(await taker.value?.number == 0)
        }
    }

    /// What is left goes back with the consumer, and is not kept here.
    @Test func whatIsNotHandedOutAtTheEndGoesBack() async throws {
        try await withSource(messages: 10) { source, channel, queues in
            let deliveries = try await source.subscribe(channel)
            let first = try #require(await source.next())
            source.finish(.finished)
            #expect(await source.next() == nil)
            #expect(await channel.core.unsubscribe(deliveries.consumer) == 9)
            try first.ack()
            try await until("them to be back") { queues["q"].ready.sorted() == Array(1..<10) }
            try await until("the ack") { queues["q"].acked == [0: 1] }
        }
    }

    /// With automatic acknowledgement the broker has forgotten what is here: it is handed out also after the end, held or
    /// not, and before what the next subscription brings.
    @Test(arguments: [true, false]) func automaticallyAcknowledgedIsNeverDropped(isHeld: Bool) async throws {
        try await withSource(messages: 200) { source, channel, queues in
            let deliveries = try await source.subscribe(channel, acknowledgement: .automatic)
            try await until("all to be sent") { queues["q"].ready.isEmpty }
            #expect(await source.next()?.number == 0)
            await channel.core.unsubscribe(deliveries.consumer, keepsBuffer: true)
            queues.change("q") { $0.ready = Array(200..<300) }
            let again = try await source.subscribe(channel, acknowledgement: .automatic)
            try await until("all to be sent") { queues["q"].ready.isEmpty }
            await channel.core.unsubscribe(again.consumer, keepsBuffer: true)
            if isHeld { source.hold() }
            source.finish(.finished)
            var taken: [Int] = []
            while let delivery = await source.next() { taken.append(delivery.number) }
            #expect(taken == Array(1..<300))
        }
    }

    /// One that comes after the end is not kept.
    @Test func nothingIsAttachedAfterTheEnd() async throws {
        try await withSource(messages: 0) { source, channel, _ in
            source.finish(.finished)
            weak var consumer: ConsumerCore?
            do {
                let deliveries = try await source.subscribe(channel)
                consumer = deliveries.consumer
                #expect(await source.next() == nil)
                await channel.core.unsubscribe(deliveries.consumer)
            }
            try await until("the consumer to go") { consumer == nil }
        }
    }
}
