import SwiftAMQP
import TestSupport
import Testing

/// A channel with more settles under way than the broker passes on: it has the broker catch up before it is closed.
@Suite(.timeLimit(.minutes(1))) struct CatchingUpTests {
    /// Gives so many deliveries back, each with a frame of its own, and closes the channel. Gives how long that took, and what
    /// else the client sent.
    private func closing(
        after count: UInt64, timeout: Duration = .seconds(10), _ rest: [FakeStep]
    ) async throws -> (took: Duration, sent: [String]) {
        let deliver = FakeStep.steps("deliver", (1...count).map { .deliver(1, consumerTag: "c", tag: $0, body: [7]) })
        let settles = FakeStep.run { (connection) throws(HarnessError) in
            for _ in 0..<count { _ = try connection.nextFrame() }
        }
        var took = Duration.zero
        let transcript = try await withFakeChannel(
            [.answerConsume(1, tag: "c"), deliver, settles] + rest
        ) { channel, _ in
            let deliveries = try await channel.consume("q", prefetch: 100, consumerTag: "c")
            var iterator = deliveries.makeAsyncIterator()
            var taken: [AMQPDelivery] = []
            while taken.count < count, let next = try await iterator.next() { taken.append(next) }
            for delivery in taken { try delivery.nack(requeue: true) }
            took = await ContinuousClock().measure { await channel.close(timeout: timeout) }
        }
        return (took, transcript.session.filter { !$0.contains("basic.nack") })
    }

    @Test func fewSettlesNeedNothing() async throws {
        let (_, sent) = try await closing(after: 32, [.closeChannelAndConnection])
        #expect(sent.count { $0.contains("basic.consume") } == 1, "\(sent)")
    }

    @Test func manyWaitForTheBroker() async throws {
        let (_, sent) = try await closing(
            after: 33, [.answerConsume(1, tag: "d"), .answerCancel(1, tag: "d"), .goodbye])
        #expect(sent.count { $0.contains("basic.consume") } == 2, "\(sent)")
    }

    /// Another program's exclusive consumer, or a queue that is gone.
    @Test func aBrokerThatRefusesIsNotAskedAgain() async throws {
        let (took, _) = try await closing(
            after: 33,
            [
                .answer(1, .basicQos, .basicQosOK), .expectMethod(.basicConsume, channel: 1),
                .sendChannelClose(1, 403, "ACCESS_REFUSED"), .expectMethod(.channelCloseOK, channel: 1), .goodbye,
            ])
        #expect(took < .seconds(5))
    }

    @Test func aBrokerThatDoesNotAnswerCostsTheTimeout() async throws {
        let (took, _) = try await closing(
            after: 33, timeout: .milliseconds(200),
            [.answer(1, .basicQos, .basicQosOK), .expectMethod(.basicConsume, channel: 1), .goodbye])
        #expect(took >= .milliseconds(200))
        #expect(took < .milliseconds(450) * Deadline.scale)
    }
}
