import SwiftAMQP
import TestSupport
import Testing

/// Cancelled tasks return at once, with the outcome that the moment of the cancellation gives them.
@Suite(.timeLimit(.minutes(2))) struct PublishCancellationTests {
    /// The contract says 50 ms; the machine may be busy with other tests.
    private static let promptly = Duration.milliseconds(500) * Deadline.scale

    private static let blockedScript: [FakeStep] = [.confirmSelect(1), .blocked("memory"), .goodbye]

    private func blockedChannel(_ body: (AMQPChannel) async throws -> Void) async throws {
        let transcript = try await withFakeChannel(Self.blockedScript) { channel, connection in
            var events = connection.events.makeAsyncIterator()
            try await channel.confirmSelect()
            _ = await events.next()
            try await body(channel)
        }
        #expect(transcript.count("basic.publish") == 0)
    }

    @Test func whileWaitingForRoom() async throws {
        try await blockedChannel { channel in
            let calls: [@Sendable () async throws -> Void] = [
                { try await channel.publish(AMQPMessage("x"), to: .queue("q")) },
                { _ = try await channel.enqueue(AMQPMessage("x"), to: .queue("q")) },
                { try await channel.publishUnconfirmed(AMQPMessage("x"), to: .queue("q")) },
                { try await channel.withPublisher { _ = try await $0.send(AMQPMessage("x"), to: .queue("q")) } },
            ]
            for call in calls {
                let task = Task { try await call() }
                try await until("the publish to wait") { channel.hasWaitingPublishes }
                let start = ContinuousClock.now
                task.cancel()
                let error = await amqpError { try await task.value }
                #expect(error?.code == .cancelled)
                #expect(error?.outcome == .notSent(reason: .cancelled))
                #expect(ContinuousClock.now - start <= Self.promptly)
                #expect(!channel.hasWaitingPublishes)
            }
        }
    }

    /// Encoded already: it may be on its way, and its answer is dropped when it comes.
    @Test func whileWaitingForTheConfirm() async throws {
        let cancelled = try FakeSignal()
        try await withFakeChannel([
            .confirmSelect(1), .expectPublish(), .hold(until: cancelled), .ack(1, 1), .expectPublish(), .ack(1, 2),
            .goodbye,
        ]) { channel, _ in
            try await channel.confirmSelect()
            let task = Task { try await channel.publish(AMQPMessage("x"), to: .queue("q")) }
            try await until("the publish to be encoded") { channel.unansweredPublishes == 1 }
            let start = ContinuousClock.now
            task.cancel()
            let error = await amqpError { try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.outcome == .unknown(reason: .cancelled))
            #expect(ContinuousClock.now - start <= Self.promptly)
            cancelled.fire()
            try await channel.publish(AMQPMessage("y"), to: .queue("q"))
        }
    }

    @Test func before() async throws {
        let transcript = try await withFakeChannel([.goodbye]) { channel, _ in
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                try await channel.publish(AMQPMessage("x"), to: .queue("q"))
            }
            task.cancel()
            let error = await amqpError { try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.outcome == .notSent(reason: .cancelled))
        }
        #expect(transcript.count("basic.publish") == 0)
    }

    /// Waiting for a full window.
    @Test func whileWaitingForTheWindow() async throws {
        let cancelled = try FakeSignal()
        let transcript = try await withFakeChannel([
            .confirmSelect(1), .expectPublish(), .hold(until: cancelled), .ack(1, 1), .expectPublish(), .ack(1, 2),
            .goodbye,
        ]) { channel, _ in
            try await channel.withPublisher(window: 1) { publisher in
                try await publisher.send(AMQPMessage("0"), to: .queue("q"))
                let task = Task { try await publisher.send(AMQPMessage("1"), to: .queue("q")) }
                try await until("the send to wait") { channel.hasWaitingPublishes }
                let start = ContinuousClock.now
                task.cancel()
                let error = await amqpError { try await task.value }
                #expect(error?.outcome == .notSent(reason: .cancelled))
                #expect(ContinuousClock.now - start <= Self.promptly)
                cancelled.fire()
                try await publisher.send(AMQPMessage("2"), to: .queue("q"))
                #expect(await publisher.flush().confirmed == 2)
            }
        }
        #expect(transcript.count("basic.publish") == 2)
    }

    /// Cancelled at any moment: what a task was told agrees with what the broker saw.
    @Test func atAnyMoment() async throws {
        let total = 200
        let seen = Locked<Set<String>>([])
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .confirmSelect(1),
            .run { (connection) throws(HarnessError) in
                // Answers every publish until the client closes.
                var tag: UInt64 = 0
                while let frame = try connection.nextFrame() {
                    if frame.type == WireFrame.body {
                        tag += 1
                        let answered = tag
                        seen.withLock { _ = $0.insert(String(decoding: frame.payload, as: UTF8.self)) }
                        try connection.send(
                            .method(1, .basicAck) {
                                $0.u64(answered)
                                $0.bits(false)
                            })
                    } else if frame.type == WireFrame.method {
                        switch try WireMethod(payload: frame.payload).id {
                        case .channelClose: try connection.send(.method(1, .channelCloseOK))
                        case .connectionClose: return try connection.send(.method(0, .connectionCloseOK))
                        default: break
                        }
                    }
                }
            },
            .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        try await channel.confirmSelect()
        var told: [String: AMQPPublishOutcome] = [:]
        for number in 0..<total {
            let body = "message \(number)"
            let task = Task { try await channel.publish(AMQPMessage(body), to: .queue("q")) }
            for _ in 0..<number % 40 { await Task.yield() }
            task.cancel()
            let error = await amqpError { try await task.value }
            told[body] = error == nil ? .confirmed : error?.outcome
        }
        await connection.close()
        try await broker.finished()
        let received = seen.withLock { $0 }
        #expect(told.count == total)
        for (body, outcome) in told {
            switch outcome {
            case .confirmed: #expect(received.contains(body))
            case .notSent(reason: .cancelled): #expect(!received.contains(body))
            case .unknown(reason: .cancelled): break
            default: Issue.record("\(body): \(outcome)")
            }
        }
    }
}
