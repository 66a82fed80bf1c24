import SwiftAMQP
import TestSupport
import Testing

/// Deliveries are handed out in order, and settled with exactly one frame each.
@Suite(.timeLimit(.minutes(2))) struct DeliveryTests {
    private static func deliver(_ tags: ClosedRange<UInt64>, to consumer: String = "c") -> FakeStep {
        .steps("deliver \(tags)", tags.map { .deliver(1, consumerTag: consumer, tag: $0, body: Array("\($0)".utf8)) })
    }

    private static func settles(_ transcript: FakeTranscript) -> [String] {
        transcript.session.filter {
            $0.hasPrefix("basic.ack") || $0.hasPrefix("basic.nack") || $0.hasPrefix("basic.reject")
        }
    }

    @Test func inOrderAndOneFrameEach() async throws {
        let transcript = try await withFakeChannel([
            .answerConsume(1, tag: "c"), Self.deliver(1...6), .expectMethod(.basicAck), .expectMethod(.basicNack),
            .expectMethod(.basicNack), .expectMethod(.basicReject), .expectMethod(.basicReject),
            .expectMethod(.basicAck), .answerCancel(1, tag: "c"), .goodbye,
        ]) { channel, _ in
            try await channel.withConsumer("q", consumerTag: "c") { deliveries in
                var texts: [String] = []
                for try await delivery in deliveries {
                    texts.append(delivery.text)
                    switch delivery.deliveryTag {
                    case 1, 6: try delivery.ack()
                    case 2: try delivery.nack(requeue: true)
                    case 3: try delivery.nack(requeue: false)
                    case 4: try delivery.reject(requeue: true)
                    default: try delivery.reject(requeue: false)
                    }
                    for settle in [
                        { try delivery.ack() }, { try delivery.nack(requeue: true) },
                        { try delivery.reject(requeue: false) }, { try delivery.ack(multiple: true) },
                    ] { #expect(await amqpError(settle)?.code == .alreadySettled) }
                    if texts.count == 6 { break }
                }
                #expect(texts == ["1", "2", "3", "4", "5", "6"])
            }
        }
        #expect(
            Self.settles(transcript) == [
                "basic.ack ch1 tag=1 multiple=false", "basic.nack ch1 tag=2 multiple=false requeue=true",
                "basic.nack ch1 tag=3 multiple=false requeue=false", "basic.reject ch1 tag=4 requeue=true",
                "basic.reject ch1 tag=5 requeue=false", "basic.ack ch1 tag=6 multiple=false",
            ])
    }

    /// `multiple` covers what the program was given, and never a delivery that waits in another consumer's buffer.
    @Test func multipleWithADeliveryThatWasNotHandedOut() async throws {
        let transcript = try await withFakeChannel([
            .answerConsume(1, tag: "a"), .answerConsume(1, tag: "b"), .deliver(1, consumerTag: "a", tag: 1),
            .deliver(1, consumerTag: "b", tag: 2), .deliver(1, consumerTag: "a", tag: 3),
            .deliver(1, consumerTag: "a", tag: 4), .expectMethod(.basicAck), .expectMethod(.basicAck),
            .expectMethod(.basicAck), .expectMethod(.basicAck), .goodbye,
        ]) { channel, _ in
            let first = try await channel.consume("q", consumerTag: "a")
            let second = try await channel.consume("q", consumerTag: "b")
            var iterator = first.makeAsyncIterator()
            let one = try #require(try await iterator.next())
            let three = try #require(try await iterator.next())
            let four = try #require(try await iterator.next())
            try four.ack(multiple: true)
            #expect(await amqpError { try one.ack() }?.code == .alreadySettled)
            #expect(await amqpError { try three.ack() }?.code == .alreadySettled)
            var other = second.makeAsyncIterator()
            let two = try #require(try await other.next())
            try two.ack()
        }
        #expect(
            Self.settles(transcript) == [
                "basic.ack ch1 tag=1 multiple=true", "basic.ack ch1 tag=3 multiple=false",
                "basic.ack ch1 tag=4 multiple=false", "basic.ack ch1 tag=2 multiple=false",
            ])
    }

    @Test func multipleWithEverythingHandedOut() async throws {
        let transcript = try await withFakeChannel([
            .answerConsume(1, tag: "c"), Self.deliver(1...3), .expectMethod(.basicNack), .answerCancel(1, tag: "c"),
            .goodbye,
        ]) { channel, _ in
            try await channel.withConsumer("q", consumerTag: "c") { deliveries in
                for try await delivery in deliveries where delivery.deliveryTag == 3 {
                    try delivery.nack(requeue: true, multiple: true)
                    break
                }
            }
        }
        #expect(Self.settles(transcript) == ["basic.nack ch1 tag=3 multiple=true requeue=true"])
    }

    /// Leaving the loop early cancels the consumer and gives back exactly what was not handed out.
    @Test func leavingTheLoopEarly() async throws {
        let delivered = try FakeSignal()
        let transcript = try await withFakeChannel([
            .answerConsume(1, tag: "c"), Self.deliver(1...5), .fire(delivered), .expectMethod(.basicAck),
            .expectMethod(.basicCancel),
            // Still on its way when the broker heard of the cancel.
            Self.deliver(6...7), .sendMethod(1, .basicCancelOK) { $0.shortString("c") },
            .steps("requeues", Array(repeating: .expectMethod(.basicNack), count: 5)), .expectMethod(.basicAck),
            .goodbye,
        ]) { channel, _ in
            var kept: AMQPDelivery?
            try await channel.withConsumer("q", consumerTag: "c") { deliveries in
                try await delivered.fired()
                for try await delivery in deliveries {
                    if delivery.deliveryTag == 1 {
                        kept = delivery
                    } else {
                        try delivery.ack()
                        break
                    }
                }
            }
            // Handed out and not settled: it is the program's to settle, also now.
            try #require(kept).ack()
        }
        let nacks = transcript.session.filter { $0.hasPrefix("basic.nack") }
        #expect(nacks == (3...7).map { "basic.nack ch1 tag=\($0) multiple=false requeue=true" })
        #expect(
            transcript.session.filter { $0.hasPrefix("basic.ack") } == [
                "basic.ack ch1 tag=2 multiple=false", "basic.ack ch1 tag=1 multiple=false",
            ])
    }

    @Test func aSecondIterator() async throws {
        try await withFakeChannel([
            .answerConsume(1, tag: "c"), Self.deliver(1...2), .answerCancel(1, tag: "c"), .expectMethod(.basicNack),
            .goodbye,
        ]) {
            channel, _ in
            try await channel.withConsumer("q", consumerTag: "c") { deliveries in
                var first = deliveries.makeAsyncIterator()
                let delivery = try await first.next()
                #expect(delivery?.deliveryTag == 1)
                var second = deliveries.makeAsyncIterator()
                do {
                    _ = try await second.next()
                    Issue.record("a second iterator took a delivery")
                } catch {
                    #expect((error as? AMQPError)?.code == .invalidArgument)
                }
            }
        }
    }

    /// What came before the broker's cancel is handed out, and can be settled; then comes the reason.
    @Test func cancelledByTheBroker() async throws {
        let transcript = try await withFakeChannel([
            .answerConsume(1, tag: "c"), Self.deliver(1...2),
            .sendMethod(1, .basicCancel) {
                $0.shortString("c")
                $0.bits(true)
            },
            .expectMethod(.basicAck), .answerDeclare(1), .goodbye,
        ]) { channel, _ in
            var texts: [String] = []
            let error = await amqpError {
                try await channel.withConsumer("q", consumerTag: "c") { deliveries in
                    for try await delivery in deliveries {
                        texts.append(delivery.text)
                        if texts.count == 2 { try delivery.ack(multiple: true) }
                    }
                }
            }
            #expect(error?.code == .cancelledByBroker)
            #expect(texts == ["1", "2"])
            // The channel goes on.
            try await channel.declare(AMQPQueue(name: "q"))
        }
        #expect(transcript.count("basic.cancel") == 0)
        #expect(transcript.count("basic.cancel-ok") == 0)
    }

    @Test func theTaskIsCancelledWhileItWaits() async throws {
        let waiting = try FakeSignal()
        try await withFakeChannel([
            .answerConsume(1, tag: "c"), .answerCancel(1, tag: "c"), .goodbye,
        ]) { channel, _ in
            let task = Task {
                try await channel.withConsumer("q", consumerTag: "c") { deliveries in
                    // By the program: the broker's answer may still be on its way when the broker has sent it.
                    waiting.fire()
                    for try await _ in deliveries {}
                }
            }
            try await waiting.fired()
            task.cancel()
            #expect(await amqpError { try await task.value }?.code == .cancelled)
        }
    }

    /// A task that is cancelled while it subscribes leaves no subscription behind.
    @Test func theTaskIsCancelledWhileItSubscribes() async throws {
        let asked = try FakeSignal()
        let cancelled = try FakeSignal()
        let transcript = try await withFakeChannel([
            .answer(1, .basicQos, .basicQosOK), .expectMethod(.basicConsume), .fire(asked), .hold(until: cancelled),
            .sendMethod(1, .basicConsumeOK) { $0.shortString("c") }, Self.deliver(1...2), .answerCancel(1, tag: "c"),
            .expectMethod(.basicNack), .goodbye,
        ]) { channel, _ in
            let task = Task { try await channel.consume("q", consumerTag: "c") }
            try await asked.fired()
            task.cancel()
            #expect(await amqpError { try await task.value }?.code == .cancelled)
            cancelled.fire()
            try await until("the consumer to be gone") { channel.consumerCount == 0 }
        }
        #expect(Self.settles(transcript) == ["basic.nack ch1 tag=2 multiple=true requeue=true"])
    }

    /// `basic.recover` gives everything back: what was handed out cannot be settled any more.
    @Test func recover() async throws {
        let transcript = try await withFakeChannel([
            .answerConsume(1, tag: "c"), Self.deliver(1...1), .answer(1, .basicRecover, .basicRecoverOK),
            .deliver(1, consumerTag: "c", tag: 2, redelivered: true), .expectMethod(.basicAck),
            .answerCancel(1, tag: "c"), .goodbye,
        ]) { channel, _ in
            try await channel.withConsumer("q", consumerTag: "c") { deliveries in
                for try await delivery in deliveries {
                    if delivery.deliveryTag == 1 {
                        try await channel.recover()
                        #expect(await amqpError { try delivery.ack() }?.code == .alreadySettled)
                    } else {
                        #expect(delivery.isRedelivered)
                        try delivery.ack()
                        break
                    }
                }
            }
        }
        #expect(Self.settles(transcript) == ["basic.ack ch1 tag=2 multiple=false"])
    }

    /// Message boundaries and read boundaries have nothing to do with each other.
    @Test func aMessageThatBeginsInOneReadAndEndsInTheNext() async throws {
        let first = try FakeSignal()
        let method = WireFrame.deliver(2)
        let whole = WireFrame.deliver(1)
        try await withFakeChannel([
            .answerConsume(1, tag: "c"), .send(whole, .header(1, bodySize: 0), method), .hold(until: first),
            .send(.header(1, bodySize: 0)), .expectMethod(.basicAck), .answerCancel(1, tag: "c"), .goodbye,
        ]) { channel, _ in
            try await channel.withConsumer("q", consumerTag: "c") { deliveries in
                for try await delivery in deliveries {
                    if delivery.deliveryTag == 1 {
                        first.fire()
                    } else {
                        try delivery.ack(multiple: true)
                        break
                    }
                }
            }
        }
    }
}
