import SwiftAMQP
import TestSupport
import Testing

extension BrokerFaults {
    /// Delivery tags are counted anew on each channel. An ack that a program makes late must not hit the message that
    /// has the same number on the next channel.
    @Suite("Deliveries of a connection that is gone")
    struct StaleSettleTests {
        private static let late: [(String, @Sendable (AMQPDelivery) throws(AMQPError) -> Void)] = [
            ("ack", { delivery throws(AMQPError) in try delivery.ack() }),
            ("ack multiple", { delivery throws(AMQPError) in try delivery.ack(multiple: true) }),
            ("nack", { delivery throws(AMQPError) in try delivery.nack(requeue: false) }),
            ("nack multiple", { delivery throws(AMQPError) in try delivery.nack(requeue: false, multiple: true) }),
            ("reject", { delivery throws(AMQPError) in try delivery.reject(requeue: false) }),
        ]

        @Test("late settles throw and touch nothing", arguments: [false, true])
        func stale(byGet: Bool) async throws {
            let broker = try await FaultNode.shared
            let queue = uniqueName("stale")
            let first = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            let channel = try await first.openChannel()
            try await channel.declare(.classic(queue))
            try await channel.publish(texts: ["m1", "m2", "m3"], to: queue)
            let old = try await take(3, from: queue, channel, byGet: byGet)
            try old[0].ack()
            try await eventually("m1 is settled") {
                try await broker.listQueues().first { $0.name == queue }?.unacknowledged == 2
            }
            try await broker.closeAllConnections(reason: "test")
            #expect(await first.waitUntilClosed().replyCode == 320)

            try await withChannel(to: broker) { channel in
                let again = try await take(2, from: queue, channel, byGet: byGet)
                // The tags of the new channel begin at 1: the old m2 has the number of the new m3.
                #expect(again.map(\.text) == ["m2", "m3"])
                #expect(again.map(\.deliveryTag) == [1, 2])
                #expect(old[1].deliveryTag == again[1].deliveryTag)
                #expect(again.allSatisfy { $0.isRedelivered })
                for (name, settle) in Self.late {
                    for delivery in old {
                        let error = await expectError(.stale) { try settle(delivery) }
                        #expect(error?.underlying?.replyCode == 320, "\(name)")
                    }
                }
                let counts = try #require(try await broker.listQueues().first { $0.name == queue })
                #expect(counts.unacknowledged == 2)
                #expect(channel.isOpen)
                try again[1].ack(multiple: true)
                #expect(try await channel.delete(queue: queue) == 0)
            }
        }

        private func take(
            _ count: Int, from queue: String, _ channel: AMQPChannel, byGet: Bool
        ) async throws -> [AMQPDelivery] {
            if !byGet { return try await channel.take(queue, count: count) }
            var taken: [AMQPDelivery] = []
            while let (delivery, _) = try await channel.get(queue) { taken.append(delivery) }
            return taken
        }

        @Test("what is buffered when the connection goes is not handed out any more")
        func buffered() async throws {
            let broker = try await FaultNode.shared
            let queue = uniqueName("buffered")
            let first = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            let channel = try await first.openChannel()
            try await channel.declare(.classic(queue))
            try await channel.publish(texts: (0..<10).map { "\($0)" }, to: queue)
            var iterator = try await channel.consume(queue, prefetch: 10).makeAsyncIterator()
            _ = try await iterator.next()
            try await broker.closeAllConnections(reason: "test")
            _ = await first.waitUntilClosed()
            await expectError(.connectionClosedByPeer, replyCode: 320) { _ = try await iterator.next() }
            await expectError(.connectionClosedByPeer, replyCode: 320) { _ = try await iterator.next() }
            try await withChannel(to: broker) { channel in
                #expect(try await channel.drain(queue, count: 10).map(\.text) == (0..<10).map { "\($0)" })
                try await channel.delete(queue: queue)
            }
        }
    }
}
