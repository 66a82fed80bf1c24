import ArgumentParser
import SwiftAMQP
import TestSupport

struct RecoveryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recovery",
        abstract: "Measure the time from a listener that accepts again to the first confirm.",
        discussion: "Prints median, p95 and maximum. No figure makes it fail; a client that does not come back does.")

    @Option(help: "How many times each kind of loss is measured.")
    var trials = 50
    @Option(help: "How many times the broker is killed and started again.")
    var restarts = 3

    func run() async throws {
        try await Tally.conclude {
            try await Broker.withPrivateNode { broker in
                try await ChaosProxy.withProxy(target: broker.port, journalLimit: 0) { proxy in
                    try await measure(broker, proxy)
                }
            }
        }
    }

    private func measure(_ broker: Broker, _ proxy: ChaosProxy) async throws -> Tally {
        let endpoint = try AMQPConfiguration(url: proxy.url(to: broker))
        let queue = "recovery"
        let client = try AMQPClient(
            configuration: AMQPClientConfiguration(endpoint), topology: AMQPTopology(queues: [.classic(queue)]))
        var tally = Tally()
        do {
            let kinds: [(String, Int, () async throws -> Void)] = [
                ("a reset, the listener stays", trials, { await proxy.reset() }),
                ("refused for 0.2 s", trials, { try await refuse(for: .milliseconds(200), proxy) }),
                ("refused for 2 s", max(trials / 5, 1), { try await refuse(for: .seconds(2), proxy) }),
                (
                    "the broker killed and started again", restarts,
                    {
                        try await broker.kill()
                        try await broker.start()
                    }
                ),
            ]
            for (name, count, fault) in kinds where count > 0 {
                var times: [Duration] = []
                for _ in 0..<count {
                    try await client.publish(AMQPMessage("before"), to: .queue(queue))
                    // A connection that is lost right after it came about is not replaced at once, on purpose.
                    try await Task.sleep(for: .milliseconds(300))
                    times.append(try await time(fault, client, queue))
                }
                say("\(name): \(Self.summary(times))")
                tally.take(name, times.count == count ? [] : ["\(times.count) of \(count) came back"])
            }
        } catch {
            tally.take("recovery", ["\(error)"])
        }
        await client.shutdown(deadline: .seconds(5))
        return tally
    }

    /// The time from the end of `fault` to the confirm of a publish that was handed in then.
    private func time(_ fault: () async throws -> Void, _ client: AMQPClient, _ queue: String) async throws -> Duration
    {
        try await fault()
        let start = ContinuousClock.now
        try await client.publish(AMQPMessage("after"), to: .queue(queue), timeout: .seconds(60))
        return .now - start
    }

    private func refuse(for duration: Duration, _ proxy: ChaosProxy) async throws {
        try await proxy.refuse()
        await proxy.reset()
        try await Task.sleep(for: duration)
        try await proxy.listen()
    }

    private static func summary(_ times: [Duration]) -> String {
        let sorted = times.sorted().map(\.inMilliseconds)
        guard let last = sorted.last else { return "nothing measured" }
        let p95 = sorted[min(sorted.count * 95 / 100, sorted.count - 1)]
        return "median \(sorted[sorted.count / 2]) ms, p95 \(p95) ms, maximum \(last) ms (\(sorted.count) times)"
    }
}
