import SwiftAMQP
import TestSupport
import Testing

@Suite("Consuming", .timeLimit(.minutes(2)))
struct ConsumingTests {
    @Test("100,000 messages, settled one by one or a hundred at a time", arguments: [1, 100])
    func many(batch: Int) async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            let count = 100_000
            try await channel.publish(texts: (0..<count).map { "\($0)" }, to: queue)
            var next = 0
            try await channel.withConsumer(queue, prefetch: 300) { deliveries in
                for try await delivery in deliveries {
                    if delivery.text != "\(next)" {
                        Issue.record("\(delivery.text) in place of \(next)")
                        break
                    }
                    next += 1
                    if next % batch == 0 { try delivery.ack(multiple: batch > 1) }
                    if next == count { break }
                }
            }
            #expect(next == count)
            // Nothing is left unsettled either.
            try await channel.recover()
            #expect(try await channel.readyInOrder(queue) == 0)
        }
    }

    @Test("no more than the prefetch is out at a time")
    func prefetch() async throws {
        try await withConnection { connection in
            let consuming = try await connection.openChannel()
            let observing = try await connection.openChannel()
            let queue = try await consuming.ownQueue()
            try await consuming.publish(texts: (0..<100).map { "\($0)" }, to: queue)
            try await consuming.withConsumer(queue, prefetch: 10) { deliveries in
                var held: [AMQPDelivery] = []
                var iterator = deliveries.makeAsyncIterator()
                for _ in 0..<10 { held.append(try #require(try await iterator.next())) }
                #expect(try await observing.ready(queue) == 90)
                for round in 1...5 {
                    try held.removeFirst().ack()
                    held.append(try #require(try await iterator.next()))
                    #expect(try await observing.ready(queue) == 90 - round)
                }
                #expect(held.map(\.text) == (5..<15).map { "\($0)" })
            }
        }
    }

    @Test("two consumers with a prefetch of 1 share the work")
    func sharing() async throws {
        try await withConnection { connection in
            let (first, second) = (try await connection.openChannel(), try await connection.openChannel())
            let queue = try await first.ownQueue()
            try await first.publish(texts: (0..<20).map { "\($0)" }, to: queue)
            try await first.withConsumer(queue, prefetch: 1) { deliveries in
                let slow = try #require(try await deliveries.first { _ in true })
                let others = try await second.drain(queue, count: 19, prefetch: 1)
                #expect(others.map(\.text) == (1..<20).map { "\($0)" })
                #expect(slow.text == "0")
                try slow.ack()
            }
        }
    }

    @Test("leaving early gives back all that was not handed out, and no more")
    func leavingEarly() async throws {
        try await withConnection { connection in
            let channel = try await connection.openChannel()
            let queue = try await channel.ownQueue()
            try await channel.publish(texts: (0..<100).map { "\($0)" }, to: queue)
            let held = try await channel.take(queue, count: 3, prefetch: 50)
            #expect(try await channel.readyInOrder(queue) == 97)
            #expect(try await channel.status(ofQueue: queue).consumerCount == 0)
            // What was handed out can still be settled.
            try held[1].ack()
            try held[2].nack(requeue: false)
            await channel.close()
            #expect(throws: AMQPError.self) { try held[0].ack() }
            let other = try await connection.openChannel()
            let rest = try await other.drain(queue, count: 98)
            #expect(rest.map(\.text) == ["0"] + (3..<100).map { "\($0)" })
            #expect(rest[0].isRedelivered)
            #expect(!rest[97].isRedelivered)
        }
    }

    @Test("a scope that throws, or is cancelled, gives back as well")
    func leavingByError() async throws {
        struct Failure: Error {}
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            try await channel.publish(texts: ["a", "b", "c"], to: queue)
            await #expect(throws: Failure.self) {
                try await channel.withConsumer(queue) { deliveries in
                    for try await delivery in deliveries {
                        try delivery.ack()
                        throw Failure()
                    }
                }
            }
            #expect(try await channel.readyInOrder(queue) == 2)
            let started = try FakeSignal()
            let task = Task {
                try await channel.withConsumer(queue) { deliveries in
                    var count = 0
                    for try await delivery in deliveries {
                        try delivery.ack()
                        count += 1
                        if count == 2 { started.fire() }
                    }
                }
            }
            try await started.fired()
            task.cancel()
            await expectError(.cancelled) { try await task.value }
            let status = try await channel.status(ofQueue: queue)
            #expect([status.messageCount, status.consumerCount] == [0, 0])
        }
    }

    @Test("an exclusive consumer is alone")
    func exclusive() async throws {
        try await withConnection { connection in
            let (first, second) = (try await connection.openChannel(), try await connection.openChannel())
            let queue = try await first.ownQueue()
            let deliveries = try await first.consume(queue, isExclusive: true)
            await expectError(.channelException, replyCode: 403) { try await second.consume(queue) }
            await first.cancel(deliveries)
            let third = try await connection.openChannel()
            _ = try await third.consume(queue)
        }
    }

    @Test("deleting its queue cancels a consumer")
    func cancelledByBroker() async throws {
        try await withConnection { connection in
            let (consuming, deleting) = (try await connection.openChannel(), try await connection.openChannel())
            let queue = try await consuming.ownQueue()
            let other = try await consuming.ownQueue()
            let waiting = try FakeSignal()
            let task = Task {
                try await consuming.withConsumer(queue) { deliveries in
                    for try await delivery in deliveries {
                        try delivery.ack()
                        waiting.fire()
                    }
                }
            }
            try await deleting.publish(AMQPMessage("x"), to: .queue(queue))
            try await waiting.fired()
            try await deleting.delete(queue: queue)
            let error = await expectError(.cancelledByBroker) { try await task.value }
            #expect(error?.text.contains(queue) == true)
            // The channel lives on.
            try await consuming.publish(AMQPMessage("y"), to: .queue(other))
            #expect(try await consuming.drain(other, count: 1).count == 1)
        }
    }

    @Test("a tag is used once at a time, and a sequence has one iterator")
    func tags() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            let tag = String(repeating: "t", count: 255)
            let deliveries = try await channel.consume(queue, consumerTag: tag)
            #expect(deliveries.consumerTag == tag)
            await expectError(.invalidArgument) { try await channel.consume(queue, consumerTag: tag) }
            await expectError(.invalidArgument) { try await channel.consume(queue, consumerTag: tag + "t") }
            await expectError(.invalidArgument) { try await channel.consume(queue, prefetch: 0) }
            try await channel.publish(AMQPMessage("x"), to: .queue(queue))
            var iterator = deliveries.makeAsyncIterator()
            #expect(try await iterator.next()?.consumerTag == tag)
            await expectError(.invalidArgument) { try await deliveries.first { _ in true } }
            await channel.cancel(deliveries)
            await channel.cancel(deliveries)
            #expect(try await iterator.next() == nil)
            _ = try await channel.consume(queue, consumerTag: tag)
            let others = try await channel.consume(queue, consumerTag: "")
            #expect(!others.consumerTag.isEmpty)
        }
    }

    @Test("closing the channel ends the sequence; a channel exception ends it with the reason")
    func endings() async throws {
        try await withConnection { connection in
            let observer = try await connection.openChannel()
            let queue = try await observer.ownQueue()
            try await observer.publish(texts: (0..<10).map { "\($0)" }, to: queue)
            let closing = try await connection.openChannel()
            var iterator = try await closing.consume(queue, prefetch: 10).makeAsyncIterator()
            let held = try #require(try await iterator.next())
            await closing.close()
            #expect(try await iterator.next() == nil)
            await expectError(.stale) { try held.ack() }

            let failing = try await connection.openChannel()
            var other = try await failing.consume(queue, prefetch: 10).makeAsyncIterator()
            #expect(try await other.next()?.isRedelivered == true)
            await expectError(.channelException, replyCode: 404) {
                try await failing.status(ofQueue: uniqueName("missing"))
            }
            await expectError(.channelException, replyCode: 404) { _ = try await other.next() }
            #expect(try await observer.drain(queue, count: 10).allSatisfy { $0.isRedelivered })
        }
    }

    @Test("prefetch 0 has to be said by name, and then has no limit")
    func unlimited() async throws {
        try await withConnection { connection in
            let (channel, observer) = (try await connection.openChannel(), try await connection.openChannel())
            let queue = try await channel.ownQueue()
            try await channel.publish(texts: (0..<5000).map { "\($0)" }, to: queue)
            let taken = try await channel.take(queue, count: 5000, prefetch: .unlimited)
            #expect(try await observer.ready(queue) == 0)
            try #require(taken.last).ack(multiple: true)
            await expectError(.alreadySettled) { try taken[17].ack() }
        }
    }

    @Test("global qos bounds all consumers of a channel together")
    func globalQoS() async throws {
        try await withConnection { connection in
            let (channel, observer) = (try await connection.openChannel(), try await connection.openChannel())
            let queues = [try await channel.ownQueue(), try await channel.ownQueue()]
            for queue in queues { try await channel.publish(texts: (0..<10).map { "\($0)" }, to: queue) }
            try await channel.qos(prefetch: 4, isGlobal: true)
            var first = try await channel.consume(queues[0], prefetch: 3).makeAsyncIterator()
            var second = try await channel.consume(queues[1], prefetch: 3).makeAsyncIterator()
            var held: [AMQPDelivery] = []
            for _ in 0..<3 { held.append(try #require(try await first.next())) }
            held.append(try #require(try await second.next()))
            #expect([try await observer.ready(queues[0]), try await observer.ready(queues[1])] == [7, 9])
            for delivery in held { try delivery.ack() }
            _ = (try await first.next(), try await second.next())
        }
    }
}
