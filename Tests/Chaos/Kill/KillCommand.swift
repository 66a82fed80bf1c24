import ArgumentParser
import SwiftAMQP
import TestSupport

struct KillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract:
            "Break connections and the broker at random while eight publishers publish and eight consumers consume.",
        discussion: """
            Every message is followed from the publish to its handler. The same seed gives the same faults in the same \
            order after the same waits.
            """)

    @Option(help: "How many faults of the proxy: resets, ends, black holes.")
    var cycles = 100
    @Option(help: "How many times the broker closes all connections.")
    var closeAll = 0
    @Option(help: "How many times the broker is killed with SIGKILL and started again.")
    var brokerKill = 0
    @Option(help: "How many times the broker is stopped with SIGSTOP for a while.")
    var pause = 0
    @Option(help: "What the faults follow from; a random number if there is none.")
    var seed: UInt64?
    @Option(help: "Messages a second that are offered in all.")
    var rate = 1500

    /// T, the heartbeat timeout of the client under test.
    static let heartbeat: Duration = .seconds(2)
    static let publishTimeout: Duration = .seconds(30)
    static let shutdownDeadline: Duration = .seconds(10)

    func run() async throws {
        let seed = seed ?? UInt64.random(in: 1...999_999)
        let plan = FaultPlan(
            seed: seed, cycles: cycles, closeAll: closeAll, brokerKills: brokerKill, pauses: pause)
        say("seed \(seed): \(plan.steps.count) faults")
        try await Tally.conclude { try await Broker.withPrivateNode { broker in try await run(plan, seed, broker) } }
    }

    private func run(_ plan: FaultPlan, _ seed: UInt64, _ broker: Broker) async throws -> Tally {
        let watchdog = try Watchdog()
        defer { watchdog.stop() }
        // Once in vain, so that what a process starts only once is there before it is counted.
        try await withClient(of: broker, seed: seed) { client, _ in try await client.connect() }
        let before = try await Resources.baseline()
        let start = ContinuousClock.now

        let recorder = Recorder(log: CheckLog(run: seed), watchdog: watchdog)
        let (trace, audit, nacks, consumers) = try await withClient(of: broker, seed: seed) { client, proxy in
            // A delay of nothing: counts the refusals of the broker, after which the order is not promised.
            let nacks = FrameRule(.serverToClient, .method(.basicNack), repeats: true, .delay(.zero))
            let counting = try await proxy.add(nacks)
            let load = Load(
                client: client, recorder: recorder, run: seed, rate: rate, timeout: Self.publishTimeout)
            let nemesis = Nemesis(broker: broker, proxy: proxy) { recorder.log.brokerKilled() }
            let consumers = try Consumers(client) { recorder.log }
            async let publishing: Void = load.publish()
            do {
                try await nemesis.carryOut(plan)
            } catch {
                // The load has to end before the client does.
                load.stop()
                await publishing
                throw error
            }
            load.stop()
            await publishing
            if let left = try await broker.remainder(of: Load.queues, within: .seconds(60)) {
                recorder.oddities.withLock { $0.append("not consumed: \(left)") }
            }
            if let phantom = try await broker.phantomConsumers(of: Load.queues, expected: 1) {
                recorder.oddities.withLock { $0.append(phantom) }
            }
            await watchdog.watch("shutdown", within: Self.shutdownDeadline) {
                let report = await client.shutdown(deadline: Self.shutdownDeadline)
                if report.isTimedOut { recorder.oddities.withLock { $0.append("the shutdown was cut short") } }
            }
            return (nemesis.trace.withLock { $0 }, proxy.journal.audit, counting.count, consumers)
        }
        let leak = try await before.leak()
        let took = ContinuousClock.now - start
        if let phantom = try await broker.phantomConsumers(of: Load.queues, expected: 0) {
            recorder.oddities.withLock { $0.append("after the end: \(phantom)") }
        }
        try await recorder.log.drain(Load.queues, of: broker)

        var tally = Tally()
        let report = try recorder.log.report()
        say("\(report)")
        say(
            "\(watchdog.count) operations, \(nacks) nacks, \(took.inMilliseconds / 1000) s; on the wire: \(audit); "
                + "consumers: \(consumers.counts)"
        )
        let replay = command(seed)
        let faults = ["seed \(seed), faults:"] + trace
        let wrong = try recorder.log.failures(ordered: nacks == 0 && report.isOrdered(within: Consumers.inOrder))
        tally.take("messages", wrong.isEmpty ? [] : wrong + faults, replay: replay)
        let oddities = recorder.oddities.withLock { $0 }
        tally.take("outcomes", oddities.isEmpty ? [] : Array(oddities.prefix(20)) + faults, replay: replay)
        let overdue = watchdog.overdue
        tally.take("deadlines", overdue.isEmpty ? [] : Array(overdue.prefix(20)) + faults, replay: replay)
        tally.take("tags, prefetch and settles", Consumers.failures(audit) + consumers.failures, replay: replay)
        tally.take("threads and descriptors", leak.map { [$0] } ?? [], replay: replay)
        tally.take(
            "something was published",
            (report.outcomes[.confirmed] ?? 0) > plan.steps.count ? [] : ["only \(report)"], replay: replay)
        return tally
    }

    private func command(_ seed: UInt64) -> String {
        "chaos kill --cycles \(cycles) --close-all \(closeAll) --broker-kill \(brokerKill) --pause \(pause) "
            + "--rate \(rate) --seed \(seed)"
    }

    private func withClient<Value>(
        of broker: Broker, seed: UInt64, _ body: (AMQPClient, ChaosProxy) async throws -> Value
    ) async throws -> Value {
        try await ChaosProxy.withProxy(target: broker.port, seed: seed, journalLimit: 0) { proxy in
            var endpoint = try AMQPConfiguration(url: proxy.url(to: broker))
            endpoint.heartbeat = Self.heartbeat
            endpoint.rpcTimeout = .seconds(5)
            var configuration = AMQPClientConfiguration(endpoint)
            configuration.attemptTimeout = .seconds(2) * Deadline.scale
            let client = try AMQPClient(configuration: configuration, topology: Load.topology)
            do {
                let value = try await body(client, proxy)
                await client.shutdown(deadline: .seconds(1))
                return value
            } catch {
                await client.shutdown(deadline: .zero)
                throw error
            }
        }
    }
}
