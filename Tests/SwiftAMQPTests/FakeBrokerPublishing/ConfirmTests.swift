import SwiftAMQP
import TestSupport
import Testing

/// Each publish ends in the outcome that the broker's answers give it.
@Suite(.timeLimit(.minutes(2))) struct ConfirmTests {
    private func enqueue(_ count: Int, on channel: AMQPChannel) async throws -> [AMQPPendingPublish] {
        var pending: [AMQPPendingPublish] = []
        for number in 0..<count {
            pending.append(try await channel.enqueue(AMQPMessage("\(number)"), to: .queue("q")))
        }
        return pending
    }

    private func outcomes(_ pending: [AMQPPendingPublish]) async -> [AMQPPublishOutcome] {
        var outcomes: [AMQPPublishOutcome] = []
        for one in pending { outcomes.append(await one.outcome) }
        return outcomes
    }

    private static func publishes(_ count: Int) -> FakeStep {
        .steps("\(count) publishes", Array(repeating: .expectPublish(channel: 1), count: count))
    }

    private static func outcome(_ letter: Character) -> AMQPPublishOutcome { letter == "+" ? .confirmed : .nacked }

    struct Answers: Sendable, CustomTestStringConvertible {
        var steps: [FakeStep]
        var outcomes: String
        var testDescription: String { steps.map(\.name).joined(separator: ", ") + " -> " + outcomes }

        init(_ outcomes: String, _ steps: FakeStep...) {
            self.steps = steps
            self.outcomes = outcomes
        }
    }

    @Test(arguments: [
        Answers("+++++", .ack(1, 1), .ack(1, 2), .ack(1, 3), .ack(1, 4), .ack(1, 5)),
        Answers("+++++", .ack(1, 5, multiple: true)),
        Answers("+++++", .ack(1, 0, multiple: true)),
        Answers("+++++", .ack(1, 3), .ack(1, 5), .ack(1, 1), .ack(1, 4, multiple: true)),
        Answers("-----", .nack(1, 5, multiple: true)),
        Answers("+-+-+", .nack(1, 2), .nack(1, 4), .ack(1, 5, multiple: true)),
        Answers("--+--", .ack(1, 3), .nack(1, 5, multiple: true)),
        // Twice, and the other way round: the first answer counts.
        Answers(
            "+-+++", .ack(1, 1), .ack(1, 1), .nack(1, 1), .nack(1, 2), .ack(1, 2), .ack(1, 5, multiple: true),
            .ack(1, 5, multiple: true), .nack(1, 3)),
        Answers("+++++", .ack(1, 2, multiple: true), .ack(1, 1, multiple: true), .ack(1, 5, multiple: true)),
    ])
    func answers(_ answers: Answers) async throws {
        let script = [.confirmSelect(1), Self.publishes(5)] + answers.steps + [.goodbye]
        try await withFakeChannel(script) { channel, _ in
            let outcomes = await outcomes(try await enqueue(5, on: channel))
            #expect(outcomes == answers.outcomes.map(Self.outcome))
        }
    }

    @Test(arguments: [0, 6, 99, UInt64.max] as [UInt64], [true, false])
    func answersToWhatWasNeverPublished(tag: UInt64, isMultiple: Bool) async throws {
        if tag == 0 && isMultiple { return }
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .confirmSelect(1), Self.publishes(5), .ack(1, 1),
            .ack(1, tag, multiple: isMultiple), .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let outcomes = await outcomes(try await enqueue(5, on: channel))
        #expect(outcomes.first == .confirmed)
        #expect(outcomes.dropFirst().allSatisfy { $0 == .unknown(reason: .connectionClosed) })
        let error = await connection.waitUntilClosed()
        #expect(error.code == .protocolViolation)
        #expect(error.replyCode == 503)
        try await broker.finished()
    }

    @Test func thrownOutcomes() async throws {
        try await withFakeChannel([
            .confirmSelect(1), Self.publishes(1), .nack(1, 1), Self.publishes(1),
            .sendReturn(1, routingKey: "q", body: Array("b".utf8), deliveryMode: 2), .ack(1, 2), Self.publishes(1),
            .ack(1, 3), .goodbye,
        ]) { channel, _ in
            let nacked = await amqpError { try await channel.publish(AMQPMessage("a"), to: .queue("q")) }
            #expect(nacked?.code == .nacked)
            #expect(nacked?.outcome == .nacked)
            #expect(nacked?.isRetriable == true)
            let returned = await amqpError { try await channel.publish(AMQPMessage("b"), to: .queue("q")) }
            #expect(returned?.code == .returned)
            #expect(returned?.replyCode == 312)
            #expect(returned?.outcome == .returned(replyCode: 312, replyText: "NO_ROUTE"))
            try await channel.publish(AMQPMessage("c"), to: .queue("q"))
        }
    }

    /// Publishes that nobody waits for use tags too on a channel in confirm mode.
    @Test func unconfirmedPublishesUseTags() async throws {
        try await withFakeChannel([
            .expectPublish(), .confirmSelect(1), Self.publishes(4), .nack(1, 1), .ack(1, 2), .ack(1, 3), .nack(1, 4),
            .goodbye,
        ]) { channel, _ in
            // Before confirm.select: no tag.
            try await channel.publishUnconfirmed(AMQPMessage("0"), to: .queue("q"))
            try await channel.confirmSelect()
            try await channel.publishUnconfirmed(AMQPMessage("1"), to: .queue("q"))
            let second = try await channel.enqueue(AMQPMessage("2"), to: .queue("q"))
            try await channel.publishUnconfirmed(AMQPMessage("3"), to: .queue("q"))
            let fourth = try await channel.enqueue(AMQPMessage("4"), to: .queue("q"))
            #expect(await second.outcome == .confirmed)
            #expect(await fourth.outcome == .nacked)
        }
    }

    /// The first publish asks for confirms, the others do not ask again.
    @Test func confirmSelectIsSentOnce() async throws {
        let transcript = try await withFakeChannel([
            .confirmSelect(1), .expectPublish(), .ack(1, 1), Self.publishes(20), .ack(1, 21, multiple: true), .goodbye,
        ]) { channel, _ in
            try await channel.publish(AMQPMessage("first"), to: .queue("q"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask { try await channel.publish(AMQPMessage("\(number)"), to: .queue("q")) }
                }
                try await group.waitForAll()
            }
            try await channel.confirmSelect()
        }
        #expect(transcript.count("confirm.select") == 1)
    }

    /// Also where many tasks are the first, and another RPC is under way.
    @Test func confirmSelectIsSentOnceByManyTasks() async throws {
        let go = try FakeSignal()
        let transcript = try await withFakeChannel([
            .expectMethod(.queueDeclare), .hold(until: go),
            .sendMethod(1, .queueDeclareOK) {
                $0.shortString("q")
                $0.u32(0)
                $0.u32(0)
            },
            .run { (connection) throws(HarnessError) in
                // However often it is asked for, it is answered.
                var bodies = 0
                while bodies < 7, let frame = try connection.nextFrame() {
                    if frame.type == WireFrame.body { bodies += 1 }
                    guard frame.type == WireFrame.method else { continue }
                    if try WireMethod(payload: frame.payload).id == .confirmSelect {
                        try connection.send(.method(1, .confirmSelectOK))
                    }
                }
            },
            .ack(1, 7, multiple: true), .goodbye,
        ]) { channel, _ in
            let declare = Task { try await channel.declare(AMQPQueue(name: "q")) }
            try await until("the RPC to be sent") { channel.rpcCount == 1 }
            let publishes = (0..<8).map { number in
                Task { try await channel.publish(AMQPMessage("\(number)"), to: .queue("q")) }
            }
            try await until("a publish to ask for confirms") { channel.rpcCount > 1 }
            for _ in 0..<100 { await Task.yield() }
            // One that gives up takes nothing from the others.
            publishes[7].cancel()
            let error = await amqpError { try await publishes[7].value }
            #expect(error?.code == .cancelled)
            #expect(error?.outcome == .notSent(reason: .cancelled))
            go.fire()
            _ = try await declare.value
            for publish in publishes.dropLast() { try await publish.value }
        }
        #expect(transcript.count("confirm.select") == 1)
    }

    /// The deadline of a publish covers the wait for confirm mode.
    @Test func confirmSelectIsNeverAnswered() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .expectMethod(.confirmSelect), .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let punctuality = Punctuality(.milliseconds(200))
        let error = await amqpError {
            try await channel.publish(AMQPMessage("x"), to: .queue("q"), timeout: .milliseconds(200))
        }
        #expect(await punctuality.lateness() <= Punctuality.allowance)
        #expect(error?.code == .timeout)
        #expect(error?.outcome != nil)
        await connection.close(timeout: .milliseconds(100))
        await broker.stop()
    }

    /// 300 publishes at once, answered by one ack.
    @Test func manyTasks() async throws {
        try await withFakeChannel([.confirmSelect(1), Self.publishes(300), .ack(1, 300, multiple: true), .goodbye]) {
            channel, _ in
            try await channel.confirmSelect()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<300 {
                    group.addTask { try await channel.publish(AMQPMessage("\(number)"), to: .queue("q")) }
                }
                try await group.waitForAll()
            }
        }
    }
}
