import SwiftAMQP
import TestSupport
import Testing

/// A task that is cancelled while it connects: the attempt ends at once, and its socket is closed.
@Suite(.timeLimit(.minutes(2))) struct ConnectCancellationTests {
    private static let stages: [[FakeStep]] = [
        [.expectProtocolHeader],
        [.expectProtocolHeader, .start(), .expectMethod(.connectionStartOK)],
        [
            .expectProtocolHeader, .start(), .expectMethod(.connectionStartOK), .tune(),
            .expectMethod(.connectionTuneOK), .expectMethod(.connectionOpen),
        ],
    ]

    @Test(arguments: stages.indices) func whileThePeerIsSilent(index: Int) async throws {
        let reached = try FakeSignal()
        let broker = try FakeBroker.start(Self.stages[index] + [.fire(reached), .expectClose])
        let configuration = try broker.configuration()
        let task = Task { try await AMQPConnection.connect(configuration) }
        try await reached.fired()
        let start = ContinuousClock.now
        task.cancel()
        let error = await amqpError { try await task.value }
        #expect(error?.code == .cancelled)
        // The contract says 50 ms; the machine may be busy with other tests.
        #expect(ContinuousClock.now - start <= .milliseconds(500) * Deadline.scale)
        // The client's socket is closed.
        try await broker.finished()
    }

    @Test func before() async throws {
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await AMQPConnection.connect(AMQPConfiguration(host: "no-such-host.invalid"))
        }
        task.cancel()
        let error = await amqpError { try await task.value }
        #expect(error?.code == .cancelled)
    }

    /// Cancelled at any moment, the attempt gives either a connection or `.cancelled`, and never leaves a socket open.
    @Test func atAnyMoment() async throws {
        for round in 0..<40 {
            let live = try FakeBroker.start([
                .run { (connection) throws(HarnessError) in
                    // The client may leave at any step; what matters is that it does leave.
                    do throws(HarnessError) {
                        try FakeStep.handshake().run(connection)
                        try FakeStep.closeOK.run(connection)
                    } catch {
                        try connection.expectClose()
                    }
                }
            ])
            let configuration = try live.configuration()
            let task = Task { try await AMQPConnection.connect(configuration) }
            for _ in 0..<round * 20 { await Task.yield() }
            task.cancel()
            do {
                await (try await task.value).close()
            } catch let error as AMQPError {
                #expect(error.code == .cancelled)
            }
            try await live.finished()
        }
    }
}
