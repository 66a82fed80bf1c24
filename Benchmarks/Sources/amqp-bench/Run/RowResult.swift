/// Median, least and most of the rounds.
struct Spread {
    let median: Double
    let least: Double
    let most: Double

    init?(_ values: [Double]) {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        let middle = sorted.count / 2
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        least = first
        most = last
    }
}

/// A row, measured.
struct RowResult {
    let row: Row
    let spreads: [Contestant: Spread]

    init(_ row: Row, _ measurements: [Run: [Measurement]]) {
        self.row = row
        spreads = row.runs.compactMapValues { run in
            Spread((measurements[run] ?? []).compactMap(row.figure.value))
        }
    }

    /// Our median in medians of the peer.
    func ratio(to peer: Contestant) -> Double? {
        guard let ours = spreads[.ours], let theirs = spreads[peer], theirs.median > 0 else { return nil }
        return ours.median / theirs.median
    }

    /// `nil` where there is no target, or nothing was measured.
    var isMet: Bool? {
        row.target.flatMap { $0.isMet(ours: spreads[.ours]?.median, ratio: ratio(to: .rabbitmqC)) }
    }

    func isAhead(of peer: Contestant) -> Bool? {
        ratio(to: peer).map { row.figure.isMoreBetter ? $0 > 1 : $0 < 1 }
    }

    var json: RowJSON {
        RowJSON(
            name: row.name, target: row.target?.rule, met: isMet, unit: row.figure.unit,
            ours: spreads[.ours]?.median, rabbitmqC: spreads[.rabbitmqC]?.median, go: spreads[.go]?.median,
            ratioRabbitmqC: ratio(to: .rabbitmqC), ratioGo: ratio(to: .go))
    }
}

/// The last target: no row in which amqp091-go is better.
struct AheadOfGo {
    let compared: Int
    let behind: [String]

    init(_ results: [RowResult]) {
        let verdicts = results.compactMap { result in result.isAhead(of: .go).map { (result.row.name, $0) } }
        compared = verdicts.count
        behind = verdicts.filter { !$0.1 }.map(\.0)
    }

    var isMet: Bool? { compared == 0 ? nil : behind.isEmpty }

    var json: RowJSON {
        RowJSON(
            name: "rows ahead of amqp091-go", target: "ours >= \(compared)", met: isMet, unit: "rows",
            ours: compared == 0 ? nil : Double(compared - behind.count), rabbitmqC: nil, go: nil, ratioRabbitmqC: nil,
            ratioGo: nil)
    }
}

/// A row as `--json` writes it. Medians; what was not measured is null.
struct RowJSON: Encodable {
    let name: String
    let target: String?
    let met: Bool?
    let unit: String
    let ours: Double?
    let rabbitmqC: Double?
    let go: Double?
    let ratioRabbitmqC: Double?
    let ratioGo: Double?

    enum CodingKeys: String, CodingKey {
        case name, target, met, unit, ours
        case rabbitmqC = "rabbitmq_c"
        case go = "amqp091_go"
        case ratioRabbitmqC = "ratio_rabbitmq_c"
        case ratioGo = "ratio_amqp091_go"
    }

    // Every field in every row: the made one would leave out what is nil.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(target, forKey: .target)
        try container.encode(met, forKey: .met)
        try container.encode(unit, forKey: .unit)
        try container.encode(ours, forKey: .ours)
        try container.encode(rabbitmqC, forKey: .rabbitmqC)
        try container.encode(go, forKey: .go)
        try container.encode(ratioRabbitmqC, forKey: .ratioRabbitmqC)
        try container.encode(ratioGo, forKey: .ratioGo)
    }
}
