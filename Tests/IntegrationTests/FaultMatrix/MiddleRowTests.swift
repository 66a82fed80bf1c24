import SwiftAMQP
import TestSupport
import Testing

/// What the tests of single rows leave out: a shutdown in the middle of the fault, and a client that is new to it.
@Suite("Fault matrix: in the middle of it", .timeLimit(.minutes(2)))
struct MiddleRowTests {
    enum Row: String, CaseIterable, CustomTestStringConvertible {
        case deletedQueue = "row 24: a queue that was deleted"
        case otherArguments = "row 25: a queue that others made with other arguments"
        case lockedQueue = "row 26: a queue that another connection holds"
        case unroutable = "row 29: messages for no queue"
        case cancelledTasks = "row 39: tasks that were cancelled"

        var testDescription: String { rawValue }
    }

    @Test("a shutdown is complete and on time, and a new client connects", arguments: Row.allCases)
    func shutdown(row: Row) async throws {
        try await MatrixSession.run { session in
            let holder = try await AMQPConnection.connect(AMQPConfiguration(url: session.broker.url))
            try await cause(row, session, holder)
            let topology = AMQPTopology(queues: [.classic(session.second)])
            try await withClient(to: session.broker, topology: topology) { client in
                try await client.connect()
                #expect(client.state.isUsable)
            }
            let pending = try await session.enqueue(as: 2, count: 50)
            let report = await session.expectShutdown(within: .seconds(5), of: pending)
            #expect(!report.isTimedOut)
            await holder.close()
            // The checker empties and deletes what every session has.
            try await withChannel(to: session.broker) { channel in try await channel.declare(.classic(session.queue)) }
        }
    }

    private func cause(_ row: Row, _ session: MatrixSession, _ holder: AMQPConnection) async throws {
        session.expectConfirmed(try await session.publish(as: 1, count: 5))
        switch row {
        case .deletedQueue: try await session.deleteSecond()
        case .otherArguments, .lockedQueue:
            try await session.deleteSecond()
            let channel = try await holder.openChannel()
            if row == .lockedQueue {
                try await channel.declare(AMQPQueue(name: session.second, exclusive: true))
            } else {
                try await channel.declare(.classic(session.second, maximumLength: 9))
            }
            await session.proxy.reset()
            _ = await session.client.state { if case .degraded = $0 { true } else { false } }
        case .unroutable:
            await #expect(throws: AMQPError.self) {
                try await session.client.publish(AMQPMessage("x"), to: .queue(uniqueName("nowhere")))
            }
        case .cancelledTasks:
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        _ = try? await session.client.publish(AMQPMessage("\(number)"), to: .queue(session.second))
                    }
                }
                group.cancelAll()
            }
        }
    }
}
