import SwiftAMQP
import TestSupport
import Testing

extension BrokerFaults {
    @Suite("A broker that freezes")
    struct PausedBrokerTests {
        private static let timeout = Duration.seconds(2)

        private func connect(_ broker: Broker) async throws -> AMQPConnection {
            var configuration = try AMQPConfiguration(url: broker.url)
            configuration.heartbeat = Self.timeout
            return try await AMQPConnection.connect(configuration)
        }

        @Test("for less than the heartbeat timeout: nothing happens")
        func short() async throws {
            let broker = try await FaultNode.shared
            let connection = try await connect(broker)
            let channel = try await connection.openChannel()
            let queue = try await channel.ownQueue()
            var iterator = try await channel.consume(queue).makeAsyncIterator()
            for round in 0..<2 {
                try await broker.pause()
                // Time is what is tested.
                let publishing = Task { try await channel.publish(AMQPMessage("\(round)"), to: .queue(queue)) }
                try await Task.sleep(for: Self.timeout * 0.9)
                try await broker.resume()
                try await publishing.value
                let delivery = try #require(try await iterator.next())
                #expect(delivery.text == "\(round)")
                try delivery.ack()
            }
            #expect(channel.isOpen)
            await connection.close()
        }

        @Test("for longer: found within twice the heartbeat timeout, idle, publishing or consuming")
        func long() async throws {
            let broker = try await FaultNode.shared
            let idle = try await connect(broker)
            let publishing = try await connect(broker)
            let consuming = try await connect(broker)
            let (publisher, consumer) = (try await publishing.openChannel(), try await consuming.openChannel())
            let queue = uniqueName("paused")
            try await publisher.declare(.classic(queue, durable: false))
            try await publisher.confirmSelect()
            var iterator = try await consumer.consume(queue).makeAsyncIterator()
            try await publisher.publish(AMQPMessage("x"), to: .queue(queue))
            let delivery = try #require(try await iterator.next())

            try await broker.pause()
            let start = ContinuousClock.now
            var pending: [AMQPPendingPublish] = []
            for number in 0..<100 {
                pending.append(try await publisher.enqueue(AMQPMessage("\(number)"), to: .queue(queue)))
            }
            let times = await withTaskGroup(of: (AMQPError, Duration).self) { group in
                for connection in [idle, publishing, consuming] {
                    group.addTask {
                        let error = await connection.waitUntilClosed()
                        return (error, .now - start)
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for (error, time) in times {
                #expect(error.code == .heartbeatTimeout, "\(error)")
                #expect(time <= Self.timeout * 2)
                // The last sign of life was half a timeout before the pause at the most.
                #expect(time >= Self.timeout * 1.2)
            }
            for publish in pending { #expect(await publish.outcome == .unknown(reason: .connectionClosed)) }
            await expectError(.heartbeatTimeout) { _ = try await iterator.next() }
            await expectError(.stale) { try delivery.ack() }
            await expectError(.connectTimeout) {
                var configuration = try AMQPConfiguration(url: broker.url)
                configuration.connectTimeout = .seconds(1)
                _ = try await AMQPConnection.connect(configuration)
            }
            try await broker.resume()
            // What was on its way may be processed now: that is what unknown means.
            try await withChannel(to: broker) { channel in
                try await eventually("the frozen connection is gone") {
                    try await channel.status(ofQueue: queue).consumerCount == 0
                }
                let count = try await channel.ready(queue)
                #expect(count >= 1 && count <= 101)
                #expect(try await channel.drain(queue, count: 1)[0].isRedelivered)
                try await channel.delete(queue: queue)
            }
        }

        @Test("operations end by their deadlines, and close by its own")
        func deadlines() async throws {
            let broker = try await FaultNode.shared
            var configuration = try AMQPConfiguration(url: broker.url)
            configuration.rpcTimeout = .milliseconds(500)
            let connection = try await AMQPConnection.connect(configuration)
            let channels = [
                try await connection.openChannel(), try await connection.openChannel(),
                try await connection.openChannel(),
            ]
            let queue = try await channels[0].ownQueue()
            try await channels[1].confirmSelect()
            try await broker.pause()
            let rpc = await elapsed {
                await expectError(.timeout) { try await channels[0].status(ofQueue: queue) }
            }
            // Deadlines are kept on a clock that ticks every few milliseconds.
            #expect(rpc >= .milliseconds(490) && rpc <= .milliseconds(750) * Deadline.scale)
            // The channel was given up: a late answer could be taken for that to another request.
            let error = await expectError(.closed) { try await channels[0].status(ofQueue: queue) }
            #expect(error?.underlying?.code == .timeout)
            let publish = await elapsed {
                let error = await expectError(.timeout) {
                    try await channels[1].publish(AMQPMessage("x"), to: .queue(queue), timeout: .milliseconds(500))
                }
                #expect(error?.outcome == .unknown(reason: .timeout))
            }
            #expect(publish >= .milliseconds(490) && publish <= .milliseconds(750) * Deadline.scale)
            #expect(channels[1].isOpen)
            let channelClose = await elapsed { await channels[2].close(timeout: .milliseconds(300)) }
            #expect(channelClose <= .milliseconds(550) * Deadline.scale)
            let close = await elapsed { await connection.close(timeout: .milliseconds(500)) }
            #expect(close >= .milliseconds(450) && close <= .milliseconds(750) * Deadline.scale)
            try await broker.resume()
        }
    }
}
