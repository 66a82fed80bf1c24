import SwiftAMQP
import TestSupport
import Testing

/// What no table holds: garbage after each step, mixtures of what is harmless with what is not, and the handshake in
/// every possible number of pieces.
@Suite(.serialized, .timeLimit(.minutes(5))) struct HostileMixtureTests {
    private static let seeds = UInt64(1)...40

    /// Random bytes after every step of the handshake, then the end of the stream.
    @Test(arguments: ["start", "tune", "open-ok"]) func garbageInTheHandshake(stage: String) async throws {
        let steps: [FakeStep] = stage == "start" ? .toStart : stage == "tune" ? .toTune : .toOpen
        let before = try await Footprint()
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            let garbage = random.bytes(upTo: 400)
            let broker = try FakeBroker.start(steps + [.sendRegardless(garbage), .closeFIN, .expectClose])
            let configuration = try broker.configuration()
            let error = try await Watchdog.with { watchdog in
                try await watchdog.watch("garbage instead of \(stage), seed \(seed)", within: HostileScript.bound) {
                    await amqpError { try await AMQPConnection.connect(configuration) }
                }
            }
            let expected: [AMQPError.Code] = [
                .protocolMismatch, .protocolViolation, .connectionLost, .authenticationFailed, .virtualHostRefused,
            ]
            #expect(error.map { expected.contains($0.code) } == true, "seed \(seed): \(error as Any)")
            try await broker.finished()
        }
        try await before.expectRestored("garbage instead of \(stage)")
    }

    /// Random bytes in a session: behind a type that exists, so that more of them is looked at.
    @Test func garbageInASession() async throws {
        let before = try await Footprint()
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            let type = [1, 2, 3, 8].randomElement(using: &random) ?? 1
            let channel = UInt8.random(in: 0...3, using: &random)
            let payload = random.bytes(upTo: 300)
            let bytes =
                Bool.random(using: &random)
                ? Hostile.frame(type: UInt8(type), channel: UInt16(channel), payload)
                : Hostile.frame(type: UInt8(type), channel: UInt16(channel), payload, end: []) + random.bytes(upTo: 50)
            try await run(
                "garbage, seed \(seed)", [.sendRegardless(Hostile.message() + bytes), .closeFIN],
                [.protocolViolation, .connectionLost])
        }
        try await before.expectRestored("garbage")
    }

    /// Up to eight things that are harmless, one that is not, chopped at random.
    @Test func mixtures() async throws {
        let harmless: [[UInt8]] = [
            WireFrame.heartbeatFrame.bytes, Hostile.flow(2, false).bytes, Hostile.flow(2, true).bytes,
            Hostile.cancel("who").bytes, Hostile.ack(2, 0, multiple: true).bytes,
            Hostile.blocked(rawReason: [65]).bytes,
            WireFrame.method(0, .connectionUnblocked).bytes, Hostile.returned("y"), Hostile.returned("", channel: 1),
            WireFrame.method(0, .connectionUpdateSecretOK).bytes,
        ]
        let before = try await Footprint()
        for seed in Self.seeds {
            var random = SeededGenerator(seed: seed)
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...8, using: &random) { bytes += harmless.randomElement(using: &random) ?? [] }
            let end = try #require(HostileFrameTests.all.randomElement(using: &random))
            bytes += end.frames.flatMap(\.self) + random.bytes(upTo: 40)
            let size = Int.random(in: 1...64, using: &random)
            let pieces = stride(from: 0, to: bytes.count, by: size).map { start in
                FakeStep.sendRegardless(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            try await run("seed \(seed): \(end.name)", pieces, [.protocolViolation])
        }
        try await before.expectRestored("mixtures")
    }

    /// Everything that a broker says until the connection is open, a byte at a time. It has to succeed.
    @Test func theHandshakeOneByteAtATime() async throws {
        let broker = try FakeBroker.start([
            .expectProtocolHeader, .sendChopped(WireFrame.start().bytes, every: 1), .expectMethod(.connectionStartOK),
            .sendChopped(WireFrame.tune().bytes, every: 1), .expectMethod(.connectionTuneOK),
            .expectMethod(.connectionOpen),
            .sendChopped(WireFrame.method(0, .connectionOpenOK) { $0.u8(0) }.bytes, every: 1), .openChannel(1),
            .goodbye,
        ])
        try await AMQPConnection.withConnection(try broker.configuration()) { connection in
            #expect(connection.serverProperties["product"] == "RabbitMQ")
            _ = try await connection.openChannel()
        }
        try await broker.finished()
    }

    /// tune takes the channel limit down to one.
    @Test func oneChannel() async throws {
        try await withFakeConnection([.openChannel(1), .goodbye], handshake: .handshake(channelMax: 1)) { connection in
            let channel = try await connection.openChannel()
            #expect(await amqpError { try await connection.openChannel() }?.code == .channelIDsExhausted)
            _ = channel
        }
    }

    /// What wants an answer, again and again, from a broker that reads none. The client has closed the channel, and the
    /// broker closes it too; or the channel is open, and the broker switches its flow on and off.
    @Test(arguments: [true, false]) func answersThatAreNotRead(isClosing: Bool) async throws {
        let before = try await Footprint()
        try await askForAnswers(isClosing)
        try await before.expectRestored("answers that are not read")
    }

    private func askForAnswers(_ isClosing: Bool) async throws {
        let question = isClosing ? Hostile.close(1, 404, rawText: []).bytes : Hostile.flow(1, true).bytes
        let script: [FakeStep] = isClosing ? [.openChannel(1), .expectMethod(.channelClose)] : [.openChannel(1)]
        let broker = try FakeBroker.start(
            [.handshake()] + script + [.flood(question, times: 4_000_000), .expectClose])
        let configuration = try broker.configuration { $0.outboundBufferLimit = 4096 }
        let connection = try await AMQPConnection.connect(configuration)
        let channel = try await connection.openChannel()
        let closing = Task { if isClosing { await channel.close(timeout: .seconds(30) * Deadline.scale) } }
        let error = await connection.waitUntilClosed()
        #expect(error.code == .protocolViolation, "\(error)")
        await closing.value
        try await broker.finished()
    }

    private func run(_ name: String, _ steps: [FakeStep], _ codes: [AMQPError.Code]) async throws {
        let broker = try FakeBroker.start(
            [
                .handshake(), .openChannel(1), .openChannel(2), .answerConsume(1, tag: "c"), .confirmSelect(2),
                .expectPublish(),
            ]
                + steps + [.expectClose])
        let configuration = try broker.configuration()
        try await Watchdog.with { watchdog in
            try await watchdog.watch(name, within: HostileScript.bound) {
                let connection = try await AMQPConnection.connect(configuration)
                let channels = (try await connection.openChannel(), try await connection.openChannel())
                let deliveries = try await channels.0.consume("q", consumerTag: "c")
                try await channels.1.confirmSelect()
                let publish = try await channels.1.enqueue(AMQPMessage("x"), to: .queue("q"))
                let error = await connection.waitUntilClosed()
                #expect(codes.contains(error.code), "\(name): \(error)")
                #expect(channels.0.closeReason?.code == error.code)
                _ = await publish.outcome
                #expect(await amqpError { for try await _ in deliveries {} } != nil)
            }
        }
        try await broker.finished()
    }
}

extension SeededGenerator {
    fileprivate mutating func bytes(upTo limit: Int) -> [UInt8] {
        (0..<Int.random(in: 1...limit, using: &self)).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }
}
