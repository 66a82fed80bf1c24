/// What a row has to reach.
enum Target {
    /// Our figure in those of rabbitmq-c, in the same run.
    case ratioAtLeast(Double)
    case ratioAtMost(Double)
    /// Our figure by itself.
    case oursAtMost(Double)

    /// `nil` without the figures it takes.
    func isMet(ours: Double?, ratio: Double?) -> Bool? {
        switch self {
        case .ratioAtLeast(let bound): ratio.map { $0 >= bound }
        case .ratioAtMost(let bound): ratio.map { $0 <= bound }
        case .oursAtMost(let bound): ours.map { $0 <= bound }
        }
    }

    /// For a reader of the table.
    var text: String {
        switch self {
        case .ratioAtLeast(let bound): "≥ \(plain(bound))x"
        case .ratioAtMost(let bound): "≤ \(plain(bound))x"
        case .oursAtMost(let bound): "≤ \(plain(bound))"
        }
    }

    /// For a program: a field of the row, and its bound.
    var rule: String {
        switch self {
        case .ratioAtLeast(let bound): "ratio_rabbitmq_c >= \(plain(bound))"
        case .ratioAtMost(let bound): "ratio_rabbitmq_c <= \(plain(bound))"
        case .oursAtMost(let bound): "ours <= \(plain(bound))"
        }
    }

    private func plain(_ value: Double) -> String { value == value.rounded() ? format("%.0f", value) : "\(value)" }
}
