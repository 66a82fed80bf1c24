import ArgumentParser
import SwiftAMQP
import TestSupport

struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Do one thing to one frame of a session, for every frame and everything that can be done.",
        discussion: """
            The frames are those of a session without a fault: connecting, topology, publishes, calls, shutdown. With each \
            pair of a frame and an action the session is run once, over a proxy of its own.
            """)

    @Option(help: "Run at least so many pairs, spread evenly, instead of all.")
    var minimumPairs: Int?
    @Flag(help: "Run all pairs. This is also what happens without --minimum-pairs.")
    var all = false
    @Option(help: "How many sessions run at the same time.")
    var jobs = 12
    @Option(help: "Run this rule only, for example s2c:60.80:1:rst, and print what went through the proxy.")
    var only: String?

    func validate() throws {
        if jobs < 1 { throw ValidationError("--jobs has to be 1 or more") }
        if let only, FrameRule(only) == nil { throw ValidationError("'\(only)' is no rule") }
    }

    func run() async throws {
        try await Tally.conclude { try await Broker.withPrivateNode { broker in try await sweep(broker) } }
    }

    private func sweep(_ broker: Broker) async throws -> Tally {
        var tally = Tally()
        let watchdog = try Watchdog()
        defer { watchdog.stop() }
        let points = try await reference(broker, watchdog, &tally)
        let rules: [FrameRule]
        if let only {
            rules = FrameRule(only).map { [$0] } ?? []
        } else {
            rules = SweepPlan.rules(at: points, minimum: all ? nil : minimumPairs)
        }
        say("\(points.count) frames, \(FrameAction.all.count) actions: \(rules.count) pairs, \(jobs) at a time")

        let before = try await Resources.baseline()
        let start = ContinuousClock.now
        var (missed, closed, outcomes) = (0, 0, [CheckedOutcome: Int]())
        for first in stride(from: 0, to: rules.count, by: jobs) {
            let batch = Array(rules[first..<min(first + jobs, rules.count)])
            let runs = await play(batch, numbersFrom: UInt64(first) + 2, broker, watchdog)
            for run in runs {
                if !run.hasFired { missed += 1 }
                if run.result.closed != nil { closed += 1 }
                for (outcome, count) in run.result.report?.outcomes ?? [:] { outcomes[outcome, default: 0] += count }
                tally.take("\(run.rule)", run.result.failures, replay: "chaos sweep --only \(run.rule)")
            }
            if let leak = try await before.leak() {
                tally.take("threads and descriptors", ["\(leak), after \(batch.map(\.description))"])
            }
        }
        tally.take("deadlines", watchdog.overdue)
        let kinds = CheckedOutcome.allCases.compactMap { kind in outcomes[kind].map { "\($0) \(kind)" } }
        say(
            "publishes: \(kinds.joined(separator: ", ")); \(watchdog.count) operations; \(closed) clients gave up and "
                + "said why; \(missed) frames did not come; \((ContinuousClock.now - start).inMilliseconds / 1000) s")
        return tally
    }

    /// The session without a fault: it has to go well, and its frames are those of the sweep.
    private func reference(
        _ broker: Broker, _ watchdog: Watchdog, _ tally: inout Tally
    ) async throws -> [RulePoint] {
        let proxy = try ChaosProxy.start(target: broker.port)
        var result = await SweepSession(broker: broker, proxy: proxy, run: 1, watchdog: watchdog).play()
        if result.report?.outcomes != [.confirmed: 11, .returned: 1] {
            result.failures.append("without a fault: \(result.report.map(\.description) ?? "no report")")
        }
        tally.take("the session without a fault", result.failures)
        return proxy.rulePoints()
    }

    private struct Run: Sendable {
        var rule: FrameRule
        var result: SweepSession.Result
        var hasFired: Bool
    }

    private func play(
        _ rules: [FrameRule], numbersFrom first: UInt64, _ broker: Broker, _ watchdog: Watchdog
    ) async -> [Run] {
        await withTaskGroup(of: Run.self) { group in
            for (number, rule) in rules.enumerated() {
                group.addTask {
                    do throws(HarnessError) {
                        let proxy = try ChaosProxy.start(target: broker.port)
                        let installed = try await proxy.add(rule)
                        let session = SweepSession(
                            broker: broker, proxy: proxy, run: first + UInt64(number), watchdog: watchdog)
                        let result = await session.play()
                        if only != nil { say("\(proxy.journal)") }
                        return Run(rule: rule, result: result, hasFired: installed.count > 0)
                    } catch {
                        return Run(rule: rule, result: .init(failures: ["\(error)"]), hasFired: false)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }
}
