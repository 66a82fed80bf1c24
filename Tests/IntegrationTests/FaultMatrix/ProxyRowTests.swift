import SwiftAMQP
import TestSupport
import Testing

/// What a supervised publisher does when its connections suffer.
@Suite("Fault matrix: connections", .serialized, .timeLimit(.minutes(2)))
struct ProxyRowTests {
    @Test("publishes are confirmed, what was confirmed stays, the topology is put back", arguments: ProxyRow.all)
    func publishing(row: ProxyRow) async throws {
        try await MatrixSession.run(heartbeat: row.heartbeat) { session in
            session.expectConfirmed(try await session.publish(as: 1, count: 5))
            if row.endsConnections { try await session.deleteSecond() }
            try await row.fault(session.proxy)
            let pending = try await session.enqueue(as: 2, count: row.size > 50_000 ? 2 : 20, size: row.size)
            try await row.relief(session.proxy)
            let attempts = session.expectConfirmed(await session.outcomes(of: pending))
            if row.endsConnections {
                #expect(session.connectionCount > 1)
                if row.resends { #expect(attempts > 1) }
            } else {
                #expect(session.connectionCount == 1)
                #expect(attempts == 1)
            }
            try await session.expectRestored()
        }
    }

    @Test("the first connection comes about, at once or after attempts that fail", arguments: ProxyRow.all)
    func connecting(row: ProxyRow) async throws {
        try await MatrixSession.run(heartbeat: row.heartbeat, connects: false) { session in
            try await row.whenConnecting(session.proxy)
            try await session.client.connect()
            let accepted = session.proxy.status.accepted
            if row.endsConnections { #expect(accepted > 2) } else { #expect(accepted == 2) }
            session.expectConfirmed(try await session.publish(as: 1, count: 1))
        }
    }

    @Test("a shutdown is on time, and complete where the connections last", arguments: ProxyRow.all)
    func shutdown(row: ProxyRow) async throws {
        try await MatrixSession.run(heartbeat: row.heartbeat) { session in
            // So that there is a channel, and the publishes are on their way when the fault comes.
            session.expectConfirmed(try await session.publish(as: 1, count: 1))
            try await row.fault(session.proxy)
            let pending = try await session.enqueue(as: 2, count: row.size > 50_000 ? 2 : 20, size: row.size)
            if row.endsConnections {
                await session.expectShutdown(within: .milliseconds(500), of: pending)
            } else {
                async let relief: Void = row.relief(session.proxy)
                let report = await session.expectShutdown(within: .seconds(8), of: pending)
                #expect(!report.isTimedOut)
                #expect(report.publishes.failureCount == 0, "\(report)")
                try await relief
            }
        }
    }
}
