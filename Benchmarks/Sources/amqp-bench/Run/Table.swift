import Foundation

/// The rows as text for a terminal.
struct Table {
    let results: [RowResult]
    let rounds: Int
    let isQuick: Bool
    let contestants: [Contestant]

    var text: String {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        var lines = [
            "Median (least-most) of \(rounds) runs of each, in turn. 16-byte bodies where nothing else is said. \(cores) cores.",
            "The other end is amqp-sink, which costs next to nothing, and in the rows \"broker:\" RabbitMQ.",
            "Ratios are our figure in theirs. Chart: how many times better than rabbitmq-c (or than the target, where that",
            "is ours alone); three cells are a factor of two, and the middle | is 1. \u{25C6} is the target.",
            "",
            Self.line(["", "unit", "SwiftAMQP", "rabbitmq-c", "ratio", "amqp091-go", "ratio", "target", ""]),
        ]
        lines += results.map(line)
        lines.append("")
        lines += notes
        return lines.joined(separator: "\n")
    }

    private func line(_ result: RowResult) -> String {
        func figure(_ contestant: Contestant) -> String {
            result.spreads[contestant].map { Self.figure($0) } ?? "-"
        }
        func ratio(_ peer: Contestant) -> String { result.ratio(to: peer).map { Self.number($0) } ?? "-" }
        var target = result.row.target?.text ?? "-"
        if let isMet = result.isMet { target += isMet ? " met" : " missed" }
        return Self.line([
            result.row.name, result.row.figure.unit, figure(.ours), figure(.rabbitmqC), ratio(.rabbitmqC), figure(.go),
            ratio(.go), target, Self.chart(result),
        ])
    }

    private var notes: [String] {
        var notes: [String] = []
        let missed = results.filter { $0.isMet == false }.map(\.row.name)
        let withTarget = results.filter { $0.isMet != nil }.count
        notes.append("Targets: \(withTarget - missed.count) of \(withTarget) met.")
        if !missed.isEmpty { notes.append("Missed: " + missed.joined(separator: "; ") + ".") }
        let verdict = AheadOfGo(results)
        if verdict.compared > 0 {
            notes.append(
                "Ahead of amqp091-go in \(verdict.compared - verdict.behind.count) of \(verdict.compared) rows.")
        }
        if !verdict.behind.isEmpty { notes.append("Behind it: " + verdict.behind.joined(separator: "; ") + ".") }
        if !contestants.contains(.go) { notes.append("amqp091-go is not installed: its column is empty.") }
        let unmeasured = results.filter { $0.spreads[.ours] == nil }.map(\.row.name)
        if !unmeasured.isEmpty { notes.append("Not measured (no broker): " + unmeasured.joined(separator: "; ") + ".") }
        if isQuick {
            notes.append("Quick: all rows, with a quarter of the messages in three rounds; good for a glance only.")
        }
        return notes
    }

    private static func line(_ cells: [String]) -> String {
        let widths = [38, 16, 23, 23, 8, 23, 8, 15, 0]
        var text = ""
        for (index, (cell, width)) in zip(cells, widths).enumerated() {
            let padding = String(repeating: " ", count: max(0, width - cell.count))
            // Text to the left, figures to the right.
            text += index < 2 ? cell + padding : index == cells.count - 1 ? "  " + cell : padding + cell
        }
        while text.last == " " { text.removeLast() }
        return text
    }

    /// `1.21 M (1.04-1.70)`: least and most in the scale of the median.
    private static func figure(_ spread: Spread) -> String {
        let (scale, name): (Double, String) =
            spread.median >= 1e6 ? (1e6, " M") : spread.median >= 1e4 ? (1e3, " k") : (1, "")
        let text = number(spread.median / scale) + name
        if spread.least == spread.most { return text }
        return text + " (\(number(spread.least / scale))-\(number(spread.most / scale)))"
    }

    /// Three digits that count.
    private static func number(_ value: Double) -> String {
        format(value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : value >= 0.01 || value == 0 ? "%.2f" : "%.4f", value)
    }

    private static let cellsBelowOne = 6
    private static let cells = 25

    /// From a quarter to about 80 times better, on a logarithmic scale.
    private static func chart(_ result: RowResult) -> String {
        let isMoreBetter = result.row.figure.isMoreBetter
        let better: Double
        let mark: Double?
        switch result.row.target {
        case .oursAtMost(let bound):
            guard let ours = result.spreads[.ours] else { return "" }
            (better, mark) = (bound / max(ours.median, bound / 1000), 1)
        case let target:
            guard let ratio = result.ratio(to: .rabbitmqC) else { return "" }
            better = isMoreBetter ? ratio : 1 / ratio
            mark = target.flatMap {
                switch $0 {
                case .ratioAtLeast(let bound): bound
                case .ratioAtMost(let bound): 1 / bound
                case .oursAtMost: nil
                }
            }
        }
        func place(_ value: Double) -> Int {
            min(cells - 1, max(0, cellsBelowOne + Int((log2(value) * 3).rounded(.down))))
        }
        var text = [Character](repeating: "\u{00B7}", count: cells)
        for index in 0...place(better) { text[index] = "\u{2588}" }
        text[cellsBelowOne] = "|"
        if let mark { text[place(mark)] = "\u{25C6}" }
        return String(text)
    }
}
