import SwiftAMQP
import TestSupport
import Testing

/// `basic.get`: one message, or none.
@Suite(.timeLimit(.minutes(2))) struct GetTests {
    private static func getOK(_ tag: UInt64, remaining: UInt32 = 0) -> FakeStep {
        .sendMethod(1, .basicGetOK) {
            $0.u64(tag)
            $0.bits(true)
            $0.shortString("x")
            $0.shortString("key")
            $0.u32(remaining)
        }
    }

    private static let empty = FakeStep.answer(1, .basicGet, .basicGetEmpty) { $0.shortString("") }

    @Test func emptyAndFull() async throws {
        let body = [UInt8]((0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
        let frames: [FakeStep] = stride(from: 0, to: body.count, by: 999).map {
            .send(.body(1, Array(body[$0..<min($0 + 999, body.count)])))
        }
        try await withFakeChannel(
            [Self.empty, .expectMethod(.basicGet), Self.getOK(1, remaining: 7), .send(.header(1, bodySize: 100_000))]
                + frames + [.expectMethod(.basicAck), Self.empty, .goodbye]
        ) { channel, _ in
            #expect(try await channel.get("q") == nil)
            let got = try #require(try await channel.get("q"))
            #expect(got.remaining == 7)
            #expect(got.delivery.body == body)
            #expect(got.delivery.exchange == "x")
            #expect(got.delivery.routingKey == "key")
            #expect(got.delivery.isRedelivered)
            #expect(got.delivery.consumerTag == "")
            try got.delivery.ack()
            #expect(await amqpError { try got.delivery.ack() }?.code == .alreadySettled)
            #expect(try await channel.get("q") == nil)
        }
    }

    @Test func withAutomaticAcknowledgement() async throws {
        let transcript = try await withFakeChannel([
            .expectMethod(.basicGet), Self.getOK(1), .sendContent(1, []), .goodbye,
        ]) { channel, _ in
            let got = try #require(try await channel.get("q", acknowledgement: .automatic))
            #expect(await amqpError { try got.delivery.ack() }?.code == .alreadySettled)
        }
        #expect(transcript.methods.first { $0.name == "basic.get" }?["noAck"]?.flag == true)
        #expect(transcript.count("basic.ack") == 0)
    }

    /// The task that asked was cancelled: what comes is given back, and a later `multiple` does not settle it.
    @Test func cancelled() async throws {
        let asked = try FakeSignal()
        let cancelled = try FakeSignal()
        let transcript = try await withFakeChannel([
            .expectMethod(.basicGet), .fire(asked), .hold(until: cancelled), Self.getOK(1), .sendContent(1, [1]),
            .expectMethod(.basicNack), .expectMethod(.basicGet), Self.getOK(2), .sendContent(1, [2]),
            .expectMethod(.basicAck), .goodbye,
        ]) { channel, _ in
            let task = Task { try await channel.get("q") != nil }
            try await asked.fired()
            task.cancel()
            #expect(await amqpError { try await task.value }?.code == .cancelled)
            cancelled.fire()
            try await until("the answer") { channel.rpcCount == 0 }
            let got = try #require(try await channel.get("q"))
            try got.delivery.ack(multiple: true)
        }
        #expect(transcript.session.contains("basic.nack ch1 tag=1 multiple=false requeue=true"))
    }
}
