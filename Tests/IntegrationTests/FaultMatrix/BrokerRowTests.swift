import SwiftAMQP
import TestSupport
import Testing

extension BrokerFaults {
    /// What a supervised publisher does when its broker suffers.
    @Suite("Fault matrix: brokers", .serialized, .timeLimit(.minutes(2)))
    struct BrokerRowTests {
        struct Row: Sendable, CustomTestStringConvertible {
            let number: Int
            let name: String
            let endsConnections: Bool
            var heartbeat: Duration = .seconds(1)
            let fault: @Sendable (Broker) async throws -> Void
            let relief: @Sendable (Broker) async throws -> Void

            var testDescription: String { "row 0\(number): \(name)" }

            static let all: [Row] = [
                Row(
                    number: 5, name: "close_all_connections", endsConnections: true,
                    fault: { try await $0.closeAllConnections(reason: "matrix") }, relief: { _ in }),
                Row(
                    number: 6, name: "kill -9 and restart", endsConnections: true, fault: { try await $0.kill() },
                    relief: { try await $0.start() }),
                Row(
                    number: 7, name: "stop_app and start_app", endsConnections: true,
                    fault: { try await $0.ctl(["stop_app"]) },
                    relief: { broker in
                        try await broker.ctl(["start_app"])
                        try await broker.ctl(["await_startup"])
                    }),
                Row(
                    number: 8, name: "paused for less than T", endsConnections: false, heartbeat: .seconds(2),
                    fault: { try await $0.pause() },
                    relief: { broker in
                        // The time is the fault; the shutdown that was before took some of it.
                        try await Task.sleep(for: .milliseconds(700))
                        try await broker.resume()
                    }),
                Row(
                    number: 9, name: "paused for more than 2 T", endsConnections: true, fault: { try await $0.pause() },
                    relief: { broker in
                        try await Task.sleep(for: .milliseconds(2500))
                        try await broker.resume()
                    }),
            ]
        }

        @Test("publishes, topology, connecting and shutdown", arguments: Row.all)
        func row(row: Row) async throws {
            let broker = try await FaultNode.shared
            try await MatrixSession.run(broker, heartbeat: row.heartbeat) { session in
                try await MatrixSession.run(broker, heartbeat: row.heartbeat) { ending in
                    try await MatrixSession.run(broker, connects: false, configure: { $0.firstConnect = .keepTrying }) {
                        beginning in
                        session.expectConfirmed(try await session.publish(as: 1, count: 50))
                        ending.expectConfirmed(try await ending.publish(as: 1, count: 1))
                        let unconfirmed = try await session.enqueue(as: 2, count: 50)
                        try await row.fault(broker)
                        let pending = try await session.enqueue(as: 3, count: 50)
                        let last = try await ending.enqueue(as: 2, count: 20)
                        async let connecting: Void = beginning.client.connect()
                        await ending.expectShutdown(within: .milliseconds(500), of: last)
                        try await row.relief(broker)
                        session.expectConfirmed(await session.outcomes(of: unconfirmed))
                        let attempts = session.expectConfirmed(await session.outcomes(of: pending))
                        if row.endsConnections {
                            #expect(session.connectionCount > 1)
                        } else {
                            #expect(session.connectionCount == 1)
                            #expect(attempts == 1)
                        }
                        try await session.deleteSecond()
                        await session.proxy.reset()
                        try await session.expectRestored()
                        try await connecting
                        beginning.expectConfirmed(try await beginning.publish(as: 1, count: 1))
                    }
                }
            }
        }

        @Test("row 18: an alarm of up to 10 T: publishes wait, nothing is disconnected", arguments: [false, true])
        func alarm(isDisk: Bool) async throws {
            let broker = try await FaultNode.shared
            func set(on: Bool) async throws {
                if isDisk { try await broker.setDiskAlarm(on: on) } else { try await broker.setMemoryAlarm(on: on) }
            }
            try await MatrixSession.run(broker) { session in
                try await MatrixSession.run(broker) { ending in
                    try await set(on: true)
                    let pending = try await session.enqueue(as: 1, count: 20)
                    let last = try await ending.enqueue(as: 1, count: 20)
                    let state = await session.client.state { if case .blocked = $0 { true } else { false } }
                    #expect("\(state)".hasPrefix("blocked"))
                    // Calls go over the other connection, and new clients connect.
                    #expect(try await session.client.status(ofQueue: session.queue).messageCount == 0)
                    try await withClient(to: broker) { client in try await client.connect() }
                    await ending.expectShutdown(within: .milliseconds(500), of: last)
                    // What is tested is that nothing happens meanwhile, for 10 T and for 3 T.
                    try await Task.sleep(for: .seconds(isDisk ? 3 : 10))
                    #expect(session.connectionCount == 1)
                    try await set(on: false)
                    let time = await elapsed { session.expectConfirmed(await session.outcomes(of: pending)) }
                    #expect(time <= .seconds(1) * Deadline.scale)
                    #expect(session.connectionCount == 1)
                    try await session.expectRestored()
                }
            }
        }

        @Test("row 19: a connection that is lost while it is blocked: publishes go on after the alarm")
        func lostWhileBlocked() async throws {
            let broker = try await FaultNode.shared
            try await MatrixSession.run(broker) { session in
                let pending = try await session.enqueueBlocked(as: 1, by: broker)
                await session.proxy.reset()
                _ = await session.client.state { if case .blocked = $0 { session.connectionCount > 1 } else { false } }
                #expect(pending.allSatisfy { $0.publish.outcomeIfKnown == nil })
                try await broker.setMemoryAlarm(on: false)
                let attempts = session.expectConfirmed(await session.outcomes(of: pending))
                #expect(attempts > 1)
                try await session.expectRestored()
            }
        }

        @Test("row 30: a body over the broker's limit: an error for it, not for its neighbours")
        func tooLarge() async throws {
            let broker = try await FaultNode.shared
            try await MatrixSession.run(broker) { session in
                let before = try await session.enqueue(as: 1, count: 10)
                let large = AMQPMessage(body: [UInt8](repeating: 1, count: FaultNode.maximumMessageSize + 1))
                async let refused: AMQPError? = expectError(.channelException, replyCode: 406) {
                    try await session.client.publish(large, to: .queue(session.queue))
                }
                let after = try await session.enqueue(as: 2, count: 10)
                session.expectConfirmed(await session.outcomes(of: before + after))
                #expect(await refused?.outcome == .notSent(reason: .rejected))
                #expect(session.connectionCount == 1)
                try await session.expectRestored()
            }
        }
    }
}
