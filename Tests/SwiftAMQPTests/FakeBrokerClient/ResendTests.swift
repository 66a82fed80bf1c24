import SwiftAMQP
import TestSupport
import Testing

/// What a supervised client sends again, what not, and how its publishes end.
@Suite(.timeLimit(.minutes(2))) struct ResendTests {
    private static let queue = AMQPAddress.queue("q")

    /// The broker took the message and the ack was lost: again once, with the same id and the number of the attempt.
    @Test(arguments: [true, false]) func aLostAck(isReset: Bool) async throws {
        let seen = SeenPublishes()
        try await withFakeClient([
            [.publishingChannel, .expectPublish(into: seen), isReset ? .reset : .closeFIN],
            [.publishingChannel, .expectPublish(into: seen), .ack(1, 1), .goodbye],
        ]) { client in
            let receipt = try await client.publish(AMQPMessage("x"), to: Self.queue)
            #expect(receipt.attempts == 2)
            #expect(receipt.messageID != nil)
            #expect(seen.messageIDs == [receipt.messageID, receipt.messageID])
            #expect(client.publishCounts.confirmed == 1)
            #expect(client.publishCounts.total == 1)
        }
        #expect(seen.attempts == [0, 2])
        #expect(seen.texts == ["x", "x"])
    }

    /// Not one byte was sent when the first connection ended: that was no attempt.
    @Test(arguments: [AMQPDeliveryPolicy.atLeastOnce, .once])
    func nothingWasSent(policy: AMQPDeliveryPolicy) async throws {
        let seen = SeenPublishes()
        try await withFakeClient([
            [.handshake(), .expectMethod(.channelOpen), .reset],
            [.publishingChannel, .expectPublish(into: seen), .ack(1, 1), .goodbye],
        ]) { client in
            let receipt = try await client.publish(AMQPMessage("x"), to: Self.queue, policy: policy)
            #expect(receipt.attempts == 1)
        }
        #expect(seen.attempts == [0])
    }

    @Test func onceIsNeverSentAgain() async throws {
        let seen = SeenPublishes()
        try await withFakeClient([
            [
                .publishingChannel, .expectPublish(into: seen), .sendConnectionClose(320, "CONNECTION_FORCED"),
                .expectMethod(.connectionCloseOK), .expectClose,
            ],
            [.publishingChannel, .expectPublish(into: seen), .ack(1, 1), .goodbye],
        ]) { client in
            let error = await amqpError { try await client.publish(AMQPMessage("a"), to: Self.queue, policy: .once) }
            #expect(error?.outcome == .unknown(reason: .connectionClosed))
            #expect(error?.code == .connectionClosedByPeer)
            #expect(error?.replyCode == 320)
            try await client.publish(AMQPMessage("b"), to: Self.queue, policy: .once)
            #expect(client.publishCounts.unknown == 1)
        }
        #expect(seen.texts == ["a", "b"])
        #expect(seen.attempts == [0, 0])
    }

    @Test func aNackedOneIsSentAgain() async throws {
        let seen = SeenPublishes()
        try await withFakeClient([
            [
                .publishingChannel, .expectPublish(into: seen), .nack(1, 1), .expectPublish(into: seen), .nack(1, 2),
                .expectPublish(into: seen), .ack(1, 3), .goodbye,
            ]
        ]) { client in
            let receipt = try await client.publish(AMQPMessage("x"), to: Self.queue)
            #expect(receipt.attempts == 3)
        }
        #expect(seen.attempts == [0, 2, 3])
        #expect(Set(seen.messageIDs).count == 1)
    }

    /// Until the deadline; and if every attempt was nacked, that is the outcome.
    @Test func nackedUntilTheDeadline() async throws {
        let nacks = FakeStep("nack all") { (connection) throws(HarnessError) in
            var tag: UInt64 = 0
            while let frame = try connection.nextFrame() {
                if frame.type == WireFrame.body {
                    tag += 1
                    try FakeStep.nack(1, tag).run(connection)
                } else if frame.type == WireFrame.method,
                    try WireMethod(payload: frame.payload).id == .connectionClose
                {
                    try connection.send(.method(0, .connectionCloseOK))
                    return try connection.expectClose()
                }
            }
        }
        // Soon so long that the deadline comes between two attempts, and not while one has no answer yet.
        let backoff = AMQPBackoff(initial: .milliseconds(1), maximum: .seconds(86_400), multiplier: 100)
        let transcript = try await withFakeClient(
            [[.publishingChannel, nacks]], configure: { $0.publishing.nackBackoff = backoff }
        ) { client in
            let timeout = Duration.milliseconds(400)
            let punctuality = Punctuality(timeout)
            let error = await amqpError {
                try await client.publish(AMQPMessage("x"), to: Self.queue, timeout: timeout)
            }
            #expect(await punctuality.lateness() <= Punctuality.allowance)
            #expect(error?.outcome == .nacked)
            #expect(error?.code == .nacked)
            #expect(client.publishCounts.nacked == 1)
        }
        #expect(transcript.count("basic.publish") >= 2)
    }

    @Test func nackedOnce() async throws {
        try await withFakeClient([[.publishingChannel, .expectPublish(), .nack(1, 1), .goodbye]]) { client in
            let error = await amqpError { try await client.publish(AMQPMessage("x"), to: Self.queue, policy: .once) }
            #expect(error?.outcome == .nacked)
        }
    }

    // MARK: Returned

    @Test func returnedAtOnce() async throws {
        let seen = SeenPublishes()
        try await withFakeClient(
            [[.publishingChannel, .expectPublish(into: seen), .returnLast(seen), .ack(1, 1), .goodbye]],
            configure: { $0.publishing.assignsMessageIDs = false }
        ) { client in
            let error = await amqpError { try await client.publish(AMQPMessage("x"), to: Self.queue) }
            #expect(error?.code == .returned)
            #expect(error?.outcome == .returned(replyCode: 312, replyText: "NO_ROUTE"))
        }
    }

    /// The first attempt may have got through: that the second came back proves nothing.
    @Test func returnedAfterALostAck() async throws {
        let seen = SeenPublishes()
        try await withFakeClient(
            [
                [.publishingChannel, .expectPublish(into: seen), .reset],
                [.publishingChannel, .expectPublish(into: seen), .returnLast(seen), .ack(1, 1), .goodbye],
            ], configure: { $0.publishing.assignsMessageIDs = false }
        ) { client in
            let error = await amqpError { try await client.publish(AMQPMessage("x"), to: Self.queue) }
            #expect(error?.outcome == .unknown(reason: .unroutable))
            #expect(error?.code == .returned)
        }
    }

    // MARK: Channel exceptions

    /// Several are under way when the broker ends the channel for one of them: one by one then, and it alone is refused.
    @Test func thePoisonIsFound() async throws {
        let seen = SeenPublishes()
        let again = FakeStep.steps("again", [.openChannel(1), .confirmSelect(1)])
        try await withFakeClient([
            [
                .publishingChannel, .expectPublish(into: seen, count: 3), .refuse(404, "NOT_FOUND - no exchange"),
                again, .expectPublish(into: seen), .nothing, .ack(1, 1),
                .expectPublish(into: seen), .nothing, .refuse(404, "NOT_FOUND - no exchange"),
                again, .expectPublish(into: seen), .nothing, .ack(1, 1),
                .expectPublish(into: seen), .ack(1, 2), .goodbye,
            ]
        ]) { client in
            let publisher = try client.publisher()
            let first = try await publisher.enqueue(AMQPMessage("a"), to: Self.queue)
            let poison = try await publisher.enqueue(AMQPMessage("poison"), to: .exchange("none"))
            let second = try await publisher.enqueue(AMQPMessage("b"), to: Self.queue)
            #expect(try await first.receipt().attempts == 2)
            let error = await amqpError { try await poison.receipt() }
            #expect(error?.code == .channelException)
            #expect(error?.replyCode == 404)
            #expect(error?.outcome == .unknown(reason: .rejected))
            #expect(try await second.receipt().attempts == 2)
            try await publisher.publish(AMQPMessage("c"), to: Self.queue)
            #expect(client.publishCounts.confirmed == 3)
        }
        #expect(seen.texts == ["a", "poison", "b", "a", "poison", "b", "c"])
        #expect(seen.attempts == [0, 0, 0, 2, 2, 2, 0])
    }

    /// Alone on its channel there is no doubt: the broker has discarded it.
    @Test func thePoisonAlone() async throws {
        try await withFakeClient([
            [
                .publishingChannel, .expectPublish(), .refuse(404, "NOT_FOUND"), .openChannel(1), .confirmSelect(1),
                .expectPublish(), .ack(1, 1), .goodbye,
            ]
        ]) { client in
            let error = await amqpError {
                try await client.publish(AMQPMessage("x"), to: .exchange("none"))
            }
            #expect(error?.replyCode == 404)
            #expect(error?.outcome == .notSent(reason: .rejected))
            try await client.publish(AMQPMessage("y"), to: Self.queue)
        }
    }

    /// A channel that ends for what is no fault of any publish, such as a delivery that was not acknowledged in time.
    @Test("row 31: a channel that the broker ends for another reason: what was under way goes again, one by one")
    func aChannelThatEndsForAnotherReason() async throws {
        let seen = SeenPublishes()
        try await withFakeClient([
            [
                .publishingChannel, .expectPublish(into: seen, count: 2),
                .refuse(406, "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out"),
                .openChannel(1), .confirmSelect(1), .expectPublish(into: seen), .nothing, .ack(1, 1),
                .expectPublish(into: seen), .ack(1, 2), .goodbye,
            ]
        ]) { client in
            let publisher = try client.publisher()
            let first = try await publisher.enqueue(AMQPMessage("a"), to: Self.queue)
            let second = try await publisher.enqueue(AMQPMessage("b"), to: Self.queue)
            #expect(try await first.receipt().attempts == 2)
            #expect(try await second.receipt().attempts == 2)
            #expect(client.publishCounts.total == 2)
        }
        #expect(seen.texts == ["a", "b", "a", "b"])
    }

    /// What a cancelled task has sent may be why the channel ends: the one beside it is not accused.
    @Test func theCulpritMayBeCancelled() async throws {
        let seen = SeenPublishes()
        let arrived = try FakeSignal()
        let cancelled = try FakeSignal()
        try await withFakeClient([
            [
                .publishingChannel, .expectPublish(into: seen, count: 2), .fire(arrived), .hold(until: cancelled),
                .refuse(404, "NOT_FOUND"), .openChannel(1), .confirmSelect(1), .expectPublish(into: seen), .ack(1, 1),
                .goodbye,
            ]
        ]) { client in
            let publisher = try client.publisher()
            let good = try await publisher.enqueue(AMQPMessage("good"), to: Self.queue)
            let poison = Task { try await publisher.publish(AMQPMessage("poison"), to: .exchange("none")) }
            try await arrived.fired()
            poison.cancel()
            #expect(await amqpError { try await poison.value }?.outcome == .unknown(reason: .cancelled))
            cancelled.fire()
            #expect(try await good.receipt().attempts == 2)
        }
        #expect(seen.texts == ["good", "poison", "good"])
    }

    // MARK: Blocked and recovering

    @Test func blockedBeforeAnythingWasSent() async throws {
        let transcript = try await withFakeClient([[.publishingChannel, .blocked("low on memory"), .goodbye]]) {
            client in
            let publisher = try client.publisher()
            try await client.reaches { $0.isBlocked }
            #expect(client.health().publishing?.blockedReason == "low on memory")
            let timeout = Duration.milliseconds(150)
            let punctuality = Punctuality(timeout)
            async let second = amqpError {
                try await publisher.publish(AMQPMessage("y"), to: Self.queue, timeout: timeout)
            }
            let error = await amqpError {
                try await publisher.publish(AMQPMessage("x"), to: Self.queue, timeout: timeout)
            }
            #expect(await punctuality.lateness() <= Punctuality.allowance)
            #expect(error?.outcome == .notSent(reason: .timeout))
            #expect(await second?.outcome == .notSent(reason: .timeout))
        }
        #expect(transcript.count("basic.publish") == 0)
    }

    @Test func lostWhileBlocked() async throws {
        let seen = SeenPublishes()
        let isWaiting = try FakeSignal()
        try await withFakeClient([
            [
                .publishingChannel, .expectPublish(into: seen), .blocked("low on memory"), .hold(until: isWaiting),
                .reset,
            ],
            [.publishingChannel, .expectPublish(into: seen, count: 3), .ack(1, 3, multiple: true), .goodbye],
        ]) { client in
            let publisher = try client.publisher()
            let first = try await publisher.enqueue(AMQPMessage("a"), to: Self.queue)
            try await client.reaches { $0.isBlocked }
            let second = try await publisher.enqueue(AMQPMessage("b"), to: Self.queue)
            let third = try await publisher.enqueue(AMQPMessage("c"), to: Self.queue)
            #expect(publisher.unconfirmedCount == 3)
            isWaiting.fire()
            #expect(try await first.receipt().attempts == 2)
            #expect(try await second.receipt().attempts == 1)
            #expect(try await third.receipt().attempts == 1)
            #expect(!client.state.isBlocked)
        }
        #expect(seen.texts == ["a", "a", "b", "c"])
        #expect(seen.attempts == [0, 2, 0, 0])
    }

    /// Nobody listens any more: what was sent ends as unknown, what waited as not sent, each by its deadline.
    @Test func theDeadlinePassesWhileRecovering() async throws {
        let broker = try FakeBroker.start([.publishingChannel, .expectPublish(), .reset])
        let client = try AMQPClient(configuration: .fake(broker))
        let timeout = Duration.milliseconds(300)
        let punctuality = Punctuality(timeout)
        async let sent = amqpError { try await client.publish(AMQPMessage("x"), to: Self.queue, timeout: timeout) }
        try await client.reaches { $0.isRecovering }
        let waited = await amqpError {
            try await client.publish(AMQPMessage("y"), to: Self.queue, timeout: .milliseconds(100))
        }
        #expect(waited?.outcome == .notSent(reason: .timeout))
        #expect(waited?.code == .timeout)
        let error = await sent
        #expect(await punctuality.lateness() <= Punctuality.allowance)
        #expect(error?.outcome == .unknown(reason: .timeout))
        #expect(error?.code == .timeout)
        #expect(error?.underlying?.code == .connectionLost)
        await client.shutdown(deadline: .zero)
        try await broker.finished()
    }
}

extension FakeStep {
    /// Nothing may come for a moment: a window of 1 is seen by what does not come.
    static let nothing = FakeStep("nothing") { (connection) throws(HarnessError) in
        try connection.expectNothing(for: .milliseconds(30))
    }

    /// Returns the last publish, with the properties that it had.
    static func returnLast(_ seen: SeenPublishes) -> FakeStep {
        FakeStep("return") { (connection) throws(HarnessError) in
            guard let last = seen.publishes.last else { throw HarnessError(.script, "nothing to return") }
            let method = WireFrame.method(1, .basicReturn) {
                $0.u16(312)
                $0.shortString("NO_ROUTE")
                $0.shortString("")
                $0.shortString(last.method["routingKey"]?.text ?? "")
            }
            let raw = connection.frames.last { $0.type == WireFrame.header }
            guard let raw else { throw HarnessError(.script, "no header was received") }
            try connection.send(method, raw, .body(1, last.body))
        }
    }
}
