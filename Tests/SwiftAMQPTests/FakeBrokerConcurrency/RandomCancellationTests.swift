import SwiftAMQP
import TestSupport
import Testing

/// 10,000 tasks that are cancelled at a random moment in a random call. Each returns at once, with its value or as
/// cancelled; the connection goes on, and nothing is left.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RandomCancellationTests {
    /// The contract says so. What the pool itself was late by in that time is not counted.
    private static let bound = Duration.milliseconds(50) * Deadline.scale
    private static let connections = 60

    @Test(arguments: UInt64(1)...10) func aThousand(seed: UInt64) async throws {
        let before = try await Footprint()
        let live = LiveObjects()
        try await cancelAThousand(seed, live)
        try await live.expectNone("seed \(seed)")
        try await before.expectRestored("seed \(seed)")
    }

    private func cancelAThousand(_ seed: UInt64, _ live: LiveObjects) async throws {
        let broker = try FakeBroker.start(
            connections: (0..<Self.connections).map { number in
                FakeStep.obliging(seed: seed &* 1000 &+ UInt64(number), blocks: number == 0)
            }, timeout: .seconds(30))
        let configuration = try broker.configuration()
        let connection = try await AMQPConnection.connect(configuration)
        let channel = try await connection.openChannel()
        live.note(connection)
        live.note(channel)
        // The first script is this connection's; the others are for calls that connect.
        let left = Locked(Self.connections - 1)
        let probe = PoolProbe()
        defer { probe.end() }
        await withTaskGroup(of: Void.self) { group in
            for worker in UInt64(0)..<8 {
                group.addTask {
                    var random = SeededGenerator(seed: seed &* 100 &+ worker)
                    for step in 0..<125 {
                        let name = "seed \(seed), worker \(worker), step \(step)"
                        let kind = Int.random(in: 0..<RandomOperation.allCases.count + 2, using: &random)
                        // Most moments are early ones; some are so late that the call is over.
                        let yields = Int.random(in: 0..<(1 << Int.random(in: 0...10, using: &random)), using: &random)
                        let mayConnect = left.withLock { left -> Bool in
                            if kind >= RandomOperation.allCases.count { left -= 1 }
                            return left >= 0
                        }
                        if kind < RandomOperation.allCases.count {
                            let operation = RandomOperation.allCases[kind]
                            await cancel("\(name): \(operation)", yields, probe) {
                                try await operation.run(on: connection, channel, live)
                            }
                        } else if mayConnect, kind == RandomOperation.allCases.count {
                            await cancel("\(name): connect", yields, probe) {
                                live.note(try await AMQPConnection.connect(configuration))
                            }
                        } else if mayConnect {
                            guard let own = try? await AMQPConnection.connect(configuration) else { continue }
                            live.note(own)
                            await cancel("\(name): close", yields, probe) { await own.close() }
                        }
                    }
                }
            }
        }
        #expect(channel.isOpen, "seed \(seed): \(channel.closeReason as Any)")
        try await channel.declare(AMQPQueue(name: "q"))
        await connection.close()
        #expect(await connection.waitUntilClosed().code == .closed, "seed \(seed)")
        // Connections that were never asked for are no complaint.
        await broker.stop()
        let complaint = await amqpComplaint { () async throws(HarnessError) in try await broker.finished() }
        #expect(complaint == nil, "seed \(seed): \(complaint as Any)")
    }

    /// Cancels after some turns of the scheduler.
    private func cancel(
        _ name: String, _ yields: Int, _ probe: PoolProbe, _ operation: @escaping @Sendable () async throws -> Void
    ) async {
        let task = Task { () -> (end: ContinuousClock.Instant, error: (any Error)?) in
            do {
                try await operation()
                return (.now, nil)
            } catch {
                return (.now, error)
            }
        }
        for _ in 0..<yields { await Task.yield() }
        let start = ContinuousClock.now
        task.cancel()
        let (end, error) = await task.value
        let took = end - start
        if took > Self.bound {
            let late = probe.lateness(from: start, to: end)
            #expect(took - late <= Self.bound, "\(name): returned after \(took), of which the pool was late by \(late)")
        }
        guard let error else { return }
        let code = (error as? AMQPError)?.code
        #expect(code == .cancelled || code == .nacked || code == .alreadySettled, "\(name): \(error)")
    }
}

/// What a script did not like, but for having been stopped.
func amqpComplaint(_ body: () async throws(HarnessError) -> some Any) async -> HarnessError? {
    do throws(HarnessError) {
        _ = try await body()
        return nil
    } catch {
        return error.kind == .stopped || error.text.contains("nobody connected") ? nil : error
    }
}
