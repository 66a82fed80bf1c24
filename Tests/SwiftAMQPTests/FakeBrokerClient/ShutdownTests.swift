import TestSupport
import Testing

@testable import SwiftAMQP

/// A shutdown returns within its deadline and a quarter of a second, whatever the client is in and the broker does, and
/// every publish has its one outcome then.
@Suite(.timeLimit(.minutes(2))) struct ShutdownTests {
    private static let queue = AMQPAddress.queue("q")
    private static let topology = AMQPTopology(queues: [.classic("q")])

    /// Shuts down, and checks how long it takes and how these publishes end.
    @discardableResult
    private func shutDown(
        _ client: AMQPClient, within deadline: Duration, _ publishes: [Task<AMQPPublishReceipt, any Error>] = [],
        isAllHandedIn: Bool = true,
        _ isExpected: (AMQPPublishOutcome) -> Bool = { _ in true }
    ) async -> AMQPShutdownReport {
        let before = client.publishCounts.total
        let punctuality = Punctuality(deadline)
        let report = await client.shutdown(deadline: deadline)
        #expect(await punctuality.lateness() <= Punctuality.allowance)
        #expect(client.state.isClosed)
        for publish in publishes {
            do {
                _ = try await publish.value
                #expect(isExpected(.confirmed))
            } catch {
                let outcome = (error as? AMQPError)?.outcome
                #expect(outcome.map(isExpected) == true, "\(error)")
            }
        }
        #expect(await punctuality.lateness() <= Punctuality.allowance)
        // One that comes after the beginning of the end is refused, and not counted.
        let total = UInt64(publishes.count) - before
        #expect(isAllHandedIn ? report.publishes.total == total : report.publishes.total <= total)
        #expect(client.health().unconfirmedMessages == 0)
        let late = await amqpError { try await client.publish(AMQPMessage("late"), to: Self.queue) }
        #expect(late?.code == .closed)
        return report
    }

    private func publish(_ client: AMQPClient, _ count: Int = 1) -> [Task<AMQPPublishReceipt, any Error>] {
        (0..<count).map { number in
            Task { try await client.publish(AMQPMessage("\(number)"), to: Self.queue) }
        }
    }

    @Test(arguments: [Duration.zero, .milliseconds(200), .seconds(3600)]) func neverConnected(deadline: Duration)
        async throws
    {
        let client = try AMQPClient(
            configuration: AMQPClientConfiguration(try AMQPConfiguration(url: "amqp://127.0.0.1:1")))
        let punctuality = Punctuality(.zero)
        let report = await client.shutdown(deadline: deadline)
        #expect(await punctuality.lateness() <= Punctuality.allowance)
        #expect(!report.isTimedOut)
        #expect(report.publishes.total == 0)
        #expect(client.state.isClosed)
        #expect(await amqpError { try await client.connect() }?.code == .closed)
    }

    /// Nothing is under way: not even a deadline of nothing has cut anything short.
    @Test func idleWithoutADeadline() async throws {
        let broker = try FakeBroker.start([.publishingChannel, .expectPublish(), .ack(1, 1), .goodbye])
        let client = try AMQPClient(configuration: .fake(broker))
        try await client.publish(AMQPMessage("x"), to: Self.queue)
        let report = await client.shutdown(deadline: .zero)
        #expect(!report.isTimedOut)
        #expect(report.abandoned == 0)
        try await broker.finished()
    }

    @Test func aSilentPeer() async throws {
        let broker = try FakeBroker.start([.expectProtocolHeader, .expectClose])
        let client = try AMQPClient(configuration: .fake(broker))
        let publishes = publish(client, 3)
        try await until("the publishes") { client.health().unconfirmedMessages == 3 }
        let report = await shutDown(client, within: .milliseconds(150), publishes) {
            $0 == .notSent(reason: .connectionClosed)
        }
        #expect(report.isTimedOut)
        #expect(report.abandoned == 3)
        try await broker.finished()
    }

    /// Some may have arrived, some were never sent, and nobody listens any more.
    @Test func recovering() async throws {
        let broker = try FakeBroker.start([.publishingChannel, .expectPublish(), .reset])
        let client = try AMQPClient(configuration: .fake(broker))
        let sent = publish(client)
        try await client.reaches { $0.isRecovering }
        let waiting = publish(client, 2)
        try await until("the publishes") { client.health().unconfirmedMessages == 3 }
        await shutDown(client, within: .milliseconds(150), sent + waiting) {
            $0 == .notSent(reason: .connectionClosed) || $0 == .unknown(reason: .connectionClosed)
        }
        #expect(client.publishCounts.unknown == 1)
        #expect(client.publishCounts.notSent == 2)
        try await broker.finished()
    }

    @Test func blocked() async throws {
        let broker = try FakeBroker.start([.publishingChannel, .blocked("memory"), .goodbye])
        let client = try AMQPClient(configuration: .fake(broker))
        _ = try client.core.defaultPublisher()
        try await client.reaches { $0.isBlocked }
        let publishes = publish(client, 3)
        try await until("the publishes") { client.health().unconfirmedMessages == 3 }
        await shutDown(client, within: .milliseconds(150), publishes) { $0 == .notSent(reason: .connectionClosed) }
        await broker.stop()
    }

    /// Takes bytes and never answers: a broker that is paused, or a black hole on the way back.
    @Test(arguments: [true, false]) func aPeerThatNeverAnswers(isReading: Bool) async throws {
        let over = try FakeSignal()
        let arrived = try FakeSignal()
        let broker = try FakeBroker.start([
            .publishingChannel, .expectPublish(), .fire(arrived),
            isReading ? .silence(until: over) : .hold(until: over),
        ])
        let client = try AMQPClient(configuration: .fake(broker))
        let publishes = publish(client, 3)
        try await arrived.fired()
        try await until("the publishes") { client.health().unconfirmedMessages == 3 }
        let report = await shutDown(client, within: .milliseconds(150), publishes) {
            $0 == .unknown(reason: .connectionClosed)
        }
        #expect(report.isTimedOut)
        #expect(report.publishes.unknown == 3)
        over.fire()
        try await broker.finished()
    }

    /// What is confirmed in time is confirmed, also while shutting down.
    @Test func whatWasHandedInIsFinished() async throws {
        let begin = try FakeSignal()
        let broker = try FakeBroker.start([
            .publishingChannel, .expectPublish(), .hold(until: begin), .ack(1, 1), .goodbye,
        ])
        let client = try AMQPClient(configuration: .fake(broker))
        let publishes = publish(client)
        try await until("the publish") { client.health().unconfirmedMessages == 1 }
        let states = client.states
        async let report = client.shutdown(deadline: .seconds(5))
        for await state in states {
            if case .closing = state { begin.fire() }
        }
        #expect(await report.publishes.confirmed == 1)
        #expect(await !report.isTimedOut)
        #expect(try await publishes[0].value.attempts == 1)
        try await broker.finished()
    }

    @Test func whileTheTopologyIsRestored() async throws {
        let asked = try FakeSignal()
        let broker = try FakeBroker.start(connections: [
            [.handshake(), .expectClose],
            [.handshake(), .openChannel(1), .expectMethod(.queueDeclare), .fire(asked), .expectClose],
        ])
        let client = try AMQPClient(configuration: .fake(broker), topology: Self.topology)
        let publishes = publish(client, 2)
        try await asked.fired()
        try await until("the publishes") { client.health().unconfirmedMessages == 2 }
        await shutDown(client, within: .milliseconds(150), publishes) { $0 == .notSent(reason: .connectionClosed) }
        await broker.stop()
    }

    /// Some are inside, others wait for room.
    @Test func withPublishesOutside() async throws {
        let broker = try FakeBroker.start([.expectProtocolHeader, .expectClose])
        let client = try AMQPClient(configuration: .fake(broker))
        let publisher = try client.publisher(window: 2)
        let publishes = (0..<6).map { number in
            Task { try await publisher.publish(AMQPMessage("\(number)"), to: Self.queue) }
        }
        try await until("the window to fill") { publisher.unconfirmedCount == 2 }
        for _ in 0..<100 { await Task.yield() }
        await shutDown(client, within: .milliseconds(150), publishes, isAllHandedIn: false) {
            $0 == .notSent(reason: .connectionClosed)
        }
        try await broker.finished()
    }

    /// Twice at once, and from a task that is cancelled: one shutdown, and both get what came of it.
    @Test func twiceAtOnceAndCancelled() async throws {
        let over = try FakeSignal()
        let arrived = try FakeSignal()
        let broker = try FakeBroker.start([
            .publishingChannel, .expectPublish(), .fire(arrived), .silence(until: over),
        ])
        let client = try AMQPClient(configuration: .fake(broker))
        let publishes = publish(client)
        try await arrived.fired()
        let punctuality = Punctuality(.milliseconds(200))
        let start = ContinuousClock.now
        let first = Task { await client.shutdown(deadline: .milliseconds(200)) }
        try await until("the shutdown") { if case .closing = client.state { true } else { false } }
        let second = Task { await client.shutdown(deadline: .zero) }
        first.cancel()
        let reports = [await first.value, await second.value]
        #expect(ContinuousClock.now - start >= .milliseconds(190))
        #expect(await punctuality.lateness() <= Punctuality.allowance)
        #expect(reports[0] == reports[1])
        #expect(reports[0].isTimedOut)
        #expect(await amqpError { try await publishes[0].value }?.outcome == .unknown(reason: .connectionClosed))
        over.fire()
        try await broker.finished()
    }

    /// Nobody holds the client any more: everything ends by itself, and nothing of it is left.
    @Test func letGoWithoutAShutdown() async throws {
        let broker = try FakeBroker.start([.publishingChannel, .expectPublish(), .ack(1, 1), .expectClose])
        let (states, held) = try await Self.publishAndLetGo(broker)
        var last: AMQPClientState?
        for await state in states { last = state }
        #expect(last?.isClosed == true)
        try await broker.finished()
        try await until("everything to be let go") { !held.isAnythingLeft }
    }

    private static func publishAndLetGo(_ broker: FakeBroker) async throws -> (AMQPClientStates, Held) {
        let client = try AMQPClient(configuration: .fake(broker))
        try await client.publish(AMQPMessage("x"), to: queue)
        return (client.states, try Held(client))
    }

    /// The parts of a client, without holding them.
    struct Held {
        weak var core: ClientCore?
        weak var link: SupervisedLink?
        weak var topology: TopologyKeeper?
        weak var publisher: ResendingPublisher?
        let isComplete: Bool

        init(_ client: AMQPClient) throws {
            core = client.core
            link = client.core.publishing
            topology = client.core.topology
            publisher = try client.core.defaultPublisher()
            isComplete = core != nil && link != nil && topology != nil && publisher != nil
        }

        var isAnythingLeft: Bool { core != nil || link != nil || topology != nil || publisher != nil }
    }

    /// What waits in the lines of a client that is let go while it recovers does not hold it.
    @Test func shutDownWhileRecoveringLeavesNothing() async throws {
        let broker = try FakeBroker.start([.publishingChannel, .expectPublish(), .reset])
        let held = try await shutDownWhileRecovering(broker)
        #expect(held.isComplete)
        try await until("everything to be let go") { !held.isAnythingLeft }
        try await broker.finished()
    }

    private func shutDownWhileRecovering(_ broker: FakeBroker) async throws -> Held {
        let client = try AMQPClient(configuration: .fake(broker))
        let sent = publish(client)
        try await client.reaches { $0.isRecovering }
        let waiting = publish(client, 5)
        try await until("the publishes") { client.health().unconfirmedMessages == 6 }
        let held = try Held(client)
        await client.shutdown(deadline: .zero)
        for task in sent + waiting { _ = await amqpError { try await task.value } }
        return held
    }
}
