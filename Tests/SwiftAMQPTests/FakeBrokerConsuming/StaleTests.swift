import SwiftAMQP
import TestSupport
import Testing

/// A delivery can be settled on its own channel only: afterwards settling throws, and nothing is written.
@Suite(.timeLimit(.minutes(2))) struct StaleTests {
    private func settleAll(_ delivery: AMQPDelivery) async {
        for settle in [
            { try delivery.ack() }, { try delivery.ack(multiple: true) }, { try delivery.nack(requeue: true) },
            { try delivery.nack(requeue: false, multiple: true) }, { try delivery.reject(requeue: true) },
        ] { #expect(await amqpError(settle)?.code == .stale) }
    }

    private static let getOK = FakeStep.steps(
        "get",
        [
            .expectMethod(.basicGet),
            .sendMethod(1, .basicGetOK) {
                $0.u64(2)
                $0.bits(false)
                $0.shortString("")
                $0.shortString("q")
                $0.u32(0)
            }, .sendContent(1, [1]),
        ])

    /// One delivery of a consumer and one of basic.get.
    private func two(_ channel: AMQPChannel) async throws -> (AMQPDeliveries, [AMQPDelivery]) {
        let deliveries = try await channel.consume("q", consumerTag: "c")
        var iterator = deliveries.makeAsyncIterator()
        let first = try #require(try await iterator.next())
        let second = try #require(try await channel.get("q")).delivery
        return (deliveries, [first, second])
    }

    private static let beginning: [FakeStep] = [
        .openChannel(1), .answerConsume(1, tag: "c"), .deliver(1, consumerTag: "c", tag: 1), getOK,
    ]

    /// The channel is gone, and another one with the same id has a delivery with the same tag.
    @Test(arguments: [true, false]) func anotherChannelWithTheSameID(isException: Bool) async throws {
        let close: [FakeStep] =
            isException
            ? [.sendChannelClose(1, 406, "PRECONDITION_FAILED"), .expectMethod(.channelCloseOK)] : [.channelCloseOK(1)]
        let transcript = try await withFakeConnection(
            Self.beginning + close + Self.beginning + [.expectMethod(.basicAck), .goodbye]
        ) { connection in
            let channel = try await connection.openChannel()
            let (_, old) = try await two(channel)
            if !isException { await channel.close() }
            try await until("the channel to be gone") { connection.openChannelCount == 0 }
            for delivery in old { await settleAll(delivery) }
            let again = try await connection.openChannel()
            #expect(again.id == 1)
            let (_, new) = try await two(again)
            for delivery in old { await settleAll(delivery) }
            await connection.onLoop { for delivery in new { #expect(throws: Never.self) { try delivery.ack() } } }
        }
        #expect(
            transcript.session.filter { $0.hasPrefix("basic.ack") || $0.contains("ack ch1") } == [
                "basic.ack ch1 tag=2 multiple=true"
            ])
    }

    @Test(arguments: [true, false]) func theConnectionIsGone(isReset: Bool) async throws {
        let held = try FakeSignal()
        let broker = try FakeBroker.start(
            [.handshake()] + Self.beginning + [.hold(until: held), isReset ? .reset : .closeFIN])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let (_, old) = try await two(channel)
        held.fire()
        _ = await connection.waitUntilClosed()
        for delivery in old { await settleAll(delivery) }
        let settles = try await broker.finished().session.filter {
            $0.contains("ack ch1") || $0.hasPrefix("basic.reject")
        }
        #expect(settles.isEmpty)
    }

    /// Behind connection.close nothing is settled.
    @Test func theConnectionIsBeingClosed() async throws {
        let closing = try FakeSignal()
        let settled = try FakeSignal()
        let broker = try FakeBroker.start(
            [.handshake()] + Self.beginning + [
                .expectMethod(.connectionClose), .fire(closing), .hold(until: settled),
                .sendMethod(0, .connectionCloseOK), .expectClose,
            ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let (_, old) = try await two(channel)
        let close = Task { await connection.close() }
        try await closing.fired()
        for delivery in old { await settleAll(delivery) }
        settled.fire()
        await close.value
        #expect(try await broker.finished().methods.last?.name == "connection.close")
    }
}
