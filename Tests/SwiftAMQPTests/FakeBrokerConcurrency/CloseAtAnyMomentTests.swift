import SwiftAMQP
import TestSupport
import Testing

/// The connection is closed while something is pending, whatever it is: the close returns, what was pending ends, and
/// nothing is left.
@Suite(.serialized, .timeLimit(.minutes(5))) struct CloseAtAnyMomentTests {
    @Test(arguments: RandomOperation.allCases) func close(operation: RandomOperation) async throws {
        let before = try await Footprint()
        let live = LiveObjects()
        try await Watchdog.with { watchdog in
            for seed in UInt64(1)...12 {
                try await close(operation, seed, live, watchdog)
            }
        }
        try await live.expectNone("\(operation)")
        try await before.expectRestored("\(operation)")
    }

    private func close(
        _ operation: RandomOperation, _ seed: UInt64, _ live: LiveObjects, _ watchdog: Watchdog
    ) async throws {
        var random = SeededGenerator(seed: seed)
        // One time in three the broker does not answer the close either.
        let isMute = seed % 3 == 0
        let script =
            isMute
            ? [FakeStep.handshake(), .openChannel(1), .expectClose]
            : FakeStep.obliging(seed: seed, reluctance: 95, blocks: seed % 2 == 0)
        let broker = try FakeBroker.start(script)
        let configuration = try broker.configuration { $0.closeTimeout = .milliseconds(100) * Deadline.scale }
        let yields = Int.random(in: 0..<(1 << Int.random(in: 0...10, using: &random)), using: &random)
        let closers = Int.random(in: 1...3, using: &random)
        try await watchdog.watch("closing under \(operation), seed \(seed)", within: HostileScript.bound) {
            let connection = try await AMQPConnection.connect(configuration)
            let channel = try await connection.openChannel()
            live.note(connection)
            live.note(channel)
            let pending = (0..<3).map { _ in Task { try await operation.run(on: connection, channel, live) } }
            for _ in 0..<yields { await Task.yield() }
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<closers { group.addTask { await connection.close() } }
            }
            #expect(await connection.waitUntilClosed().code == .closed, "seed \(seed)")
            for task in pending {
                guard let error = await task.result.failure else { continue }
                let code = (error as? AMQPError)?.code
                let expected: [AMQPError.Code] = [.closed, .nacked, .stale, .alreadySettled]
                #expect(code.map { expected.contains($0) } == true, "seed \(seed): \(error)")
            }
        }
        try await broker.finished()
    }
}
