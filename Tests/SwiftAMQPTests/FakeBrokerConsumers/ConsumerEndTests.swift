import AMQPTransport
import TestSupport
import Testing

@testable import SwiftAMQP

/// A consumer ends once, by its deadline, whatever it is in and whoever ends it.
@Suite(.timeLimit(.minutes(2))) struct ConsumerEndTests {
    /// Shuts down, and checks how long it takes.
    private func shutDown(_ client: AMQPClient, within deadline: Duration) async -> AMQPShutdownReport {
        let punctuality = Punctuality(deadline)
        let report = await client.shutdown(deadline: deadline)
        #expect(await punctuality.lateness() <= Punctuality.allowance)
        #expect(client.state.isClosed)
        #expect(client.health().consumers.isEmpty)
        return report
    }

    /// Subscribed on channel 1 of the only connection.
    private static let subscribed: [FakeStep] = [
        .handshake(), .openChannel(1), .answerConsume(1, tag: "c"),
    ]

    private static var configuration: AMQPConsumerConfiguration {
        var configuration = AMQPConsumerConfiguration(queue: "q")
        configuration.consumerTag = "c"
        configuration.backoff = AMQPBackoff(initial: .milliseconds(1), maximum: .milliseconds(5))
        return configuration
    }

    // MARK: The deadline

    @Test func whileConnecting() async throws {
        let asked = try FakeSignal()
        let broker = try FakeBroker.start([.expectProtocolHeader, .fire(asked), .expectClose])
        let client = try AMQPClient(configuration: .fake(broker))
        let consumer = try client.consume(Self.configuration) { _ in .ack }
        try await asked.fired()
        let report = await shutDown(client, within: .milliseconds(100))
        #expect(!report.isTimedOut)
        try await consumer.run()
        try await broker.finished()
    }

    @Test func whileSubscribing() async throws {
        let over = try FakeSignal()
        let asked = try FakeSignal()
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .answer(1, .basicQos, .basicQosOK), .expectMethod(.basicConsume),
            .fire(asked), .silence(until: over),
        ])
        let client = try AMQPClient(configuration: .fake(broker))
        let consumer = try client.consume(Self.configuration) { _ in .ack }
        try await asked.fired()
        _ = await shutDown(client, within: .milliseconds(100))
        try await consumer.run()
        over.fire()
        try await broker.finished()
    }

    /// The broker takes everything and answers nothing: paused, or the way back is a black hole. A handler hangs, too.
    @Test(arguments: [true, false], [Duration.zero, .milliseconds(150)]) func aBrokerThatNeverAnswers(
        isReading: Bool, deadline: Duration
    ) async throws {
        let over = try FakeSignal()
        let broker = try FakeBroker.start(
            Self.subscribed + [
                .deliver(1, consumerTag: "c", tag: 1), isReading ? .silence(until: over) : .hold(until: over),
            ])
        let client = try AMQPClient(configuration: .fake(broker))
        let gate = TestGate()
        let wasCancelled = Locked(false)
        let consumer = try client.consume(Self.configuration) { _ in
            await gate.pass()
            wasCancelled.withLock { $0 = Task.isCancelled }
            return .ack
        }
        try await until("the handler") { gate.arrivals == 1 }
        let report = await shutDown(client, within: deadline)
        #expect(report.isTimedOut)
        #expect(report.unfinishedHandlers == 1)
        gate.open()
        try await until("the handler to come back") { consumer.counts.handled == 1 }
        #expect(consumer.counts.stale == 1)
        #expect(wasCancelled.withLock { $0 })
        try await consumer.run()
        over.fire()
        try await broker.finished()
    }

    @Test func whileBlockedAndWaitingForABackoff() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .blocked("memory"), .openChannel(1), .answer(1, .basicQos, .basicQosOK),
            .expectMethod(.basicConsume), .sendChannelClose(1, 404, "NOT_FOUND"), .expectMethod(.channelCloseOK),
            .goodbye,
        ])
        let client = try AMQPClient(configuration: .fake(broker))
        var configuration = Self.configuration
        configuration.backoff = AMQPBackoff(initial: .seconds(3600), maximum: .seconds(3600))
        let consumer = try client.consume(configuration) { _ in .ack }
        try await client.reaches { $0.isDegraded || $0.isBlocked }
        try await until("the refusal") { client.health().consumers.first?.lastError != nil }
        let report = await shutDown(client, within: .seconds(5))
        #expect(!report.isTimedOut)
        try await consumer.run()
        try await broker.finished()
    }

    @Test func whilePaused() async throws {
        let queues = FakeQueues(["q"], messages: 40)
        let broker = try FakeBroker.start(connections: [queues.session()])
        let client = try AMQPClient(configuration: .fake(broker))
        var configuration = Self.configuration
        configuration.circuitBreaker = AMQPCircuitBreaker(
            window: 2, minimumResults: 2, pause: AMQPBackoff(initial: .seconds(3600), maximum: .seconds(3600)),
            trialResults: 1)
        configuration.failures = .requeue(limit: nil)
        let consumer = try client.consume(configuration) { _ in .retry }
        try await until("the pause") { client.health().consumers.first?.isPaused == true }
        #expect(client.state.isOpen)
        let report = await shutDown(client, within: .seconds(5))
        #expect(!report.isTimedOut)
        #expect(consumer.counts.handled <= consumer.counts.settled)
        try await broker.finished()
        try await until("everything to be back") { queues["q"].ready.count == 40 }
    }

    /// Without anything under way not even a deadline of nothing cuts something short.
    @Test func idleWithoutADeadline() async throws {
        let queues = FakeQueues(["q"], messages: 3)
        let broker = try FakeBroker.start(connections: [queues.session()])
        let client = try AMQPClient(configuration: .fake(broker))
        _ = try client.consume(Self.configuration) { _ in .ack }
        try await until("everything to be settled") { queues["q"].acked.count == 3 }
        let report = await shutDown(client, within: .zero)
        #expect(!report.isTimedOut)
        await broker.stop()
    }

    // MARK: Who ends it

    /// A handler that waits for the end of its own consumer, or client, waits for itself: until the deadline.
    @Test(arguments: [true, false]) func aHandlerThatEndsItsOwnConsumer(isClient: Bool) async throws {
        let queues = FakeQueues(["q"], messages: 1)
        let broker = try FakeBroker.start(connections: [queues.session()])
        let client = try AMQPClient(configuration: .fake(broker))
        let handle = Locked<AMQPConsumer?>(nil)
        let took = Locked<Duration?>(nil)
        let consumer = try client.consume(Self.configuration) { _ in
            let punctuality = Punctuality(.milliseconds(100))
            if isClient {
                await client.shutdown(deadline: .milliseconds(100))
            } else {
                while handle.withLock({ $0 }) == nil { await Task.yield() }
                await handle.withLock { $0 }?.cancel(deadline: .milliseconds(100))
            }
            let lateness = await punctuality.lateness()
            took.withLock { $0 = lateness }
            return .ack
        }
        handle.withLock { $0 = consumer }
        try await until("the handler to come back") { consumer.counts.handled == 1 }
        let lateness = try #require(took.withLock { $0 })
        #expect(lateness <= Punctuality.allowance)
        #expect(consumer.counts.stale == 1)
        await client.shutdown()
        handle.withLock { $0 = nil }
        try await broker.finished()
        #expect(queues["q"].ready == [0])
    }

    /// Whoever is first, and at any moment of the beginning: nobody waits for ever, and the broker is left in good order.
    @Test func endedAtAnyMoment() async throws {
        for round in 0..<60 {
            let queues = FakeQueues(["q"], messages: 50)
            let broker = try FakeBroker.start(connections: [queues.session()])
            try await Watchdog.with { watchdog in
                try await watchdog.watch("round \(round)", within: .seconds(10)) {
                    let client = try AMQPClient(configuration: .fake(broker))
                    let consumer = try client.consume(Self.configuration) { _ in .ack }
                    let running = Task { try await consumer.run() }
                    for _ in 0..<(1 << (round % 12)) { await Task.yield() }
                    async let first = consumer.cancel()
                    async let second = consumer.cancel()
                    if round % 3 == 0 { consumer.core(of: client)?.pause(for: .seconds(3600)) }
                    if round % 2 == 0 { _ = await client.shutdown() }
                    _ = await (first, second)
                    try await running.value
                    #expect(await consumer.cancel() == consumer.counts)
                    #expect(consumer.counts.handled == consumer.counts.acked + consumer.counts.stale)
                    await client.shutdown()
                }
            }
            await broker.stop()
            #expect(queues.complaint == nil)
            let queue = queues["q"]
            #expect(queue.acked.count + queue.ready.count == 50, "round \(round)")
        }
    }

    /// Made while the client is being ended, on another task: refused, or ended like the others.
    @Test func madeWhileTheClientEnds() async throws {
        for round in 0..<40 {
            let broker = try FakeBroker.start(connections: [FakeQueues(["q"], messages: 5).session()])
            try await Watchdog.with { watchdog in
                try await watchdog.watch("round \(round)", within: .seconds(10)) {
                    let client = try AMQPClient(configuration: .fake(broker))
                    if round % 2 == 0 { try await client.connect([.consuming]) }
                    let maker = Task {
                        for _ in 0..<(1 << (round % 8)) { await Task.yield() }
                        let consumer = try client.consume("q") { _ in .ack }
                        try await consumer.run()
                    }
                    await client.shutdown()
                    let error = await amqpError { try await maker.value }
                    #expect(error == nil || error?.code == .closed)
                }
            }
            await broker.stop()
        }
    }

    /// One that is stopped before it has begun ends all the same.
    @Test func stoppedBeforeItBegan() async throws {
        let client = try AMQPClient(
            configuration: AMQPClientConfiguration(try AMQPConfiguration(url: "amqp://127.0.0.1:1")))
        let consumer = try client.core.makeConsumer(Self.configuration)
        #expect(await consumer.stop(by: .now()))
        consumer.start { _ in
            .ack
        } publish: { (_, _) async throws(AMQPError) in
        }
        try await until("it to end") { consumer.ended.outcome != nil }
        await client.shutdown(deadline: .zero)
    }

    /// The broker has ended it for good: whoever waits for it is told, and the rest of the client goes on.
    @Test func theBrokerEndsIt() async throws {
        let broker = try FakeBroker.start(
            Self.subscribed + [.send(Hostile.cancel("c")), .channelCloseOK(1), .goodbye])
        let client = try AMQPClient(configuration: .fake(broker))
        var configuration = Self.configuration
        configuration.whenCancelledByBroker = .end
        let consumer = try client.consume(configuration) { _ in .ack }
        #expect(await amqpError { try await consumer.run() }?.code == .cancelledByBroker)
        try await until("it to be let go") { client.core.lock.withLock { client.core.consumers.isEmpty } }
        #expect(client.state.isOpen)
        await client.shutdown()
        try await broker.finished()
    }

    /// The client may not come back: its consumers end with the reason, each way of waiting for them.
    @Test(arguments: [true, false]) func theClientEnds(isLoop: Bool) async throws {
        for _ in 0..<10 {
            let broker = try FakeBroker.start([
                .expectProtocolHeader, .start(), .expectMethod(.connectionStartOK),
                .sendConnectionClose(403, "ACCESS_REFUSED"), .expectClose,
            ])
            var clients = try AMQPClientConfiguration.fake(broker)
            clients.firstConnect = .once
            let client = try AMQPClient(configuration: clients)
            let error = await amqpError {
                if isLoop {
                    try await client.withConsumer(Self.configuration) { for try await _ in $0 {} }
                } else {
                    try await client.consume(Self.configuration) { _ in .ack }.run()
                }
            }
            #expect(error?.code == .authenticationFailed, "\(error as Any)")
            await client.shutdown()
            await broker.stop()
        }
    }

    /// A task that runs a consumer and is cancelled ends when its handlers have.
    @Test func runEndsAfterTheHandlers() async throws {
        let queues = FakeQueues(["q"], messages: 1)
        let broker = try FakeBroker.start(connections: [queues.session()])
        let client = try AMQPClient(configuration: .fake(broker))
        let gate = TestGate()
        let consumer = try client.consume(Self.configuration) { _ in
            await gate.pass()
            return .ack
        }
        let hasEnded = Locked(false)
        let running = Task {
            try await consumer.run()
            hasEnded.withLock { $0 = true }
        }
        try await until("the handler") { gate.arrivals == 1 }
        running.cancel()
        try await until("the subscription to end") { client.health().consumers.isEmpty }
        for _ in 0..<200 { await Task.yield() }
        #expect(!hasEnded.withLock { $0 })
        gate.open()
        try await running.value
        #expect(consumer.counts.acked == 1)
        await client.shutdown()
        try await broker.finished()
    }

    /// Handlers that hold their client and their consumer hold them as long as it lasts, and no longer.
    @Test(arguments: [true, false]) func cyclesEndWithTheConsumer(isShutDown: Bool) async throws {
        let queues = FakeQueues(["q"], messages: 5)
        let broker = try FakeBroker.start(connections: [queues.session()])
        weak var core: ClientCore?
        do {
            let client = try AMQPClient(configuration: .fake(broker))
            core = client.core
            let handle = Locked<AMQPConsumer?>(nil)
            let consumer = try client.consume(Self.configuration) { _ in
                _ = client.health()
                return handle.withLock { _ in .ack }
            }
            handle.withLock { $0 = consumer }
            try await until("everything to be settled") { queues["q"].acked.count == 5 }
            if isShutDown { await client.shutdown() } else { await consumer.cancel() }
        }
        try await until("the client to go") { core == nil }
        await broker.stop()
    }

    // MARK: Automatic acknowledgement

    /// The queue is not there yet, nothing is declared, and nothing else has a connection: it is tried again.
    @Test func automaticallyAcknowledgingWaitsForItsQueue() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .answer(1, .basicQos, .basicQosOK), .expectMethod(.basicConsume),
            .sendChannelClose(1, 404, "NOT_FOUND"), .expectMethod(.channelCloseOK), .openChannel(1),
            .answerConsume(1, tag: "c"), .answerCancel(1, tag: "c"), .channelCloseOK(1), .goodbye,
        ])
        let client = try AMQPClient(configuration: .fake(broker))
        var configuration = Self.configuration
        configuration.acknowledgement = .automatic
        _ = try client.consume(configuration) { _ in .ack }
        try await until("the subscription") { client.health().consumers.first?.isSubscribed == true }
        await client.shutdown()
        try await broker.finished()
    }

    /// What the broker sends until it hears of the end is handled: it has forgotten it.
    @Test(arguments: [1, 4]) func automaticallyAcknowledgedIsHandledToTheEnd(concurrency: Int) async throws {
        let broker = try FakeBroker.start(
            Self.subscribed + [
                .expectMethod(.basicCancel),
                .steps("late", (UInt64(1)...50).map { .deliver(1, consumerTag: "c", tag: $0) }),
                .sendMethod(1, .basicCancelOK) { $0.shortString("c") }, .channelCloseOK(1), .goodbye,
            ])
        let client = try AMQPClient(configuration: .fake(broker))
        var configuration = Self.configuration
        configuration.acknowledgement = .automatic
        configuration.maximumConcurrency = concurrency
        let handled = Locked(0)
        let consumer = try client.consume(configuration) { _ in
            await Task.yield()
            handled.withLock { $0 += 1 }
            return .ack
        }
        try await until("the subscription") { client.health().consumers.first?.isSubscribed == true }
        let counts = await consumer.cancel()
        #expect(handled.withLock { $0 } == 50)
        #expect(counts.handled == 50)
        await client.shutdown()
        try await broker.finished()
    }
}

extension AMQPConsumer {
    /// What is behind it, as long as its client knows it.
    fileprivate func core(of client: AMQPClient) -> SupervisedConsumer? {
        client.core.lock.withLock { client.core.consumers.values.first { $0.tag == tag } }
    }
}
