import Foundation

/// Runs all rows in turn, round after round, so that what changes on the machine meanwhile hits all alike.
///
/// - Returns: Whether all targets were met.
func compare(_ options: Options) throws -> Bool {
    let rows = Row.all(isQuick: options.isQuick).filter { options.rows.map($0.name.contains) ?? true }
    if rows.isEmpty { throw BenchError.usage }
    let contestants = Contestant.allCases.filter(\.isThere)
    let rounds = options.rounds ?? (options.isQuick ? 3 : 5)

    var plan = Plan(rows, contestants, isQuick: options.isQuick)
    if plan.needsSink {
        let sink = try OtherEnd.sink()
        defer { sink.end.stop() }
        for round in 1...rounds { try plan.measureSink(round, of: rounds, port: sink.port) }
    }
    if plan.needsBroker, let broker = try OtherEnd.broker() {
        defer { broker.end.stop() }
        try plan.withQueue(url: broker.url) { plan in
            for round in 1...rounds { try plan.measureBroker(round, of: rounds, url: broker.url) }
        }
    }
    showProgress("")

    let results = rows.map { RowResult($0, plan.measurements) }
    print(Table(results: results, rounds: rounds, isQuick: options.isQuick, contestants: contestants).text)
    let verdict = AheadOfGo(results)
    if let file = options.jsonFile {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(results.map(\.json) + [verdict.json]).write(to: URL(fileURLWithPath: file))
    }
    return results.allSatisfy { $0.isMet ?? true } && verdict.isMet ?? true
}

/// The runs behind the rows, each once, and what they gave.
private struct Plan {
    private var sink: [Run] = []
    private var broker: [[Run]] = []
    private(set) var measurements: [Run: [Measurement]] = [:]

    init(_ rows: [Row], _ contestants: [Contestant], isQuick: Bool) {
        for row in rows {
            for run in contestants.compactMap({ row.runs[$0] }) where run.queue == nil && !sink.contains(run) {
                sink.append(run)
            }
        }
        guard rows.contains(where: { $0.runs.values.contains { $0.queue != nil } }) else { return }
        // A consumer needs what its contestant published, so both works run whichever row was asked for.
        let all = Row.all(isQuick: isQuick)
        for contestant in contestants {
            var runs: [Run] = []
            for run in all.compactMap({ $0.runs[contestant] }) where run.queue != nil && !runs.contains(run) {
                runs.append(run)
            }
            broker.append(runs)
        }
    }

    var needsSink: Bool { !sink.isEmpty }
    var needsBroker: Bool { !broker.isEmpty }

    mutating func measureSink(_ round: Int, of rounds: Int, port: UInt16) throws {
        for run in sink where round == 1 || !run.isMeasuredOnce {
            showProgress("round \(round) of \(rounds): \(run.contestant.rawValue), \(run.work)")
            measurements[run, default: []].append(try run.measure(port: port))
        }
    }

    /// Each round begins with another contestant.
    mutating func measureBroker(_ round: Int, of rounds: Int, url: String) throws {
        let first = round % broker.count
        for run in (broker[first...] + broker[..<first]).joined() {
            showProgress("broker, round \(round) of \(rounds): \(run.contestant.rawValue), \(run.work)")
            measurements[run, default: []].append(try run.measure(url: url))
        }
    }

    mutating func withQueue(url: String, _ body: (inout Plan) throws -> Void) throws {
        guard let queue = broker.first?.first?.queue else { return }
        _ = try output(of: "amqp-work", ["declare", "--queue", queue], environment: ["AMQP_URL": url])
        defer { _ = try? output(of: "amqp-work", ["delete", "--queue", queue], environment: ["AMQP_URL": url]) }
        try body(&self)
    }
}
