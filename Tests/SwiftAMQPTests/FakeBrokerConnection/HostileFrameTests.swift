import SwiftAMQP
import TestSupport
import Testing

/// Frames that break the protocol end the connection with a typed error and, where the peer can still be told, with
/// `connection.close`. Never with a crash or a hang.
@Suite(.timeLimit(.minutes(2))) struct HostileFrameTests {
    struct Hostile: Sendable, CustomTestStringConvertible {
        var name: String
        var code: UInt16
        var frames: [[UInt8]]
        var testDescription: String { name }
    }

    private static func message(_ tag: UInt64, _ body: [UInt8] = [7]) -> [[UInt8]] {
        [
            WireFrame.deliver(tag).bytes, WireFrame.header(1, bodySize: UInt64(body.count)).bytes,
            WireFrame.body(1, body).bytes,
        ]
    }

    static let all: [Hostile] = [
        Hostile(name: "unknown frame type", code: 501, frames: [[4, 0, 0, 0, 0, 0, 0, 0xCE]]),
        Hostile(name: "wrong frame end", code: 501, frames: [[8, 0, 0, 0, 0, 0, 0, 0xCD]]),
        Hostile(name: "a frame over frame_max", code: 501, frames: [[3, 0, 1, 0, 2, 0, 1]]),
        Hostile(name: "a heartbeat on channel 1", code: 501, frames: [[8, 0, 1, 0, 0, 0, 0, 0xCE]]),
        Hostile(name: "a heartbeat with a payload", code: 501, frames: [[8, 0, 0, 0, 0, 0, 1, 1, 0xCE]]),
        Hostile(name: "a channel over channel_max", code: 504, frames: [[1, 0xFF, 0xFF, 0, 0, 0, 4]]),
        Hostile(name: "a channel that is not open", code: 504, frames: [WireFrame.method(9, .basicQosOK).bytes]),
        Hostile(name: "a header on channel 0", code: 505, frames: [WireFrame.header(0, bodySize: 1).bytes]),
        Hostile(name: "a body on channel 0", code: 505, frames: [WireFrame.body(0, [1]).bytes]),
        Hostile(
            name: "a channel's method on channel 0", code: 503,
            frames: [WireFrame.method(0, .basicQosOK).bytes]),
        Hostile(
            name: "a connection's method on channel 1", code: 503,
            frames: [WireFrame.method(1, .connectionUnblocked).bytes]),
        Hostile(name: "a client's method", code: 503, frames: [WireFrame.method(1, .txSelect).bytes]),
        Hostile(name: "a method that does not exist", code: 540, frames: [WireFrame.method(1, .init(60, 999)).bytes]),
        Hostile(name: "a method frame of two octets", code: 502, frames: [[1, 0, 1, 0, 0, 0, 2, 0, 60, 0xCE]]),
        Hostile(name: "a header without its method", code: 505, frames: [WireFrame.header(1, bodySize: 1).bytes]),
        Hostile(name: "a body without its header", code: 505, frames: [WireFrame.body(1, [1]).bytes]),
        Hostile(
            name: "a body after its method", code: 505,
            frames: [WireFrame.deliver().bytes, WireFrame.body(1, [1]).bytes]),
        Hostile(
            name: "two headers", code: 505,
            frames: [
                WireFrame.deliver().bytes, WireFrame.header(1, bodySize: 1).bytes,
                WireFrame.header(1, bodySize: 1).bytes,
            ]),
        Hostile(
            name: "a method inside a message", code: 505,
            frames: [
                WireFrame.deliver().bytes, WireFrame.header(1, bodySize: 1).bytes,
                WireFrame.method(1, .basicQosOK).bytes,
            ]),
        Hostile(
            name: "a header of another class", code: 501,
            frames: [
                WireFrame.deliver().bytes, WireFrame.header(1, bodySize: 1, classID: 50).bytes,
            ]),
        Hostile(
            name: "a body over the declared size", code: 501,
            frames: [
                WireFrame.deliver().bytes, WireFrame.header(1, bodySize: 2).bytes, WireFrame.body(1, [1, 2, 3]).bytes,
            ]),
        Hostile(
            name: "a body of 2^40", code: 501,
            frames: [WireFrame.deliver().bytes, WireFrame.header(1, bodySize: 1 << 40).bytes]),
        Hostile(
            name: "a body of 2^64 - 1", code: 501,
            frames: [WireFrame.deliver().bytes, WireFrame.header(1, bodySize: .max).bytes]),
        Hostile(name: "an unknown consumer", code: 503, frames: [WireFrame.deliver(to: "who").bytes]),
        Hostile(name: "a tag twice", code: 503, frames: message(1) + message(1)),
        Hostile(name: "tags downwards", code: 503, frames: message(5) + message(4)),
        Hostile(name: "tag 0", code: 503, frames: message(0)),
        Hostile(
            name: "an ack without confirms", code: 503,
            frames: [
                WireFrame.method(1, .basicAck) {
                    $0.u64(1)
                    $0.bits(false)
                }.bytes
            ]),
        Hostile(name: "channel.close-ok unasked", code: 503, frames: [WireFrame.method(1, .channelCloseOK).bytes]),
        Hostile(
            name: "channel.open-ok again", code: 503,
            frames: [
                WireFrame.method(1, .channelOpenOK) { $0.longString("") }.bytes
            ]),
        Hostile(name: "an answer that nobody asked for", code: 503, frames: [WireFrame.method(1, .basicQosOK).bytes]),
        Hostile(
            name: "basic.get-empty unasked", code: 503,
            frames: [
                WireFrame.method(1, .basicGetEmpty) { $0.shortString("") }.bytes
            ]),
        Hostile(
            name: "start again", code: 503,
            frames: [
                WireFrame.start().bytes
            ]),
    ]

    @Test(arguments: all, [false, true]) func hostile(_ hostile: Hostile, isChopped: Bool) async throws {
        let bytes = hostile.frames.flatMap(\.self)
        let go = try FakeSignal()
        // A peer that does not read on is told what it did wrong, and the socket is closed.
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .answerConsume(1, tag: "c"), .hold(until: go),
            .run { (connection) throws(HarnessError) in
                // The client may close before the last piece.
                do throws(HarnessError) {
                    if isChopped { try connection.sendChopped(bytes, every: 1) } else { try connection.send(bytes) }
                } catch  where isChopped {}
            },
            .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let deliveries = try await channel.consume("q", prefetch: 1, consumerTag: "c")
        go.fire()
        let start = ContinuousClock.now
        let error = await connection.waitUntilClosed()
        #expect(ContinuousClock.now - start <= .seconds(2) * Deadline.scale)
        #expect(error.code == .protocolViolation, "\(error)")
        #expect(error.replyCode == hostile.code, "\(error)")
        #expect(channel.closeReason?.code == .protocolViolation)
        _ = deliveries
        let transcript = try await broker.finished()
        #expect(transcript.count("connection.close") == 1)
        let close = transcript.methods.last
        #expect(close?["replyCode"]?.integer == UInt64(hostile.code))
    }

    /// A broker that ignores the prefetch. Streams go over it by a chunk, so there is a tolerance.
    @Test func farMoreThanThePrefetch() async throws {
        let go = try FakeSignal()
        let flood = (1...20_000).flatMap { Self.message(UInt64($0), [])[..<2].flatMap(\.self) }
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .answerConsume(1, tag: "c"), .hold(until: go), .send(flood), .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let deliveries = try await channel.consume("q", prefetch: 1, consumerTag: "c")
        go.fire()
        let error = await connection.waitUntilClosed()
        #expect(error.code == .protocolViolation)
        #expect(error.replyCode == 503)
        _ = deliveries
        try await broker.finished()
    }

    /// Everything that a broker may send, one octet at a time.
    @Test func soundFramesOneOctetAtATime() async throws {
        let body = [UInt8]((0..<200).map { UInt8(truncatingIfNeeded: $0) })
        let frames =
            Self.message(1, body) + [WireFrame.heartbeatFrame.bytes] + Self.message(2, [])[..<2]
            + [
                WireFrame.method(0, .connectionBlocked) { $0.shortString("why") }.bytes,
                WireFrame.method(0, .connectionUnblocked).bytes,
            ] + Self.message(3, body)
        try await withFakeChannel([
            .answerConsume(1, tag: "c"), .sendChopped(frames.flatMap(\.self), every: 1),
            .expectMethod(.basicAck), .answerCancel(1, tag: "c"), .closeChannelAndConnection,
        ]) { channel, _ in
            try await channel.withConsumer("q", consumerTag: "c") { deliveries in
                var bodies: [[UInt8]] = []
                for try await delivery in deliveries {
                    bodies.append(delivery.body)
                    if bodies.count == 3 {
                        try delivery.ack(multiple: true)
                        break
                    }
                }
                #expect(bodies == [body, [], body])
            }
            await channel.close()
        }
    }
}
