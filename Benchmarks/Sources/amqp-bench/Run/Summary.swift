/// Median, least and most of the rounds.
struct Spread: Codable {
    let median: Double
    let min: Double
    let max: Double

    init(_ values: [Double]) {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        min = sorted[0]
        max = sorted[sorted.count - 1]
    }
}

/// A row, measured.
struct RowSummary: Codable {
    let title: String
    /// `msg/s`, or `us` of which less is better.
    let unit: String
    let ours: Spread
    let peer: Spread
    /// How many times as fast as the peer, by the medians.
    let ratio: Double
    let target: Double?
    let isMissed: Bool

    init(_ row: Row, _ measurements: [Run: [Measurement]]) {
        func spread(_ run: Run) -> Spread {
            Spread((measurements[run] ?? []).map { row.isLatency ? $0.latencyP50 ?? .nan : $0.rate })
        }
        title = row.title
        unit = row.isLatency ? "us" : "msg/s"
        ours = spread(row.ours)
        peer = spread(row.peer)
        let ratio = row.isLatency ? peer.median / ours.median : ours.median / peer.median
        self.ratio = ratio
        target = row.target
        isMissed = row.target.map { ratio < $0 } ?? false
    }
}

/// What `--json` writes: the table, and every single run behind it.
struct RunSummary: Codable {
    let rounds: Int
    let bodyBytes: Int
    let cores: Int
    let isQuick: Bool
    let rows: [RowSummary]
    let measurements: [Measurement]

    enum CodingKeys: String, CodingKey {
        case rounds, cores, rows, measurements
        case bodyBytes = "body_bytes"
        case isQuick = "quick"
    }
}
