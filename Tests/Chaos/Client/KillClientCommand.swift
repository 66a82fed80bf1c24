import ArgumentParser
import SwiftAMQP
import TestSupport

struct KillClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill-client",
        abstract:
            "Kill the client with SIGKILL while it publishes and consumes, start it again, and check every message.",
        discussion: """
            Each client is a process that writes down what it intends, what it was told, and what it has handled. What it \
            had no outcome for when it was killed may be in the queue or not; what was confirmed has to be handled by \
            somebody.
            """)

    @Option(help: "How many times the client is killed.")
    var kills = 20
    @Option(help: "What the times follow from; a random number if there is none.")
    var seed: UInt64?
    @Option(help: "Messages a second that are offered in all.")
    var rate = 1500

    func run() async throws {
        let seed = seed ?? UInt64.random(in: 1...999_999)
        say("seed \(seed): \(kills) kills")
        try await Tally.conclude { try await Broker.withPrivateNode { broker in try await run(seed, broker) } }
    }

    private func run(_ seed: UInt64, _ broker: Broker) async throws -> Tally {
        let file = try makeTemporaryFile("swiftamqp-checks")
        defer { removeFile(file) }
        var random = SeededGenerator(seed: seed)
        var complaints: [String] = []
        let audit = try await ChaosProxy.withProxy(target: broker.port, seed: seed, journalLimit: 0) { proxy in
            for generation in 0..<kills {
                let client = try ClientProcess(url: proxy.url(to: broker), rate: rate)
                client.load(run: seed, generation: generation, file: file)
                // From the handshake to the middle of everything; short ones more often.
                let part = Double.random(in: 0...1, using: &random)
                try await Task.sleep(for: .milliseconds(50 + Int(2500 * part * part)))
                client.kill()
            }
            let client = try ClientProcess(url: proxy.url(to: broker), rate: rate)
            client.load(run: seed, generation: kills, file: file)
            try await Task.sleep(for: .seconds(2))
            complaints += try await client.pause(within: .seconds(60))
            if let left = try await broker.remainder(of: Load.queues, within: .seconds(60)) {
                complaints.append("not consumed: \(left)")
            }
            if let phantom = try await broker.phantomConsumers(of: Load.queues, expected: 1) {
                complaints.append(phantom)
            }
            complaints += try await client.end(within: .seconds(60))
            return proxy.journal.audit
        }
        if let phantom = try await broker.phantomConsumers(of: Load.queues, expected: 0) { complaints.append(phantom) }
        let log = try CheckLog(run: seed, file: file)
        try await log.drain(Load.queues, of: broker)

        let replay = "chaos kill-client --kills \(kills) --rate \(rate) --seed \(seed)"
        let report = try log.report()
        say("\(report)")
        var tally = Tally()
        // Two clients may have the deliveries of one queue at the same time, so the order of handling is not promised.
        tally.take("messages", try log.failures(ordered: false), replay: replay)
        tally.take("the clients", complaints, replay: replay)
        tally.take("tags and prefetch", Consumers.failures(audit), replay: replay)
        tally.take(
            "kills met publishes under way", report.abandoned > 0 || kills < 5 ? [] : ["none of \(kills)"],
            replay: replay)
        return tally
    }
}
