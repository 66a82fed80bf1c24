import SwiftAMQP
import TestSupport
import Testing

extension BrokerFaults {
    /// A blocked connection is not read by the broker: publishes, acks and RPCs on it wait; others go on.
    @Suite("A broker with an alarm")
    struct AlarmTests {
        /// Publishes until the broker blocks the connection; gives the publish that made it do so.
        private func block(_ connection: AMQPConnection, _ channel: AMQPChannel, _ queue: String) async throws
            -> AMQPPendingPublish
        {
            let publish = try await channel.enqueue(AMQPMessage("trigger"), to: .queue(queue))
            guard case .blocked(let reason)? = await connection.events.first(where: { _ in true }) else {
                throw TestError.unexpectedEvent
            }
            #expect(reason == "low on memory" || reason == "low on disk")
            return publish
        }

        private enum TestError: Error { case unexpectedEvent }

        @Test(
            "publishes wait, consumers elsewhere go on, and all goes on when it clears", arguments: ["memory", "disk"])
        func alarm(resource: String) async throws {
            let broker = try await FaultNode.shared
            func setAlarm(on: Bool) async throws {
                if resource == "memory" {
                    try await broker.setMemoryAlarm(on: on)
                } else {
                    try await broker.setDiskAlarm(on: on)
                }
            }
            let publishing = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            let consuming = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            let (publisher, consumer) = (try await publishing.openChannel(), try await consuming.openChannel())
            let queue = uniqueName("alarm")
            try await publisher.declare(.classic(queue))
            try await publisher.publish(texts: (0..<10).map { "\($0)" }, to: queue)

            try await setAlarm(on: true)
            let trigger = try await block(publishing, publisher, queue)
            guard case .blocked = publishing.state else {
                Issue.record("the state is \(publishing.state)")
                return
            }
            await expectError(.wouldBlock) { try publisher.tryEnqueue(AMQPMessage("x"), to: .queue(queue)) }
            let late = await expectError(.timeout) {
                try await publisher.publish(AMQPMessage("late"), to: .queue(queue), timeout: .milliseconds(300))
            }
            #expect(late?.outcome == .notSent(reason: .timeout))
            let cancelled = Task {
                try await publisher.enqueue(AMQPMessage("cancelled"), to: .queue(queue))
            }
            cancelled.cancel()
            let error = await expectError(.cancelled) { try await cancelled.value }
            #expect(error?.outcome == .notSent(reason: .cancelled))
            let waiting = (0..<100).map { number in
                Task { try await publisher.publish(AMQPMessage("w\(number)"), to: .queue(queue)) }
            }

            // A connection that never published is not blocked: it consumes, acknowledges, and opens channels.
            #expect(try await consumer.drain(queue, count: 10).map(\.text) == (0..<10).map { "\($0)" })
            let onNewChannel = try await consuming.withChannel { channel in try await channel.ready(queue) }
            #expect(onNewChannel == 0)
            guard case .open = consuming.state else {
                Issue.record("the state is \(consuming.state)")
                return
            }
            // New connections are accepted.
            let onNewConnection = try await withChannel(to: broker) { channel in try await channel.ready(queue) }
            #expect(onNewConnection == 0)

            try await setAlarm(on: false)
            guard case .unblocked? = await publishing.events.first(where: { _ in true }) else {
                Issue.record("the alarm is over and the connection does not say so")
                return
            }
            #expect(await trigger.outcome == .confirmed)
            for task in waiting { try await task.value }
            try await publisher.publish(AMQPMessage("after"), to: .queue(queue), timeout: .seconds(1))
            #expect(
                Set(try await consumer.drain(queue, count: 102).map(\.text))
                    == Set(["trigger", "after"] + (0..<100).map { "w\($0)" }))
            #expect(try await consumer.ready(queue) == 0)
            try await consumer.delete(queue: queue)
            await publishing.close()
            await consuming.close()
        }

        @Test(
            "RPCs on a blocked connection end by their deadline, its acks are read when it clears, its close is on time"
        )
        func blockedConnection() async throws {
            let broker = try await FaultNode.shared
            var configuration = try AMQPConfiguration(url: broker.url)
            configuration.rpcTimeout = .milliseconds(500)
            let connection = try await AMQPConnection.connect(configuration)
            let (publisher, consumer) = (try await connection.openChannel(), try await connection.openChannel())
            let rpcs = try await connection.openChannel()
            let queue = uniqueName("blocked")
            try await publisher.declare(.classic(queue))
            try await publisher.publish(texts: ["a", "b"], to: queue)
            let taken = try await consumer.take(queue, count: 2)

            try await broker.setMemoryAlarm(on: true)
            let trigger = try await block(connection, publisher, queue)
            try taken[0].ack()
            await expectError(.alreadySettled) { try taken[0].ack() }
            let time = await elapsed { await expectError(.timeout) { try await rpcs.status(ofQueue: queue) } }
            #expect(time >= .milliseconds(490) && time <= .milliseconds(750) * Deadline.scale)
            await expectError(.timeout) { try await connection.openChannel() }
            #expect(try await broker.listQueues().first { $0.name == queue }?.unacknowledged == 2)

            try await broker.setMemoryAlarm(on: false)
            #expect(await trigger.outcome == .confirmed)
            try await eventually("the ack has been read") {
                try await broker.listQueues().first { $0.name == queue }?.unacknowledged == 1
            }
            // The ids of the channels that were given up come back.
            try await eventually("the id of a channel that was given up is free again") {
                let channel = try await connection.openChannel()
                let id = channel.id
                await channel.close()
                return id == rpcs.id
            }

            try await broker.setMemoryAlarm(on: true)
            let other = try await AMQPConnection.connect(configuration)
            let channel = try await other.openChannel()
            let last = try await block(other, channel, queue)
            let pending = Task {
                try await channel.publish(AMQPMessage("never"), to: .queue(queue))
            }
            let close = await elapsed { await other.close(timeout: .milliseconds(500)) }
            #expect(close <= .milliseconds(750) * Deadline.scale)
            #expect(await last.outcome == .unknown(reason: .connectionClosed))
            let error = await expectError(.closed) { try await pending.value }
            #expect(error?.outcome == .notSent(reason: .connectionClosed))
            try await broker.setMemoryAlarm(on: false)
            await connection.close()
        }

        @Test("closed by an operator while blocked: everything pending ends with 320")
        func closedWhileBlocked() async throws {
            let broker = try await FaultNode.shared
            let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            let channel = try await connection.openChannel()
            let queue = uniqueName("forced")
            try await channel.declare(.classic(queue))
            let deliveries = try await channel.consume(try await channel.ownQueue())
            try await broker.setMemoryAlarm(on: true)
            let trigger = try await block(connection, channel, queue)
            let publish = Task { try await channel.publish(AMQPMessage("waits"), to: .queue(queue)) }
            let rpc = Task { try await channel.ready(queue) }
            let next = Task { _ = try await deliveries.first { _ in true } }
            let opening = Task { try await connection.openChannel() }
            try await broker.closeAllConnections(reason: "maintenance")
            let error = await connection.waitUntilClosed()
            #expect(error.code == .connectionClosedByPeer)
            #expect(error.replyCode == 320)
            #expect(error.text.contains("maintenance"))
            #expect(error.isRetriable)
            #expect(await trigger.outcome == .unknown(reason: .connectionClosed))
            let ended = await expectError(.connectionClosedByPeer, replyCode: 320) { try await publish.value }
            #expect(ended?.outcome == .notSent(reason: .connectionClosed))
            await expectError(.connectionClosedByPeer, replyCode: 320) { try await rpc.value }
            await expectError(.connectionClosedByPeer, replyCode: 320) { try await next.value }
            await expectError(.connectionClosedByPeer, replyCode: 320) { try await opening.value }
            try await broker.setMemoryAlarm(on: false)
            // The connection's own last publish was not read by the broker, the one that waited never left.
            try await withChannel(to: broker) { channel in
                let texts = try await channel.drain(queue, count: try await channel.ready(queue)).map(\.text)
                #expect(!texts.contains("waits"))
                try await channel.delete(queue: queue)
            }
        }
    }
}
