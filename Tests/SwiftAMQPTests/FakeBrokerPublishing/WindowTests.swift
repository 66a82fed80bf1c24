import SwiftAMQP
import TestSupport
import Testing

/// `withPublisher`: pipelined, never more than the window unconfirmed, and all failures told.
@Suite(.timeLimit(.minutes(2))) struct WindowTests {
    /// The broker counts: it answers only when the client has stopped at the window.
    @Test(arguments: [1, 2, 7, 64]) func neverMoreThanTheWindow(window: Int) async throws {
        let total = window * 5
        let isFull = try FakeSignal()
        try await withFakeChannel([
            .confirmSelect(1),
            .run { (connection) throws(HarnessError) in
                for round in 0..<5 {
                    for _ in 0..<window { try connection.expectPublish() }
                    if round == 0 { isFull.fire() }
                    try connection.expectNothing(for: .milliseconds(round == 0 ? 100 : 10))
                    try connection.send(
                        .method(1, .basicAck) {
                            $0.u64(UInt64((round + 1) * window))
                            $0.bits(true)
                        })
                }
            },
            .goodbye,
        ]) { channel, _ in
            try await channel.withPublisher(window: window) { publisher in
                for number in 0..<total {
                    let sequence = try await publisher.send(AMQPMessage("\(number)"), to: .queue("q"))
                    #expect(sequence == UInt64(number))
                }
                let report = await publisher.flush()
                #expect(report.confirmed == total)
                #expect(report.failureCount == 0)
            }
        }
    }

    @Test func trySendIsRefusedByAFullWindow() async throws {
        try await withFakeChannel([
            .confirmSelect(1), .expectPublish(), .expectPublish(), .ack(1, 2, multiple: true), .goodbye,
        ]) { channel, _ in
            try await channel.withPublisher(window: 2) { publisher in
                try publisher.trySend(AMQPMessage("a"), to: .queue("q"))
                try publisher.trySend(AMQPMessage("b"), to: .queue("q"))
                let report = await publisher.flush()
                #expect(report.confirmed == 2)
            }
        }
        try await withFakeChannel([.confirmSelect(1), .expectPublish(), .goodbye]) { channel, _ in
            let error = await amqpError {
                try await channel.withPublisher(window: 1) { publisher in
                    try publisher.trySend(AMQPMessage("a"), to: .queue("q"), timeout: .milliseconds(100))
                    let refused = await amqpError { _ = try publisher.trySend(AMQPMessage("b"), to: .queue("q")) }
                    #expect(refused?.code == .wouldBlock)
                }
            }
            #expect(error?.outcome == .unknown(reason: .timeout))
        }
    }

    private static let mixed: [FakeStep] = [
        .confirmSelect(1), .steps("publishes", Array(repeating: .expectPublish(), count: 4)), .nack(1, 2),
        .sendReturn(1, routingKey: "q", body: Array("3".utf8), deliveryMode: 2), .ack(1, 4, multiple: true),
    ]

    @Test func failuresInTheScopesError() async throws {
        try await withFakeChannel(Self.mixed + [.goodbye]) { channel, _ in
            let error = await amqpError {
                try await channel.withPublisher { publisher in
                    for number in 0..<4 { try await publisher.send(AMQPMessage("\(number)"), to: .queue("q")) }
                }
            }
            #expect(error?.code == .nacked)
            #expect(error?.outcome == .nacked)
            #expect(error?.text.contains("2 of 4") == true)
        }
    }

    @Test func failuresInTheReport() async throws {
        try await withFakeChannel(Self.mixed + [.goodbye]) { channel, _ in
            try await channel.withPublisher { publisher in
                for number in 0..<4 { try await publisher.send(AMQPMessage("\(number)"), to: .queue("q")) }
                let report = await publisher.flush()
                #expect(report.confirmed == 2)
                #expect(report.nacked == 1)
                #expect(report.returned == 1)
                #expect(report.failures.map(\.sequence) == [1, 3])
                // What was told is told: the scope does not throw it again, and the next report does not repeat it.
                #expect(await publisher.flush().count == 0)
            }
        }
    }

    /// The scope awaits all outcomes, also when its body throws.
    @Test func theBodyThrows() async throws {
        struct Left: Error {}
        try await withFakeChannel([.confirmSelect(1), .expectPublish(), .ack(1, 1), .goodbye]) { channel, _ in
            await #expect(throws: Left.self) {
                try await channel.withPublisher { publisher in
                    try await publisher.send(AMQPMessage("x"), to: .queue("q"))
                    throw Left()
                }
            }
            #expect(channel.unansweredPublishes == 0)
        }
    }

    /// A handle that outlives its scope sends nothing, and does no harm.
    @Test func aHandleThatOutlivesItsScope() async throws {
        let transcript = try await withFakeChannel([.confirmSelect(1), .expectPublish(), .ack(1, 1), .goodbye]) {
            channel, _ in
            let escaped = try await channel.withPublisher { publisher in
                try await publisher.send(AMQPMessage("x"), to: .queue("q"))
                return publisher
            }
            let error = await amqpError { try await escaped.send(AMQPMessage("late"), to: .queue("q")) }
            #expect(error?.code == .closed)
            if case .notSent = error?.outcome {} else { Issue.record("\(error as Any)") }
            #expect(await amqpError { _ = try escaped.trySend(AMQPMessage("late"), to: .queue("q")) }?.code == .closed)
            #expect(await escaped.flush().count == 0)
        }
        #expect(transcript.count("basic.publish") == 1)
    }

    /// The channel goes while sends wait for the window: each has its outcome, in the error of `send` or in the report.
    @Test func theConnectionIsLostWhileSendsWait() async throws {
        let waiting = try FakeSignal()
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .confirmSelect(1), .expectPublish(), .expectPublish(), .hold(until: waiting),
            .closeFIN,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let outcomes = Locked<[AMQPPublishOutcome?]>([])
        let error = await amqpError {
            try await channel.withPublisher(window: 2) { publisher in
                try await publisher.send(AMQPMessage("0"), to: .queue("q"))
                try await publisher.send(AMQPMessage("1"), to: .queue("q"))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 2..<6 {
                        group.addTask {
                            let error = await amqpError {
                                try await publisher.send(AMQPMessage("\(number)"), to: .queue("q"))
                            }
                            outcomes.withLock { $0.append(error?.outcome) }
                        }
                    }
                    try await until("a send to wait") { channel.hasWaitingPublishes }
                    waiting.fire()
                    try await group.waitForAll()
                }
            }
        }
        #expect(error?.outcome == .unknown(reason: .connectionClosed))
        #expect(outcomes.withLock { $0 } == Array(repeating: .notSent(reason: .connectionClosed), count: 4))
        try await broker.finished()
    }
}
