import SwiftAMQP
import TestSupport
import Testing

/// 16 tasks that do anything with the channels of one connection, also close them under each other. Every call ends, every
/// error has a reason, and the broker sees a sound stream.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RandomUseTests {
    @Test(arguments: UInt64(1)...8) func sixteenTasks(seed: UInt64) async throws {
        let before = try await Footprint()
        let live = LiveObjects()
        try await Watchdog.with { watchdog in try await use(seed, live, watchdog) }
        try await live.expectNone("seed \(seed)")
        try await before.expectRestored("seed \(seed)")
    }

    private func use(_ seed: UInt64, _ live: LiveObjects, _ watchdog: Watchdog) async throws {
        let broker = try FakeBroker.start(
            FakeStep.obliging(seed: seed, reluctance: 70, blocks: true), timeout: .seconds(30))
        let connection = try await AMQPConnection.connect(try broker.configuration())
        live.note(connection)
        let channels = Locked<[AMQPChannel]>([])
        for _ in 0..<4 {
            let channel = try await connection.openChannel()
            live.note(channel)
            channels.withLock { $0.append(channel) }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in UInt64(0)..<16 {
                group.addTask {
                    var random = SeededGenerator(seed: seed &* 1000 &+ worker)
                    for step in 0..<60 {
                        let name = "seed \(seed), worker \(worker), step \(step)"
                        let channel = channels.withLock { $0.randomElement(using: &random) }
                        guard let channel else { continue }
                        if Int.random(in: 0..<12, using: &random) == 0 {
                            // Another channel in its place, and this one goes under whoever uses it.
                            try await watchdog.watch("\(name): reopen", within: .seconds(10)) {
                                await channel.close()
                                let fresh = try await connection.openChannel()
                                live.note(fresh)
                                channels.withLock { channels in
                                    channels.removeAll { $0 === channel }
                                    channels.append(fresh)
                                }
                            }
                            continue
                        }
                        let operation = RandomOperation.allCases.randomElement(using: &random) ?? .declare
                        let yields = Int.random(in: 0..<200, using: &random)
                        let isCancelled = operation.isEndless || Int.random(in: 0..<8, using: &random) == 0
                        try await watchdog.watch("\(name): \(operation)", within: .seconds(10)) {
                            let task = Task { try await operation.run(on: connection, channel, live) }
                            if isCancelled {
                                for _ in 0..<yields { await Task.yield() }
                                task.cancel()
                            }
                            if let error = await task.result.failure {
                                Self.check(error, isCancelled, "\(name): \(operation)")
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(connection.isOpen, "seed \(seed): \(connection.state)")
        await connection.close()
        #expect(await connection.waitUntilClosed().code == .closed, "seed \(seed)")
        try await broker.finished()
    }

    private static func check(_ error: any Error, _ isCancelled: Bool, _ name: String) {
        let code = (error as? AMQPError)?.code
        // Nacks are the broker's whim; stale and settled deliveries and closed channels are what the others do.
        var expected: [AMQPError.Code] = [.nacked, .stale, .alreadySettled, .closed]
        if isCancelled { expected.append(.cancelled) }
        #expect(code.map { expected.contains($0) } == true, "\(name): \(error)")
    }
}

extension AMQPConnection {
    /// Whether it is, also while the broker takes no publishes.
    fileprivate var isOpen: Bool {
        switch state {
        case .open, .blocked: true
        case .closing, .closed: false
        }
    }
}

extension Result {
    /// The error of a failure.
    var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
