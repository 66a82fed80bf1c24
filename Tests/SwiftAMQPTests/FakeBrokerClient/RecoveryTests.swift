import SwiftAMQP
import TestSupport
import Testing

/// How a client connects for the first time, comes back, and keeps what it declared in place.
@Suite(.timeLimit(.minutes(2))) struct RecoveryTests {
    private static let queue = AMQPAddress.queue("q")
    private static let topology = AMQPTopology(queues: [.classic("q")])

    // MARK: The first connection

    @Test func refusedCredentialsFailAtOnce() async throws {
        let broker = try FakeBroker.start([
            .expectProtocolHeader, .start(), .expectMethod(.connectionStartOK),
            .sendConnectionClose(403, "ACCESS_REFUSED"), .expectMethod(.connectionCloseOK), .expectClose,
        ])
        let client = try AMQPClient(configuration: .fake(broker))
        let error = await amqpError { try await client.publish(AMQPMessage("x"), to: Self.queue) }
        #expect(error?.code == .authenticationFailed)
        #expect(error?.outcome == .notSent(reason: .connectionClosed))
        try await client.reaches { $0.isClosed }
        #expect(await amqpError { try await client.connect() }?.code == .authenticationFailed)
        #expect(
            await amqpError { try await client.publish(AMQPMessage("y"), to: Self.queue) }?.code
                == .authenticationFailed)
        #expect(!client.health().isLive())
        try await broker.finished()
    }

    /// Nobody listens: attempts go on until the deadline of the first connect, which no backoff makes longer.
    @Test func unreachableUntilTheDeadline() async throws {
        let gone = try FakeBroker.start([.expectProtocolHeader])
        var configuration = try AMQPClientConfiguration.fake(gone)
        await gone.stop()
        let recorder = EventRecorder()
        configuration.firstConnect = .within(.milliseconds(250))
        configuration.backoff = AMQPBackoff(initial: .milliseconds(200), maximum: .seconds(60), multiplier: 10)
        let client = try AMQPClient(configuration: configuration, observer: recorder)
        let punctuality = Punctuality(.milliseconds(250))
        let error = await amqpError { try await client.connect() }
        #expect(await punctuality.lateness() <= Punctuality.allowance)
        #expect(error?.code == .connectTimeout)
        #expect(error?.underlying?.code == .unreachable)
        #expect(recorder.names.last == "closed")
        #expect(recorder.names.filter { $0 == "connectFailed" }.count > 1)
    }

    @Test func keepTrying() async throws {
        let gone = try FakeBroker.start([.expectProtocolHeader])
        var configuration = try AMQPClientConfiguration.fake(gone)
        await gone.stop()
        configuration.firstConnect = .keepTrying
        let recorder = EventRecorder()
        let client = try AMQPClient(configuration: configuration, observer: recorder)
        let error = await amqpError {
            try await client.publish(AMQPMessage("x"), to: Self.queue, timeout: .milliseconds(200))
        }
        #expect(error?.outcome == .notSent(reason: .timeout))
        try await until("many attempts") { recorder.attempts.count > 12 }
        #expect(client.state.description == "connecting")
        await client.shutdown(deadline: .zero)
        #expect(client.state.isClosed)
    }

    /// A broker that answers everything but a declare does not hold the first connect longer than its deadline.
    @Test func aRestoreThatNeverEndsObeysTheFirstDeadline() async throws {
        let broker = try FakeBroker.start(connections: [
            [.handshake(), .expectClose], [.handshake(), .expectClose],
        ])
        var configuration = try AMQPClientConfiguration.fake(broker)
        configuration.firstConnect = .within(.milliseconds(300))
        let client = try AMQPClient(configuration: configuration, topology: Self.topology)
        let punctuality = Punctuality(.milliseconds(300))
        let error = await amqpError { try await client.connect() }
        #expect(await punctuality.lateness() <= Punctuality.allowance)
        #expect(error?.code == .connectTimeout)
        await client.shutdown(deadline: .zero)
        await broker.stop()
    }

    @Test func theNextEndpointIsTriedAtOnce() async throws {
        let gone = try FakeBroker.start([.expectProtocolHeader])
        let broker = try FakeBroker.start([.publishingChannel, .expectPublish(), .ack(1, 1), .goodbye])
        let recorder = EventRecorder()
        var configuration = try AMQPClientConfiguration.fake(gone, broker)
        configuration.backoff = AMQPBackoff(initial: .seconds(3600), maximum: .seconds(3600))
        await gone.stop()
        let client = try AMQPClient(configuration: configuration, observer: recorder)
        try await client.publish(AMQPMessage("x"), to: Self.queue)
        #expect(
            recorder.attempts == configuration.endpoints.map { "\($0.host):\($0.port)/%2f" }
                || recorder.attempts.count == 2)
        #expect(!recorder.names.contains("waiting"))
        await client.shutdown()
        try await broker.finished()
    }

    // MARK: Later

    @Test func refusedCredentialsAreToleratedForAWhile() async throws {
        let refused: [FakeStep] = [
            .expectProtocolHeader, .start(), .expectMethod(.connectionStartOK),
            .sendConnectionClose(403, "ACCESS_REFUSED"), .expectMethod(.connectionCloseOK), .expectClose,
        ]
        let seen = SeenPublishes()
        try await withFakeClient([
            [.publishingChannel, .expectPublish(into: seen), .reset], refused, refused,
            [.publishingChannel, .expectPublish(into: seen), .ack(1, 1), .goodbye],
        ]) { client in
            let receipt = try await client.publish(AMQPMessage("x"), to: Self.queue)
            #expect(receipt.attempts == 2)
        }
    }

    @Test func aToleranceOfNothingEndsTheClient() async throws {
        let broker = try FakeBroker.start(connections: [
            [.publishingChannel, .expectPublish(), .reset],
            [
                .expectProtocolHeader, .start(), .expectMethod(.connectionStartOK),
                .sendConnectionClose(403, "ACCESS_REFUSED"), .expectMethod(.connectionCloseOK), .expectClose,
            ],
        ])
        var configuration = try AMQPClientConfiguration.fake(broker)
        configuration.refusalTolerance = .zero
        let recorder = EventRecorder()
        let client = try AMQPClient(configuration: configuration, observer: recorder)
        let error = await amqpError { try await client.publish(AMQPMessage("x"), to: Self.queue) }
        #expect(error?.outcome == .unknown(reason: .connectionClosed))
        try await client.reaches { $0.isClosed }
        await client.shutdown(deadline: .zero)
        #expect(recorder.names.last == "closed")
        #expect(recorder.names.count { $0 == "closed" } == 1)
        try await broker.finished()
    }

    /// A broker that takes every connection and ends it at once is asked less and less often.
    @Test func aFlappingBroker() async throws {
        let flaps = Array(repeating: [FakeStep.handshake(), .closeFIN, .expectClose], count: 60)
        let broker = try FakeBroker.start(connections: flaps)
        var configuration = try AMQPClientConfiguration.fake(broker)
        configuration.backoff = AMQPBackoff(initial: .milliseconds(50), maximum: .seconds(3600), multiplier: 4)
        let recorder = EventRecorder()
        let client = try AMQPClient(configuration: configuration, observer: recorder)
        let error = await amqpError {
            try await client.publish(AMQPMessage("x"), to: Self.queue, timeout: .milliseconds(600))
        }
        #expect(error?.outcome == .notSent(reason: .timeout))
        #expect(recorder.attempts.count < 12)
        await client.shutdown(deadline: .zero)
        await broker.stop()
    }

    // MARK: Topology

    /// Publishers are let go on when everything was declared after their connection came about, not before.
    @Test func publishersWaitForTheTopology() async throws {
        let asked = try FakeSignal()
        let release = try FakeSignal()
        let transcript = try await withFakeClient(
            [
                [
                    .handshake(), .silence(until: release), .openChannel(1), .confirmSelect(1), .expectPublish(),
                    .ack(1, 1), .goodbye,
                ],
                [
                    .handshake(), .openChannel(1), .expectMethod(.queueDeclare), .fire(asked),
                    .hold(until: release),
                    .sendMethod(1, .queueDeclareOK) {
                        $0.shortString("q")
                        $0.u32(0)
                        $0.u32(0)
                    },
                    .answerTopology(),
                ],
            ], topology: Self.topology
        ) { client in
            async let receipt = client.publish(AMQPMessage("x"), to: Self.queue)
            try await asked.fired()
            #expect(client.state.description == "connecting")
            release.fire()
            #expect(try await receipt.attempts == 1)
            #expect(client.state.isOpen)
        }
        #expect(transcript.connections[1].isEmpty == false)
    }

    /// What cannot be declared is reported and tried again from time to time, and publishes go on meanwhile.
    @Test func degradedAndMended() async throws {
        let refusals = Locked(3)
        try await withFakeClient(
            [
                [.publishingChannel, .expectPublish(), .ack(1, 1), .goodbye],
                [
                    .handshake(),
                    .answerTopology { method in
                        guard method.id == .queueDeclare else { return .accept }
                        let isRefused = refusals.withLock { left in
                            left -= 1
                            return left >= 0
                        }
                        return isRefused ? .closeChannel(406, "PRECONDITION_FAILED") : .accept
                    },
                ],
            ], topology: Self.topology, configure: { $0.topologyRetryInterval = .milliseconds(20) }
        ) { client in
            let receipt = try await client.publish(AMQPMessage("x"), to: Self.queue)
            #expect(receipt.attempts == 1)
            try await client.reaches { $0.isOpen }
            #expect(client.health().failures.isEmpty)
            #expect(refusals.withLock { $0 } < 0)
        }
    }

    /// Both connections come back, each on its own, and the topology is put in place again.
    @Test func bothConnectionsAreLost() async throws {
        let seen = SeenPublishes()
        let declares = Locked(0)
        let lose = try FakeSignal()
        let count: @Sendable (WireMethod) -> FakeStep.Reaction = { method in
            if method.id == .queueDeclare { declares.withLock { $0 += 1 } }
            return .accept
        }
        let first = try FakeBroker.start(connections: [
            [.publishingChannel, .expectPublish(into: seen), .ack(1, 1), .hold(until: lose), .reset],
            [.handshake(), .answerTopology { count($0) }],
            [.publishingChannel, .expectPublish(into: seen), .ack(1, 1), .goodbye],
        ])
        let client = try AMQPClient(configuration: .fake(first), topology: Self.topology)
        try await client.publish(AMQPMessage("a"), to: Self.queue)
        let before = declares.withLock { $0 }
        lose.fire()
        try await client.reaches { $0.isRecovering }
        try await client.publish(AMQPMessage("b"), to: Self.queue)
        // The broker that the new connection leads to may have lost what the last one had.
        #expect(declares.withLock { $0 } > before)
        #expect(client.health().publishing?.connectionCount == 2)
        #expect(client.health().consuming?.connectionCount == 1)
        await client.shutdown(deadline: .seconds(5))
        try await first.finished()
        #expect(seen.texts == ["a", "b"])
    }

    /// Many tasks that publish for the first time at once share one publisher, and so one channel.
    @Test func theFirstPublishesShareOneChannel() async throws {
        let acks = FakeStep("ack all") { (connection) throws(HarnessError) in
            var tag: UInt64 = 0
            while tag < 32 {
                _ = try connection.expectPublish(channel: 1)
                tag += 1
                try FakeStep.ack(1, tag).run(connection)
            }
        }
        let transcript = try await withFakeClient([[.publishingChannel, acks, .goodbye]]) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<32 {
                    group.addTask { try await client.publish(AMQPMessage("\(number)"), to: Self.queue) }
                }
                try await group.waitForAll()
            }
        }
        #expect(transcript.count("channel.open") == 1)
    }
}
