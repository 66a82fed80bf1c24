import SwiftAMQP
import TestSupport
import Testing

/// What a supervised consumer does when its connections suffer.
@Suite("Fault matrix: connections of a consumer", .timeLimit(.minutes(2)))
struct ConsumerProxyRowTests {
    @Test("the stream goes on, what was not settled comes again where the connection went", arguments: ProxyRow.all)
    func consuming(row: ProxyRow) async throws {
        try await MatrixSession.runConsuming(heartbeat: row.heartbeat) { session in
            try await session.expectConsumer(
                row.endsConnections ? .newConnection : .none, count: row.size > 50_000 ? 2 : 20, size: row.size,
                fault: { try await (row.whenConsuming ?? row.fault)(session.proxy) },
                relief: { try await row.relief(session.proxy) })
        }
    }
}
