import SwiftAMQP
import TestSupport
import Testing

/// Consumers with automatic acknowledgement are bounded: reading pauses, and in the end the consumer does.
@Suite(.timeLimit(.minutes(2))) struct AutomaticTests {
    private static let small = AMQPAcknowledgement.automatic(
        bufferLimit: .init(maximumMessages: 10, maximumBytes: 1 << 20))

    private static func deliver(_ tags: ClosedRange<UInt64>) -> FakeStep {
        let frames = tags.flatMap { tag in
            [
                WireFrame.deliver(tag), .header(1, bodySize: 1), .body(1, [UInt8(truncatingIfNeeded: tag)]),
            ]
        }
        return .send(frames.flatMap(\.bytes))
    }

    /// Never by default.
    @Test func hasToBeAskedFor() async throws {
        let transcript = try await withFakeChannel([
            .answerConsume(1, tag: "m"), .answerConsume(1, tag: "a"), .goodbye,
        ]) { channel, _ in
            _ = try await channel.consume("q", consumerTag: "m")
            _ = try await channel.consume("q", acknowledgement: .automatic, consumerTag: "a")
        }
        let consumes = transcript.methods.filter { $0.name == "basic.consume" }
        #expect(consumes.map { $0["noAck"]?.flag } == [false, true])
        #expect(transcript.methods.first { $0.name == "basic.qos" }?["prefetchCount"]?.integer == 64)
    }

    /// More in one read than the consumer may hold.
    @Test func overflow() async throws {
        let transcript = try await withFakeChannel([
            .answerConsume(1, tag: "c"), Self.deliver(1...50), .answerCancel(1, tag: "c"), .answerDeclare(1), .goodbye,
        ]) { channel, _ in
            let deliveries = try await channel.consume("q", acknowledgement: Self.small, consumerTag: "c")
            try await until("the consumer to be cancelled") { channel.consumerCount == 0 }
            let error = await amqpError { for try await _ in deliveries {} }
            #expect(error?.code == .overflow)
            try await channel.declare(AMQPQueue(name: "q"))
        }
        #expect(transcript.count("basic.cancel") == 1)
        #expect(transcript.count("basic.nack") == 0)
    }

    /// Over half of the limit reading pauses, and it goes on when an RPC needs its answer; every message arrives once.
    @Test func readingPausesAndGoesOn() async throws {
        let paused = try FakeSignal()
        try await withFakeChannel([
            .answerConsume(1, tag: "c"), Self.deliver(1...7), .hold(until: paused), .sendHeartbeat,
            .answerDeclare(1), Self.deliver(8...9), .answerCancel(1, tag: "c"), .goodbye,
        ]) { channel, connection in
            try await channel.withConsumer("q", acknowledgement: Self.small, consumerTag: "c") { deliveries in
                try await until("reading to pause") { connection.isReadingPaused }
                paused.fire()
                try await channel.declare(AMQPQueue(name: "q"))
                var tags: [UInt64] = []
                for try await delivery in deliveries {
                    tags.append(delivery.deliveryTag)
                    if tags.count == 9 { break }
                }
                #expect(tags == Array(1...9))
            }
        }
    }

    /// Pausing and going on race with each other; nothing may be left lying, and the reader never sleeps for good.
    @Test func manyPauses() async throws {
        let total: UInt64 = 2000
        let acknowledgement = AMQPAcknowledgement.automatic(
            bufferLimit: .init(maximumMessages: 2 * Int(total), maximumBytes: 2 * 40))
        // In small pieces, and none is sent before the one before it was taken: so the limit is never passed.
        let taken = try (0..<Int(total / 50)).map { _ in try FakeSignal() }
        var script: [FakeStep] = [.answerConsume(1, tag: "c")]
        for (index, signal) in taken.enumerated() {
            let first = UInt64(index * 50 + 1)
            script += [deliverOneByOne(first...first + 49), .hold(until: signal)]
        }
        try await withFakeChannel(script + [.answerCancel(1, tag: "c"), .goodbye]) { channel, _ in
            try await channel.withConsumer("q", acknowledgement: acknowledgement, consumerTag: "c") { deliveries in
                var count: UInt64 = 0
                for try await delivery in deliveries {
                    count += 1
                    #expect(delivery.deliveryTag == count)
                    if count % 50 == 0 { taken[Int(count / 50) - 1].fire() }
                    if count == total { break }
                }
            }
        }
    }

    private func deliverOneByOne(_ tags: ClosedRange<UInt64>) -> FakeStep {
        .steps("deliver \(tags)", tags.map { Self.deliver($0...$0) })
    }
}
