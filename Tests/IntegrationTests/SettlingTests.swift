import SwiftAMQP
import TestSupport
import Testing

@Suite("Settling", .timeLimit(.minutes(1)))
struct SettlingTests {
    @Test("requeued messages come again, flagged, in their place")
    func requeue() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            try await channel.publish(texts: ["a", "b", "c"], to: queue)
            let first = try await channel.take(queue, count: 3)
            #expect(first.allSatisfy { !$0.isRedelivered })
            try first[0].nack(requeue: true)
            try first[1].reject(requeue: true)
            try first[2].ack()
            let second = try await channel.drain(queue, count: 2)
            #expect(second.map(\.text) == ["a", "b"])
            #expect(second.allSatisfy { $0.isRedelivered })
            #expect(try await channel.readyInOrder(queue) == 0)
        }
    }

    @Test("rejected messages are dead-lettered, by nack and by reject")
    func deadLetter() async throws {
        try await withChannel { channel in
            let dead = try await channel.ownQueue()
            let queue = try await channel.ownQueue(arguments: [
                "x-dead-letter-exchange": "", "x-dead-letter-routing-key": .string(dead),
            ])
            try await channel.publish(texts: ["a", "b", "c", "d"], to: queue)
            let taken = try await channel.take(queue, count: 4)
            try taken[0].reject(requeue: false)
            try taken[2].nack(requeue: false, multiple: true)
            try taken[3].ack()
            let buried = try await channel.drain(dead, count: 3)
            #expect(buried.map(\.text) == ["a", "b", "c"])
            #expect(buried[0].properties.headers["x-first-death-reason"] == "rejected")
            #expect(buried[0].properties.headers["x-first-death-queue"]?.string == queue)
        }
    }

    @Test("nack with multiple requeues what was handed out")
    func nackMultiple() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            try await channel.publish(texts: (0..<10).map { "\($0)" }, to: queue)
            let taken = try await channel.take(queue, count: 10)
            try taken[4].ack()
            try taken[6].nack(requeue: true, multiple: true)
            for index in 0...6 { await expectError(.alreadySettled) { try taken[index].ack() } }
            #expect(try await channel.readyInOrder(queue) == 6)
            try taken[9].ack(multiple: true)
            #expect(try await channel.drain(queue, count: 6).map(\.text) == ["0", "1", "2", "3", "5", "6"])
        }
    }

    @Test("a delivery is settled once, whoever tries")
    func once() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            try await channel.publish(texts: ["a", "b"], to: queue)
            let taken = try await channel.take(queue, count: 2)
            let settled = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<64 {
                    group.addTask {
                        do throws(AMQPError) {
                            if index % 2 == 0 { try taken[0].ack() } else { try taken[0].nack(requeue: false) }
                            return true
                        } catch {
                            #expect(error.code == .alreadySettled)
                            return false
                        }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(settled == 1)
            try taken[1].ack()
            // Had a second settle been written, the broker would have closed the channel with 406.
            #expect(try await channel.readyInOrder(queue) == 0)
        }
    }

    @Test("multiple leaves alone what another consumer of the channel was not handed yet")
    func multipleAcrossConsumers() async throws {
        try await withConnection { connection in
            let channel = try await connection.openChannel()
            let queues = [try await channel.ownQueue(), try await channel.ownQueue()]
            for queue in queues { try await channel.publish(texts: (0..<5).map { "\($0)" }, to: queue) }
            let buffered = try await channel.consume(queues[0], prefetch: 5)
            let taken = try await channel.take(queues[1], count: 5)
            // The buffered consumer came first, so its tags are the lower ones.
            try #require(taken.last).ack(multiple: true)
            #expect(try await channel.ready(queues[1]) == 0)
            var texts: [String] = []
            for try await delivery in buffered {
                texts.append(delivery.text)
                try delivery.ack()
                if texts.count == 5 { break }
            }
            #expect(texts == (0..<5).map { "\($0)" })
            await channel.close()
            let other = try await connection.openChannel()
            let left = [try await other.ready(queues[0]), try await other.ready(queues[1])]
            #expect(left == [0, 0])
        }
    }

    @Test("recover gives everything unsettled back; old deliveries cannot be settled then")
    func recover() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            try await channel.publish(texts: ["a", "b", "c"], to: queue)
            let taken = try await channel.take(queue, count: 3)
            try taken[0].ack()
            try await channel.recover()
            await expectError(.alreadySettled) { try taken[1].ack() }
            await expectError(.alreadySettled) { try taken[2].ack(multiple: true) }
            let again = try await channel.drain(queue, count: 2)
            #expect(again.map(\.text) == ["b", "c"])
            #expect(again.allSatisfy { $0.isRedelivered })
        }
    }

    @Test("recover under a running consumer delivers again to it")
    func recoverWhileConsuming() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            try await channel.publish(texts: ["a", "b", "c"], to: queue)
            try await channel.withConsumer(queue, prefetch: 3) { deliveries in
                var iterator = deliveries.makeAsyncIterator()
                let first = try #require(try await iterator.next())
                try await channel.recover()
                await expectError(.alreadySettled) { try first.ack() }
                // The two that were buffered may still be handed out; they are the broker's again, and come once more.
                var texts: [String] = []
                while texts.count < 3, let delivery = try await iterator.next() {
                    do throws(AMQPError) {
                        try delivery.ack()
                        texts.append(delivery.text)
                    } catch {
                        #expect(error.code == .alreadySettled)
                        #expect(!delivery.isRedelivered)
                    }
                }
                #expect(texts == ["a", "b", "c"])
            }
            #expect(try await channel.readyInOrder(queue) == 0)
        }
    }

    @Test("what RabbitMQ does not implement ends the connection with 540")
    func notImplemented() async throws {
        await #expect(throws: Never.self) {
            try await withChannel { channel in
                await expectError(.connectionClosedByPeer, replyCode: 540) { try await channel.recover(requeue: false) }
            }
            try await withChannel { channel in
                await expectError(.connectionClosedByPeer, replyCode: 540) { try await channel.flow(active: false) }
            }
        }
    }
}
