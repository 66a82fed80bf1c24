import Foundation

/// Runs all rows in turn, round after round, so that what changes on the machine meanwhile hits both sides alike.
func compare(isQuick: Bool, jsonFile: String?) throws {
    let rows = Row.all(isQuick: isQuick)
    let rounds = isQuick ? 3 : 5
    var runs: [Run] = []
    for run in rows.flatMap({ [$0.ours, $0.peer] }) where !runs.contains(run) { runs.append(run) }

    let sink = try Sink()
    defer { sink.stop() }
    var measurements: [Run: [Measurement]] = [:]
    var inOrder: [Measurement] = []
    for round in 1...rounds {
        for run in runs {
            showProgress("round \(round) of \(rounds): \(run.contestant.rawValue), \(run.work.rawValue)")
            let measurement = try run.measure(port: sink.port)
            measurements[run, default: []].append(measurement)
            inOrder.append(measurement)
        }
    }
    showProgress("")

    let summary = RunSummary(
        rounds: rounds, bodyBytes: Run.bodySize, cores: ProcessInfo.processInfo.activeProcessorCount,
        isQuick: isQuick, rows: rows.map { RowSummary($0, measurements) }, measurements: inOrder)
    print(Table(summary: summary).text)
    if let jsonFile {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(summary).write(to: URL(fileURLWithPath: jsonFile))
    }
}

/// One line that overwrites itself, where somebody looks.
private func showProgress(_ text: String) {
    guard isatty(STDERR_FILENO) == 1 else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
}
