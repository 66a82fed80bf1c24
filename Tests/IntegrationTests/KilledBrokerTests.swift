import SwiftAMQP
import Synchronization
import TestSupport
import Testing

extension BrokerFaults {
    @Suite("A broker that dies")
    struct KilledBrokerTests {
        /// kill -9 in the middle of publishes: every publish ends once and in time, what was confirmed is in the
        /// queue after the restart, what was not sent is not.
        @Test("no confirmed message is lost, no message that was not sent appears", arguments: [false, true])
        func kill(pausedBefore: Bool) async throws {
            let broker = try await FaultNode.shared
            let queue = uniqueName("killed")
            let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            let channel = try await connection.openChannel()
            try await channel.declare(.classic(queue))

            let confirmed = Atomic<Int>(0)
            let enough = try FakeSignal()
            let timeout = Duration.seconds(20)
            let count = 10_000
            async let recording = publishNumbers(
                0..<count, on: channel, to: queue, padding: 1000, timeout: timeout,
                onConfirm: { _ in
                    if confirmed.add(1, ordering: .relaxed).newValue == 1000 { enough.fire() }
                })
            try await enough.fired(within: .seconds(20))
            // Far more than the outbox and the sockets hold, so that some are written, some encoded, some waiting.
            let stuck = pausedBefore ? count..<count + 4000 : count..<count
            if pausedBefore { try await broker.pause() }
            async let stuckRecording = publishNumbers(
                stuck, on: channel, to: queue, padding: 16_000, timeout: timeout)
            if pausedBefore { try await fillUp(channel, queue) }
            try await broker.kill()
            let recorded = await recording + (await stuckRecording)
            #expect(recorded.count == count + stuck.count)
            #expect(recorded.allSatisfy { $0.time <= timeout + .milliseconds(250) })
            let reason = await connection.waitUntilClosed()
            #expect(reason.code == .connectionLost, "\(reason)")
            await expectError(.connectionLost) { try await channel.ready(queue) }

            await expectError(.unreachable) { try await AMQPConnection.connect(AMQPConfiguration(url: broker.url)) }
            try await broker.start()
            try await withChannel(to: broker) { channel in
                let present = try await channel.numbers(in: queue).filter { $0 >= 0 }
                let found = Set(present)
                #expect(found.count == present.count)
                var lost: [Int] = []
                var phantom: [Int] = []
                var odd: [Recorded] = []
                for record in recorded {
                    switch record.outcome {
                    case .confirmed: if !found.contains(record.number) { lost.append(record.number) }
                    case .notSent(.connectionClosed): if found.contains(record.number) { phantom.append(record.number) }
                    case .unknown(.connectionClosed): break
                    default: odd.append(record)
                    }
                }
                #expect(lost.isEmpty)
                #expect(phantom.isEmpty)
                #expect(odd.isEmpty)
                let tally = [
                    recorded.count { $0.outcome == .confirmed }, recorded.count { $0.outcome.isUnknown },
                    recorded.count { $0.outcome.isNotSent },
                ]
                #expect(tally[0] >= 1000)
                if pausedBefore { #expect(tally[1] > 0 && tally[2] > 0, "\(tally)") }
                try await channel.delete(queue: queue)
            }
        }

        /// Publishes until nothing more is taken.
        private func fillUp(_ channel: AMQPChannel, _ queue: String) async throws {
            while true {
                do throws(AMQPError) {
                    _ = try channel.tryEnqueue(AMQPMessage(body: Array("-1:".utf8)), to: .queue(queue))
                } catch {
                    #expect(error.code == .wouldBlock)
                    return
                }
                await Task.yield()
            }
        }

        @Test("a broker that stops in good order says so, and everything pending ends with it")
        func stop() async throws {
            let broker = try await FaultNode.shared
            let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
            let channel = try await connection.openChannel()
            let queue = try await channel.ownQueue()
            var iterator = try await channel.consume(queue).makeAsyncIterator()
            try await channel.publish(AMQPMessage("x"), to: .queue(queue))
            let delivery = try #require(try await iterator.next())
            try await broker.stop()
            let error = await expectError(.connectionClosedByPeer, replyCode: 320) { _ = try await iterator.next() }
            #expect(error?.isRetriable == true)
            await expectError(.stale) { try delivery.ack() }
            await connection.close()
            try await broker.start()
        }
    }
}
