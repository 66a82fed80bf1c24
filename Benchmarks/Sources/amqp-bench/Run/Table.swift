/// The figures as text for a terminal.
struct Table {
    let summary: RunSummary

    var text: String {
        var lines = [
            "\(summary.bodyBytes)-byte bodies, \(summary.rounds) runs of each, in turn: median (least-most). "
                + "\(summary.cores) cores.",
            "The other end is amqp-sink, which costs next to nothing; no broker is measured.",
            "",
            Self.line(["", "SwiftAMQP", "rabbitmq-c", "times as fast", "target", ""]),
        ]
        lines += summary.rows.map { row in
            Self.line([
                row.title, Self.figure(row.ours, row.unit), Self.figure(row.peer, row.unit), format("%.2f", row.ratio),
                row.target.map { format("%.0f", $0) + (row.isMissed ? " missed" : " met") } ?? "-",
                Self.bar(row.ratio, target: row.target),
            ])
        }
        if summary.isQuick { lines += ["", "Short runs: good for a glance only."] }
        return lines.joined(separator: "\n")
    }

    private static func line(_ cells: [String]) -> String {
        let widths = [27, 25, 25, 14, 10, 0]
        var text = ""
        for (index, (cell, width)) in zip(cells, widths).enumerated() {
            let padding = String(repeating: " ", count: max(0, width - cell.count))
            // Text to the left, figures to the right.
            text += index == 0 ? cell + padding : index == cells.count - 1 ? "  " + cell : padding + cell
        }
        while text.last == " " { text.removeLast() }
        return text
    }

    /// `1.21 M/s (1.04-1.70)`: least and most in the unit of the median.
    private static func figure(_ spread: Spread, _ unit: String) -> String {
        let (scale, name): (Double, String) =
            unit == "us" ? (1, "us") : spread.median >= 1e6 ? (1e6, "M/s") : (1e3, "k/s")
        let digits = spread.median / scale >= 100 ? "%.0f" : spread.median / scale >= 10 ? "%.1f" : "%.2f"
        func text(_ value: Double) -> String { format(digits, value / scale) }
        return "\(text(spread.median)) \(name) (\(text(spread.min))-\(text(spread.max)))"
    }

    /// A cell for each time as fast, in eighths, and a mark where the target is.
    private static func bar(_ ratio: Double, target: Double?) -> String {
        let most = 30.0
        let eighths = Int((min(ratio, most) * 8).rounded())
        var cells = Array(String(repeating: "\u{2588}", count: eighths / 8))
        if eighths % 8 > 0, let part = Unicode.Scalar(UInt32(0x2590 - eighths % 8)) { cells.append(Character(part)) }
        if let target {
            let place = Int(target)
            while cells.count < place { cells.append("\u{00B7}") }
            cells.insert("|", at: place)
        }
        return String(cells)
    }
}
