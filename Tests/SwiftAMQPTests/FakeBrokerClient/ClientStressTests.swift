import SwiftAMQP
import TestSupport
import Testing

/// Many tasks, random deadlines, policies, cancellations and losses: each publish ends once, by its deadline, and
/// nothing that ended as not sent was ever seen by the broker.
@Suite(.timeLimit(.minutes(3))) struct ClientStressTests {
    private static let tasks = 16
    private static let publishesPerTask = 60

    @Test(arguments: [1, 2, 3]) func everyPublishEndsOnceInTime(seed: UInt64) async throws {
        let seen = Locked<Set<String>>([])
        let broker = try FakeBroker.start(
            connections: (0..<400).map { number in
                [.publishingChannel, .unreliable(seed: seed &* 1000 &+ UInt64(number), seen)]
            }, timeout: .seconds(20))
        var configuration = try AMQPClientConfiguration.fake(broker)
        configuration.publishing.maximumMessages = 24
        let client = try AMQPClient(configuration: configuration)
        let tally = Tally()
        await withTaskGroup { group in
            for task in 0..<Self.tasks {
                group.addTask { await Self.publishMany(client, task: task, seed: seed, tally) }
            }
        }
        let punctuality = Punctuality(.milliseconds(300))
        let report = await client.shutdown(deadline: .milliseconds(300))
        #expect(await punctuality.lateness() <= Punctuality.allowance)
        #expect(report.publishes.total == 0)
        let received = await broker.stop()
        #expect(received.connections.count > 1)
        let outcomes = tally.outcomes
        #expect(outcomes.count == Self.tasks * Self.publishesPerTask)
        // What never got into the publisher was counted nowhere; everything else once.
        #expect(client.publishCounts.total == UInt64(outcomes.count))
        for (name, outcome) in outcomes {
            let wasSeen = seen.withLock { $0.contains(name) }
            switch outcome {
            case .notSent: #expect(!wasSeen, "\(name) was seen, and reported as not sent")
            case .confirmed: #expect(wasSeen, "\(name) was never seen, and reported as confirmed")
            case .returned: Issue.record("\(name) was returned")
            case .nacked, .unknown: break
            }
        }
        #expect(outcomes.values.contains(.confirmed))
        #expect(outcomes.values.contains { $0 != .confirmed })
        #expect(tally.latest <= Punctuality.allowance, "the latest ended \(tally.latest) after its deadline")
    }

    private static func publishMany(_ client: AMQPClient, task: Int, seed: UInt64, _ tally: Tally) async {
        var random = SeededGenerator(seed: seed &* 7919 &+ UInt64(task))
        for number in 0..<publishesPerTask {
            let name = "\(task)-\(number)"
            let timeout = Duration.milliseconds(Int.random(in: 5...1500, using: &random))
            let policy: AMQPDeliveryPolicy = Int.random(in: 0..<4, using: &random) == 0 ? .once : .atLeastOnce
            let body = name + " " + String(repeating: "x", count: Int.random(in: 0...3000, using: &random))
            let cancelAfter = Int.random(in: 0..<5, using: &random) == 0 ? Int.random(in: 0...40, using: &random) : nil
            let start = ContinuousClock.now
            let publish = Task {
                try await client.publish(AMQPMessage(body), to: .queue("q"), policy: policy, timeout: timeout)
            }
            if let cancelAfter {
                for _ in 0..<cancelAfter { await Task.yield() }
                publish.cancel()
            }
            let error = await amqpError { try await publish.value }
            let late = ContinuousClock.now - start - timeout
            tally.note(name, error.map { $0.outcome ?? .unknown(reason: .rejected) } ?? .confirmed, late: late)
        }
    }

    private final class Tally: Sendable {
        private let all = Locked<(outcomes: [String: AMQPPublishOutcome], latest: Duration)>(([:], .zero))
        var outcomes: [String: AMQPPublishOutcome] { all.withLock { $0.outcomes } }
        var latest: Duration { all.withLock { $0.latest } }
        func note(_ name: String, _ outcome: AMQPPublishOutcome, late: Duration) {
            all.withLock {
                $0.outcomes[name] = outcome
                $0.latest = max($0.latest, late)
            }
        }
    }
}

extension FakeStep {
    /// Takes publishes on channel 1 and acks most of them, nacks some, answers some never, and ends the channel or the
    /// connection now and then.
    fileprivate static func unreliable(seed: UInt64, _ seen: Locked<Set<String>>) -> FakeStep {
        FakeStep("unreliable") { (connection) throws(HarnessError) in
            var random = SeededGenerator(seed: seed)
            var tag: UInt64 = 0
            // Until the client has heard of it, a broker drops what comes on a channel that it has ended.
            var isEnded = false
            while let frame = try connection.nextFrame() {
                guard frame.type == WireFrame.method else {
                    guard frame.type == WireFrame.body, !isEnded else { continue }
                    let name = String(decoding: frame.payload.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
                    seen.withLock { _ = $0.insert(name) }
                    tag += 1
                    switch Int.random(in: 0..<100, using: &random) {
                    case 0..<70: try FakeStep.ack(1, tag).run(connection)
                    case 70..<78: try FakeStep.ack(1, tag, multiple: true).run(connection)
                    case 78..<86: try FakeStep.nack(1, tag).run(connection)
                    case 86..<92: break
                    case 92..<95:
                        try FakeStep.blocked("memory").run(connection)
                        try connection.pause(milliseconds: 3)
                        try FakeStep.unblocked.run(connection)
                    case 95..<97:
                        try FakeStep.sendChannelClose(1, 541, "INTERNAL_ERROR").run(connection)
                        isEnded = true
                    default: return connection.reset()
                    }
                    continue
                }
                switch try WireMethod(payload: frame.payload).id {
                case .channelCloseOK: isEnded = false
                case .channelOpen:
                    try connection.send(.method(1, .channelOpenOK) { $0.longString("") })
                    tag = 0
                case .confirmSelect: try connection.send(.method(1, .confirmSelectOK))
                case .connectionClose:
                    try connection.send(.method(0, .connectionCloseOK))
                    return try connection.expectClose()
                default: continue
                }
            }
        }
    }
}
