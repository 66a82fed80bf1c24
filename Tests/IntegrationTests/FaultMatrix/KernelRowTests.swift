import SwiftAMQP
import TestSupport
import Testing

/// What a supervised publisher does when the network loses its packets.
@Suite(
    "Fault matrix: packets", .serialized, .timeLimit(.minutes(2)),
    .enabled(if: NetworkNamespace.obstacle == nil, Comment(rawValue: NetworkNamespace.obstacle ?? "")))
struct KernelRowTests {
    private func run(
        _ row: KernelRow, connects: Bool = true,
        _ body: (MatrixSession, NetworkNamespace) async throws -> Void
    ) async throws {
        try await NetworkNamespace.withNamespace { namespace in
            try await MatrixSession.run(
                at: .namespace(namespace), heartbeat: row.heartbeat, timeout: .seconds(30), connects: false,
                configure: { configuration in
                    configuration.firstConnect = .keepTrying
                    // An attempt has ten packets or so that may be lost, each way.
                    if row.latency > .zero { configuration.attemptTimeout = .seconds(10) * Deadline.scale }
                }
            ) { session in
                if connects {
                    try await session.client.connect()
                    session.expectConfirmed(try await session.publish(as: 1, count: 5))
                }
                await session.proxy.shape { $0.latency = row.latency }
                try await body(session, namespace)
            }
        }
    }

    @Test("publishes are confirmed, what was confirmed stays, the topology is put back", arguments: KernelRow.all)
    func publishing(row: KernelRow) async throws {
        try await run(row) { session, namespace in
            let events = session.client.events()
            if row.endsConnections { try await session.deleteSecond() }
            try await row.fault(namespace)
            let pending = try await session.enqueue(as: 2, count: 20)
            if row.endsConnections {
                var lost: Set<AMQPLinkRole> = []
                for await event in events {
                    if case .lost(let role, _) = event { lost.insert(role) }
                    if lost.count == 2 { break }
                }
                #expect(pending.allSatisfy { $0.publish.outcomeIfKnown == nil })
                // Some of what is new to the fault.
                for await event in session.client.events() {
                    if case .connectFailed = event { break }
                }
            } else if let time = row.lasts {
                try await Task.sleep(for: time)
            } else {
                // Several round trips, until something was lost on one of them: it is chance that decides.
                var hasLost = !row.losesPackets
                for round in UInt32(3)...40 where round <= 4 || !hasLost {
                    session.expectConfirmed(try await session.publish(as: round, count: 20))
                    if !hasLost { hasLost = try await namespace.countOfVictims() > 0 }
                }
            }
            if row.losesPackets { #expect(try await namespace.countOfVictims() > 0) }
            try await row.relief(namespace)
            session.expectConfirmed(await session.outcomes(of: pending))
            if row.endsConnections { #expect(session.connectionCount > 1) }
            if row.keepsConnections { #expect(session.connectionCount == 1) }
            try await session.expectRestored()
        }
    }

    @Test("the first connection comes about, at once or after attempts that fail", arguments: KernelRow.all)
    func connecting(row: KernelRow) async throws {
        try await run(row, connects: false) { session, namespace in
            let events = session.client.events()
            try await row.fault(namespace)
            async let connecting: Void = session.client.connect()
            if row.endsConnections {
                for await event in events {
                    if case .connectFailed(_, let error) = event {
                        // Nothing comes, or a reset, of the first bytes or of what follows them.
                        let codes: [AMQPError.Code] = [.connectTimeout, .unreachable, .connectionLost]
                        #expect(codes.contains(error.code), "\(error)")
                        break
                    }
                }
                try await row.relief(namespace)
            } else if let time = row.lasts {
                try await Task.sleep(for: time)
                try await row.relief(namespace)
            }
            try await connecting
            session.expectConfirmed(try await session.publish(as: 1, count: 5))
            try await row.relief(namespace)
        }
    }

    @Test("a shutdown is on time, and complete where the connections last", arguments: KernelRow.all)
    func shutdown(row: KernelRow) async throws {
        try await run(row) { session, namespace in
            try await row.fault(namespace)
            let pending = try await session.enqueue(as: 2, count: 20)
            if row.endsConnections {
                await session.expectShutdown(within: .milliseconds(500), of: pending)
            } else {
                async let relief: Void = {
                    guard let time = row.lasts else { return }
                    try await Task.sleep(for: time)
                    try await row.relief(namespace)
                }()
                let report = await session.expectShutdown(within: .seconds(25), of: pending)
                #expect(!report.isTimedOut)
                #expect(report.publishes.failureCount == 0, "\(report)")
                try await relief
            }
            // What the proxy says to the client at its end shall arrive.
            try await row.relief(namespace)
        }
    }
}
