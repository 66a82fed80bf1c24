import TestSupport
import Testing

@testable import SwiftAMQP

@Suite(.timeLimit(.minutes(2))) struct TopologyApplierTests {
    private static let topology = AMQPTopology(
        exchanges: [.direct("good"), .direct("bad"), .topic("other")], queues: [.quorum("q"), .quorum("worse")],
        bindings: [
            .queue("q", to: "good"), .queue("q", to: "bad"), .queue("worse", to: "good"),
            .exchange("other", to: "good", routingKey: "k"), .exchange("bad", to: "other"),
        ])

    private static var steps: [TopologyStep] { TopologyRecord(declared: topology).steps }

    @Test func everythingIsDeclaredInOrderOnOneChannel() async throws {
        let transcript = try await withFakeConnection([.answerTopology()]) { connection in
            let report = try await TopologyApplier(connection: connection).apply(Self.steps)
            #expect(report.isComplete)
            #expect(report.declared == Self.steps.map(\.entity))
            #expect(report.renamedQueues.isEmpty)
        }
        let names = transcript.session.compactMap { $0.split(separator: " ").first.map(String.init) }
        let expected =
            ["channel.open"] + Array(repeating: "exchange.declare", count: 3)
            + Array(repeating: "queue.declare", count: 2) + Array(repeating: "queue.bind", count: 3)
            + Array(repeating: "exchange.bind", count: 2)
        #expect(Array(names.prefix(expected.count)) == expected)
    }

    @Test func nothingIsAskedForAnEmptyTopology() async throws {
        let transcript = try await withFakeConnection([.answerTopology()]) { connection in
            let report = try await TopologyApplier(connection: connection).apply([])
            #expect(report.isComplete)
            #expect(report.declared.isEmpty)
        }
        #expect(transcript.count("channel.open") == 0)
    }

    /// What is refused is reported with the broker's words, its bindings with it as the cause, and the rest is there.
    @Test func siblingsSurvive() async throws {
        let transcript = try await withFakeConnection([
            .answerTopology { method in
                if method.id == .exchangeDeclare, method["exchange"]?.text == "bad" {
                    return .closeChannel(406, "PRECONDITION_FAILED - inequivalent arg 'type'")
                }
                if method.id == .queueDeclare, method["queue"]?.text == "worse" {
                    return .closeChannel(405, "RESOURCE_LOCKED")
                }
                if method.id == .exchangeBind { return .closeChannel(403, "ACCESS_REFUSED") }
                return .accept
            }
        ]) { connection in
            let report = try await TopologyApplier(connection: connection).apply(Self.steps)
            #expect(
                report.declared == [
                    .exchange("good"), .exchange("other"), .queue("q"), .binding(.queue("q", to: "good")),
                ])
            #expect(
                report.failures.map(\.entity) == [
                    .exchange("bad"), .queue("worse"), .binding(.queue("q", to: "bad")),
                    .binding(.queue("worse", to: "good")), .binding(.exchange("other", to: "good", routingKey: "k")),
                    .binding(.exchange("bad", to: "other")),
                ])
            #expect(report.failures.map(\.error.replyCode) == [406, 405, 406, 405, 403, 406])
            #expect(report.failures.map { $0.error.underlying?.replyCode } == [nil, nil, 406, 405, nil, 406])
            #expect(report.failures.first?.error.text.contains("inequivalent arg 'type'") == true)
            #expect(report.failures[2].description.contains("exchange 'bad' could not be declared"))
            #expect(connection.state.isOpen)
        }
        // Those whose end failed were not tried.
        #expect(transcript.count("queue.bind") == 1)
        #expect(transcript.count("exchange.bind") == 1)
    }

    /// What cannot be sent is that entity's failure, and costs no channel.
    @Test func whatIsRefusedLocallyIsReported() async throws {
        let long = String(repeating: "x", count: 256)
        let transcript = try await withFakeConnection([.answerTopology()]) { connection in
            let topology = AMQPTopology(
                queues: [.quorum(long), .classic("odd", arguments: ["x-odd": .double(.nan)]), .quorum("q")])
            let report = try await TopologyApplier(connection: connection).apply(
                TopologyRecord(declared: topology).steps)
            #expect(report.failures.map(\.error.code) == [.invalidArgument, .invalidArgument])
            #expect(report.declared == [.queue("q")])
        }
        #expect(transcript.count("channel.open") == 1)
    }

    // MARK: Server-named queues

    @Test func bindingsFollowAServerNamedQueue() async throws {
        let transcript = try await withFakeConnection([.answerTopology()]) { connection in
            var record = TopologyRecord(
                declared: AMQPTopology(queues: [.serverNamed()], bindings: [.queue("", to: "e")]))
            record.didDeclare(.serverNamed(), named: "old")
            record.didBind(.queue("old", to: "f", routingKey: "old"))
            let report = try await TopologyApplier(connection: connection).apply(record.steps)
            #expect(report.isComplete)
            #expect(report.renamedQueues == ["": "gen-1", "old": "gen-2"])
            #expect(
                report.declared == [
                    .queue("gen-1"), .queue("gen-2"), .binding(.queue("gen-1", to: "e")),
                    .binding(.queue("gen-2", to: "f", routingKey: "old")),
                ])
            for (old, new) in report.renamedQueues { record.didRename(queue: old, to: new) }
            #expect(record.steps.map(\.entity) == report.declared)
        }
        let bound = transcript.methods.filter { $0.id == .queueBind }.map { $0["queue"]?.text }
        #expect(bound == ["gen-1", "gen-2"])
    }

    /// One that is not exclusive may still be there, with messages in it.
    @Test func aServerNamedQueueThatSurvivedIsKept() async throws {
        try await withFakeConnection([
            .answerTopology { method in
                if method.id == .queueDeclare, method["passive"]?.flag == true, method["queue"]?.text == "lost" {
                    return .closeChannel(404, "NOT_FOUND")
                }
                return .accept
            }
        ]) { connection in
            let durable = AMQPQueue(name: "")
            let report = try await TopologyApplier(connection: connection).apply([
                .queue(durable, recordedName: "kept"), .queue(durable, recordedName: "lost"),
                .queue(durable, recordedName: ""), .binding(.queue("kept", to: "e")),
                .binding(.queue("lost", to: "e")),
            ])
            #expect(report.renamedQueues == ["lost": "gen-1", "": "gen-2"])
            #expect(
                report.declared == [
                    .queue("kept"), .queue("gen-1"), .queue("gen-2"), .binding(.queue("kept", to: "e")),
                    .binding(.queue("gen-1", to: "e")),
                ])
        }
    }

    // MARK: The connection goes

    @Test(arguments: 0..<3) func theConnectionIsLost(after count: Int) async throws {
        let seen = Locked(0)
        let broker = try FakeBroker.start([
            .handshake(),
            .answerTopology { method in
                guard method.id == .exchangeDeclare else { return .accept }
                return seen.withLock { seen in
                    defer { seen += 1 }
                    return seen == count ? .reset : .accept
                }
            },
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let error = await amqpError { try await TopologyApplier(connection: connection).apply(Self.steps) }
        #expect(error?.code == .connectionLost)
        _ = await connection.waitUntilClosed()
        _ = await broker.stop()
    }

    /// A broker that closes the connection for an entity would do it again: the caller learns for which, and can leave
    /// it out. A broker that goes down says nothing about the entity.
    @Test(arguments: [(503, true), (541, true), (320, false)])
    func theEntityThatEndsTheConnectionIsNamed(code: UInt16, isVerdict: Bool) async throws {
        let broker = try FakeBroker.start([
            .handshake(),
            .answerTopology { method in
                method["exchange"]?.text == "bad" ? .closeConnection(code, "COMMAND_INVALID") : .accept
            },
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let outcome = await TopologyApplier(connection: connection).run(Self.steps)
        guard case .connectionEnded(let error, let culprit) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(error.replyCode == code)
        #expect(culprit == (isVerdict ? .exchange("bad") : nil))
        _ = await broker.stop()

        guard let culprit else { return }
        try await withFakeConnection([.answerTopology()]) { connection in
            let outcome = await TopologyApplier(connection: connection).run(
                Self.steps, excluding: [AMQPTopologyFailure(entity: culprit, error: error)])
            guard case .applied(let report) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(report.failures.map(\.error.replyCode) == [code, code, code])
            #expect(report.declared.count == Self.steps.count - 3)
        }
    }

    @Test func anEntityWithoutAnAnswerIsReportedAtItsDeadline() async throws {
        try await withFakeConnection(
            [.answerTopology { $0["queue"]?.text == "worse" && $0.id == .queueDeclare ? .ignore : .accept }],
            configure: { $0.rpcTimeout = .milliseconds(300) * Deadline.scale }
        ) { connection in
            let report = try await TopologyApplier(connection: connection).apply(Self.steps)
            #expect(
                report.failures.map(\.entity) == [.queue("worse"), .binding(.queue("worse", to: "good"))])
            #expect(report.failures.map(\.error.code) == [.timeout, .timeout])
        }
    }

    /// Then nothing would be answered, and each entity would take its whole deadline.
    @Test func aBrokerThatOpensNoChannelIsNoBroker() async throws {
        try await withFakeConnection(
            [.answerTopology { $0.id == .channelOpen ? .ignore : .accept }],
            configure: { $0.rpcTimeout = .milliseconds(300) * Deadline.scale }
        ) { connection in
            let error = await amqpError { try await TopologyApplier(connection: connection).apply(Self.steps) }
            #expect(error?.code == .timeout)
        }
    }

    @Test func cancellationEndsIt() async throws {
        let asked = try FakeSignal()
        try await withFakeConnection([
            .answerTopology { method in
                guard method.id == .queueDeclare else { return .accept }
                asked.fire()
                return .ignore
            }
        ]) { connection in
            let applying = Task {
                await amqpError { try await TopologyApplier(connection: connection).apply(Self.steps) }
            }
            try await asked.fired()
            applying.cancel()
            #expect(await applying.value?.code == .cancelled)
            #expect(connection.state.isOpen)
        }
    }

    /// While all channel ids are in use nothing can be declared, and that passes.
    @Test func noChannelIsFree() async throws {
        try await withFakeConnection([.answerTopology()], handshake: .handshake(channelMax: 1)) { connection in
            let channel = try await connection.openChannel()
            let report = try await TopologyApplier(connection: connection).apply(Self.steps)
            #expect(report.declared.isEmpty)
            #expect(report.failures.count == Self.steps.count)
            #expect(report.failures.allSatisfy { $0.error.code == .channelIDsExhausted && $0.error.isRetriable })
            await channel.close()
            #expect(try await TopologyApplier(connection: connection).apply(Self.steps).isComplete)
        }
    }
}

extension AMQPConnection.State {
    fileprivate var isOpen: Bool { if case .open = self { true } else { false } }
}
