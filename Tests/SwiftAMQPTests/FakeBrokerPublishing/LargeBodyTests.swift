import SwiftAMQP
import TestSupport
import Testing

/// Bodies around the size of a frame, and large ones, arrive byte for byte, in both directions.
@Suite(.timeLimit(.minutes(2))) struct LargeBodyTests {
    static let sizes: [(frameMax: Int, size: Int)] = [4096, 8192, 131_072].flatMap { around(frameMax: $0) }

    private static func around(frameMax: Int) -> [(frameMax: Int, size: Int)] {
        let full = frameMax - 8
        let sizes: [Int] = [0, 1, full - 1, full, full + 1, 2 * full, 65_535, 65_536, 65_537, 1 << 20]
        return sizes.map { (frameMax, $0) }
    }

    /// Made once: 30 tests that make their own keep a debug build busy for longer than a script waits.
    private static let noise: [UInt8] = {
        var state: UInt32 = 12345
        return (0..<1 << 20).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(truncatingIfNeeded: state >> 24)
        }
    }()

    private static func body(_ size: Int) -> [UInt8] { Array(noise.prefix(size)) }

    @Test(arguments: sizes.indices) func published(index: Int) async throws {
        let (frameMax, size) = Self.sizes[index]
        let body = Self.body(size)
        let transcript = try await withFakeChannel(
            [
                .confirmSelect(1),
                .run { (connection) throws(HarnessError) in
                    for _ in 0..<2 {
                        let publish = try connection.expectPublish(channel: 1)
                        guard publish.body == body else {
                            throw HarnessError(.script, "the body of \(publish.body.count) bytes is another one")
                        }
                    }
                }, .ack(1, 2, multiple: true), .goodbye,
            ], handshake: .handshake(frameMax: UInt32(frameMax))
        ) { channel, connection in
            #expect(connection.frameMax == frameMax)
            // Twice, so that a wrong length of the first shows in the second.
            let first = try await channel.enqueue(AMQPMessage(body: body), to: .queue("q"))
            let second = try await channel.enqueue(AMQPMessage(body: body), to: .queue("q"))
            #expect(await first.outcome == .confirmed)
            #expect(await second.outcome == .confirmed)
        }
        #expect(transcript.frames.allSatisfy { $0.payload.count <= frameMax - 8 || $0.channel == 0 })
        let bodies = transcript.frames.count { $0.type == WireFrame.body }
        #expect(bodies == 2 * ((size + frameMax - 9) / (frameMax - 8)))
    }

    @Test(arguments: sizes.indices) func delivered(index: Int) async throws {
        let (frameMax, size) = Self.sizes[index]
        let body = Self.body(size)
        let frames: [FakeStep] = stride(from: 0, to: size, by: frameMax - 8).map {
            .send(.body(1, Array(body[$0..<min($0 + frameMax - 8, size)])))
        }
        func message(_ tag: UInt64) -> [FakeStep] {
            [
                .send(.deliver(tag), .header(1, bodySize: UInt64(size)))
            ] + frames
        }
        try await withFakeChannel(
            [.answerConsume(1, tag: "c")] + message(1) + message(2)
                + [.expectMethod(.basicAck), .answerCancel(1, tag: "c"), .goodbye],
            handshake: .handshake(frameMax: UInt32(frameMax))
        ) { channel, _ in
            try await channel.withConsumer("q", consumerTag: "c") { deliveries in
                for try await delivery in deliveries {
                    #expect(delivery.body == body)
                    if delivery.deliveryTag == 2 {
                        try delivery.ack(multiple: true)
                        break
                    }
                }
            }
        }
    }

    /// One that is larger than this side accepts ends the connection before it is held in memory.
    @Test func overTheLimitOfThisSide() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .answerConsume(1, tag: "c"),
            .send(.deliver(1), .header(1, bodySize: 1025)), .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration { $0.maximumInboundBodySize = 1024 })
        let channel = try await connection.openChannel()
        _ = try await channel.consume("q", consumerTag: "c")
        let error = await connection.waitUntilClosed()
        #expect(error.code == .protocolViolation)
        #expect(error.text.contains("maximumInboundBodySize"))
        try await broker.finished()
    }
}
