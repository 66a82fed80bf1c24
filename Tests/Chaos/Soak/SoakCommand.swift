import ArgumentParser
import SwiftAMQP
import TestSupport

struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Break everything at random for a long time, check every message, and watch the client's memory.",
        discussion: """
            The client is a process of its own: eight publishers and consumers, declaring and deleting, two pairs that \
            request and answer. It runs in rounds: faults, ten seconds in peace, and when everything has been consumed the \
            check. Each round has a seed of its own, which is printed and with which chaos --replay repeats it.
            """)

    @Option(help: "How long, in minutes; at least one round.")
    var minutes = 10.0
    @Option(help: "How long the faults of a round last, in seconds.")
    var round = 45
    @Option(help: "Of the first round; that of each other one is one more. A random number if there is none.")
    var seed: UInt64?
    @Option(help: "Messages a second that are offered in all.")
    var rate = 1500

    private static let peace: Duration = .seconds(10)
    /// What the contract allows, where the time is long enough to tell growth from noise.
    private static let maximumSlope = 1024.0 * 1024
    private static let minutesForSlope = 60.0

    func run() async throws {
        let seed = seed ?? UInt64.random(in: 1...999_999)
        try await Tally.conclude { try await Broker.withPrivateNode { broker in try await run(seed, broker) } }
    }

    private func run(_ seed: UInt64, _ broker: Broker) async throws -> Tally {
        var tally = Tally()
        let memory = Locked(MemorySamples())
        try await ChaosProxy.withProxy(target: broker.port, seed: seed, journalLimit: 0) { proxy in
            let client = try ClientProcess(url: proxy.url(to: broker), rate: rate, calls: true)
            let watching = Task { await watch(client, memory) }
            defer { watching.cancel() }
            let end = ContinuousClock.now + .seconds(minutes * 60)
            var number: UInt64 = 0
            repeat {
                try await playRound(seed + number, client, broker, proxy, &tally)
                number += 1
            } while ContinuousClock.now < end
            tally.take("the client's end", try await client.end(within: .seconds(60)), replay: replay(seed))
        }
        let left = try await broker.phantomConsumers(of: Load.queues, expected: 0)
        tally.take("no consumer is left", left.map { [$0] } ?? [])
        let slope = memory.withLock { $0.slope() }
        say("memory: " + (slope.map { "\(Int($0 / 1024)) KiB more an hour" } ?? "too short to tell"))
        if minutes >= Self.minutesForSlope, let slope {
            tally.take("memory", slope <= Self.maximumSlope ? [] : ["it grows by \(Int(slope)) bytes an hour"])
        }
        return tally
    }

    private func replay(_ seed: UInt64) -> String { "chaos --replay soak:\(seed)" }

    private func playRound(
        _ seed: UInt64, _ client: ClientProcess, _ broker: Broker, _ proxy: ChaosProxy, _ tally: inout Tally
    ) async throws {
        let file = try makeTemporaryFile("swiftamqp-checks")
        defer { removeFile(file) }
        let nacks = try await proxy.add(FrameRule(.serverToClient, .method(.basicNack), repeats: true, .delay(.zero)))
        proxy.journal.clear()
        client.load(run: seed, generation: 0, file: file)

        let kills = Locked<[UInt64]>([])
        let nemesis = Nemesis(broker: broker, proxy: proxy) { kills.withLock { $0.append(MonotonicClock.now()) } }
        var faults = FaultStream(seed: seed)
        let end = ContinuousClock.now + .seconds(round)
        while true {
            let step = faults.next()
            if ContinuousClock.now + step.wait > end { break }
            try await nemesis.carryOut(step)
        }
        let refusals = nacks.count
        try await nemesis.heal()
        try await Task.sleep(for: Self.peace)
        var complaints = try await client.pause(within: .seconds(60))
        if let left = try await broker.remainder(of: Load.queues, within: .seconds(60)) {
            complaints.append("not consumed: \(left)")
        }
        if let phantom = try await broker.phantomConsumers(of: Load.queues, expected: 1) { complaints.append(phantom) }

        var records = try CheckLog.read(file)
        let origin = MessageID(run: seed, publisher: 0, sequence: 0)
        records += kills.withLock { $0 }.map { CheckRecord(.brokerKilled, origin, time: $0) }
        records.sort { $0.time < $1.time }
        let report = CheckReport(run: seed, records)
        let trace = nemesis.trace.withLock { $0 }
        say("seed \(seed): \(trace.count) faults; \(report); \(refusals) nacks")
        let faultTrace = ["seed \(seed), faults:"] + trace
        func take(_ name: String, _ failures: [String]) {
            tally.take(name, failures.isEmpty ? [] : failures + faultTrace, replay: replay(seed))
        }
        take(
            "messages",
            CheckReport.failures(
                run: seed, records, ordered: refusals == 0 && report.isOrdered(within: Consumers.inOrder)))
        take("the client", complaints)
        take("tags and prefetch", Consumers.failures(proxy.journal.audit))
        take("something was published", (report.outcomes[.confirmed] ?? 0) > 0 ? [] : ["\(report)"])
    }

    private func watch(_ client: ClientProcess, _ memory: Locked<MemorySamples>) async {
        while (try? await Task.sleep(for: .seconds(10))) != nil {
            let bytes = client.residentMemory
            memory.withLock { $0.add(bytes) }
            say("memory \(bytes >> 10) KiB")
        }
    }
}
