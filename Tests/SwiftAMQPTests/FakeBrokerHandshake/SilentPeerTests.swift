import SwiftAMQP
import TestSupport
import Testing

/// A peer that stops answering: the one connect deadline covers every stage.
@Suite(.timeLimit(.minutes(2))) struct SilentPeerTests {
    private static let stages: [(name: String, says: String, steps: [FakeStep])] = [
        ("after TCP", "connection.start", [.expectProtocolHeader]),
        ("inside start", "connection.start", [.expectProtocolHeader, .send([1, 0, 0, 0, 0, 1])]),
        ("after start", "connection.tune", [.expectProtocolHeader, .start(), .expectMethod(.connectionStartOK)]),
        (
            "after tune", "connection.open-ok",
            [
                .expectProtocolHeader, .start(), .expectMethod(.connectionStartOK), .tune(),
                .expectMethod(.connectionTuneOK), .expectMethod(.connectionOpen),
            ]
        ),
        // Heartbeats are no answer.
        (
            "after tune, with heartbeats", "connection.open-ok",
            [
                .expectProtocolHeader, .start(), .expectMethod(.connectionStartOK), .tune(),
                .expectMethod(.connectionTuneOK), .expectMethod(.connectionOpen), .sendHeartbeat, .sendHeartbeat,
            ]
        ),
    ]

    @Test(arguments: stages.indices) func silence(index: Int) async throws {
        let stage = Self.stages[index]
        let broker = try FakeBroker.start(stage.steps + [.expectClose])
        let timeout = Duration.milliseconds(200)
        let configuration = try broker.configuration { $0.connectTimeout = timeout }
        let start = ContinuousClock.now
        let punctuality = Punctuality(timeout)
        let error = await amqpError { try await AMQPConnection.connect(configuration) }
        let lateness = await punctuality.lateness()
        let took = ContinuousClock.now - start
        #expect(error?.code == .connectTimeout)
        #expect(error?.isRetriable == true)
        #expect(error?.text.contains(stage.says) == true, "\(error?.text ?? "")")
        #expect(took >= timeout)
        #expect(lateness <= Punctuality.allowance)
        // The client has hung up.
        try await broker.finished()
    }

    @Test func anUnreachablePort() async throws {
        let broker = try FakeBroker.start([.expectProtocolHeader])
        let configuration = try broker.configuration()
        // Its port is free again, and nobody listens.
        await broker.stop()
        let error = await amqpError { try await AMQPConnection.connect(configuration) }
        #expect(error?.code == .unreachable)
        #expect(error?.systemErrno != nil)
        #expect(error?.isRetriable == true)
        #expect(error?.endpoint == configuration.endpoint)
    }

    @Test func anUnknownHost() async throws {
        var configuration = AMQPConfiguration(host: "no-such-host.invalid")
        configuration.connectTimeout = .seconds(20)
        let error = await amqpError { try await AMQPConnection.connect(configuration) }
        #expect(error?.code == .resolveFailed)
    }

    /// The whole of what a broker says, cut after any byte.
    @Test(arguments: [true, false]) func hangsUpAfterAnyByte(isReset: Bool) async throws {
        let start = WireFrame.start().bytes
        let tune = WireFrame.tune().bytes
        let openOK = WireFrame.method(0, .connectionOpenOK) { $0.shortString("") }.bytes
        var cuts: [(stage: Int, count: Int)] = []
        for count in 0..<start.count { cuts.append((0, count)) }
        for count in 0..<tune.count { cuts.append((1, count)) }
        for count in 0..<openOK.count { cuts.append((2, count)) }
        for cut in cuts {
            var script: [FakeStep] = [.expectProtocolHeader]
            if cut.stage > 0 { script += [.send(start), .expectMethod(.connectionStartOK)] }
            if cut.stage > 1 {
                script += [.send(tune), .expectMethod(.connectionTuneOK), .expectMethod(.connectionOpen)]
            }
            script.append(.send(Array([start, tune, openOK][cut.stage].prefix(cut.count))))
            script.append(isReset ? .reset : .closeFIN)
            let broker = try FakeBroker.start(script)
            let configuration = try broker.configuration()
            let error = await amqpError { try await AMQPConnection.connect(configuration) }
            let expected: [AMQPError.Code] = [.connectionLost, .authenticationFailed, .virtualHostRefused]
            #expect(error?.code == expected[cut.stage], "stage \(cut.stage), \(cut.count) bytes: \(error as Any)")
            try await broker.finished()
        }
    }
}
