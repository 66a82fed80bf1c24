import ArgumentParser
import SwiftAMQP
import TestSupport

struct ShutdownsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shutdowns",
        abstract: "Shut clients down at random moments, with publishes and handlers under way.",
        discussion: """
            The broker is live, has a memory alarm, is stopped (SIGSTOP), or its bytes go into a black hole; deadlines are \
            0 to 1 s. Every shutdown has to be back by its deadline and 250 ms; with a live broker no handler that came \
            back in time may be without its ack, and every publish that was taken has its outcome.
            """)

    @Option(help: "How many times.")
    var count = 1000
    @Option(help: "How many clients at a time.")
    var parallel = 4
    @Option(help: "What moments and deadlines are made from.")
    var seed: UInt64 = 1

    private enum Broken {
        case nothing, blackHole, alarm, stopped
    }

    func run() async throws {
        try await Tally.conclude { try await Broker.withPrivateNode { broker in try await run(broker) } }
    }

    private func run(_ broker: Broker) async throws -> Tally {
        var tally = Tally()
        var generator = SeededGenerator(seed: seed)
        // The first client starts the thread of the event loop, which stays.
        _ = try await batch(1, .nothing, broker, &generator)
        let before = try await Resources.baseline()
        var number = 0
        while number < count {
            // Seven of ten with a broker that answers.
            let roll = Int.random(in: 0..<10, using: &generator)
            let kind = roll < 7 ? Broken.nothing : [.blackHole, .alarm, .stopped][roll - 7]
            let size = min(kind == .nothing ? 40 : 20, count - number)
            if kind == .alarm { try await broker.setMemoryAlarm(on: true) }
            let results = try await batch(size, kind, broker, &generator)
            if kind == .alarm { try await broker.setMemoryAlarm(on: false) }
            for (offset, failures) in results.enumerated() {
                tally.take(
                    "shutdown \(number + offset), \(kind)", failures,
                    replay: "chaos shutdowns --count \(count) --seed \(seed)")
            }
            number += size
        }
        tally.take("leaks", try await before.leak().map { [$0] } ?? [])
        return tally
    }

    /// What a trial is made of.
    private struct Trial: Sendable {
        var kind: Broken
        var moment: Duration
        var deadline: Duration
        var handling: Duration
    }

    private func batch(
        _ size: Int, _ kind: Broken, _ broker: Broker, _ generator: inout SeededGenerator
    ) async throws -> [[String]] {
        var trials = (0..<size).map { _ in
            Trial(
                kind: kind, moment: .milliseconds(.random(in: 0...120, using: &generator)),
                deadline: [.zero, .milliseconds(50), .milliseconds(300), .seconds(1)]
                    .randomElement(using: &generator) ?? .zero,
                handling: .milliseconds(.random(in: 0...20, using: &generator)))
        }
        if kind == .nothing { for index in trials.indices { trials[index].deadline += .milliseconds(50) } }
        // A broker that is stopped is stopped for all of its clients.
        let lanes = kind == .stopped ? 1 : min(max(1, parallel), size)
        return try await withThrowingTaskGroup(of: [[String]].self) { [trials] group in
            for lane in 0..<lanes {
                group.addTask {
                    var all: [[String]] = []
                    for index in stride(from: lane, to: size, by: lanes) {
                        all.append(
                            try await ChaosProxy.withProxy(target: broker.port, journalLimit: 0) { proxy in
                                try await run(trials[index], broker, proxy)
                            })
                    }
                    return all
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func run(_ trial: Trial, _ broker: Broker, _ proxy: ChaosProxy) async throws -> [String] {
        let queue = "shutdown-\(UInt64.random(in: .min ... .max))"
        var endpoint = try AMQPConfiguration(url: proxy.url(to: broker))
        endpoint.heartbeat = .seconds(10)
        let client = try AMQPClient(
            configuration: AMQPClientConfiguration(endpoint),
            topology: AMQPTopology(queues: [.classic(queue, expires: .seconds(60))]))
        let publisher = try client.publisher()
        let consumer = try client.consume(queue, prefetch: 20, maximumConcurrency: 4) { _ in
            try await Task.sleep(for: trial.handling)
            return .ack
        }
        try await client.connect()
        let load = Task { () -> [AMQPClientPendingPublish] in
            var taken: [AMQPClientPendingPublish] = []
            while let publish = try? await publisher.enqueue(AMQPMessage("x"), to: .queue(queue)) {
                taken.append(publish)
                try? await Task.sleep(for: .milliseconds(1))
            }
            return taken
        }
        try await Task.sleep(for: trial.moment)
        switch trial.kind {
        case .blackHole: await proxy.shape { $0.hole = .swallow }
        case .stopped: try await broker.pause()
        case .nothing, .alarm: break
        }
        let start = ContinuousClock.now
        let report = await client.shutdown(deadline: trial.deadline)
        let time = ContinuousClock.now - start
        if trial.kind == .stopped { try await broker.resume() }
        var failures: [String] = []
        if time > trial.deadline + .milliseconds(250) * Deadline.scale {
            failures.append("it took \(time.inMilliseconds) ms with a deadline of \(trial.deadline)")
        }
        let taken = await load.value
        let open = taken.count { $0.outcomeIfKnown == nil }
        if open > 0 { failures.append("\(open) of \(taken.count) publishes have no outcome") }
        let counts = consumer.counts
        if trial.kind == .nothing, !report.isTimedOut, counts.handled != counts.acked {
            failures.append("\(counts.handled) handled, \(counts.acked) acknowledged: \(counts)")
        }
        return failures
    }
}
