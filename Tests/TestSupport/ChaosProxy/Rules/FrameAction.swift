/// What a rule does to the frame that it matches. Earlier bytes of the direction are passed on first.
package enum FrameAction: Sendable, Hashable {
    /// Resets both sides instead of passing the frame.
    case rst
    /// Passes so many bytes of the frame, half of it where nothing is said, and resets both sides.
    case rstMid(bytes: Int? = nil)
    /// Ends both sides in good order instead of passing the frame.
    case fin
    case drop
    /// Keeps the frame and everything behind it until the rule is released.
    case hold
    /// Swallows the frame and everything behind it; with `bothWays` the other direction too.
    case blackhole(bothWays: Bool = false)
    /// Passes the frame twice.
    case dup
    /// Inverts one byte: the last one, which every frame has to end with, or that at this offset (the last one where
    /// the frame is shorter).
    case corrupt(offset: Int? = nil)
    /// Passes the frame so much later, and everything behind it.
    case delay(Duration)
    /// Passes the frame in pieces of so many bytes.
    case chop(bytes: Int = 1)

    /// One of each, as a sweep tries them.
    package static let all: [FrameAction] = [
        .rst, .rstMid(), .fin, .drop, .hold, .blackhole(), .dup, .corrupt(), .delay(.milliseconds(200)), .chop(),
    ]
}

extension FrameAction: CustomStringConvertible {
    /// For example `rst`, `rst-mid=3`, `blackhole=both`, `delay=200ms`.
    package var description: String {
        switch self {
        case .rst: "rst"
        case .rstMid(let bytes): "rst-mid" + (bytes.map { "=\($0)" } ?? "")
        case .fin: "fin"
        case .drop: "drop"
        case .hold: "hold"
        case .blackhole(let bothWays): bothWays ? "blackhole=both" : "blackhole"
        case .dup: "dup"
        case .corrupt(let offset): "corrupt" + (offset.map { "=\($0)" } ?? "")
        case .delay(let duration): "delay=\(duration.nanosecondsClamped / 1_000_000)ms"
        case .chop(let bytes): "chop=\(bytes)"
        }
    }

    /// Reads what ``description`` writes. `delay` has to say how long (`delay=200ms`, `delay=200`).
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count == 2 ? String(parts[1]) : nil
        let number = value.flatMap { Int($0) }
        if let number, number < 0 { return nil }
        switch (parts[0], value) {
        case ("rst", nil): self = .rst
        case ("fin", nil): self = .fin
        case ("drop", nil): self = .drop
        case ("hold", nil): self = .hold
        case ("dup", nil): self = .dup
        case ("blackhole", nil): self = .blackhole()
        case ("blackhole", "both"): self = .blackhole(bothWays: true)
        case ("rst-mid", nil): self = .rstMid()
        case ("corrupt", nil): self = .corrupt()
        case ("chop", nil): self = .chop()
        case ("rst-mid", _): if let number { self = .rstMid(bytes: number) } else { return nil }
        case ("corrupt", _): if let number { self = .corrupt(offset: number) } else { return nil }
        case ("chop", _): if let number, number > 0 { self = .chop(bytes: number) } else { return nil }
        case ("delay", .some(var value)):
            if value.hasSuffix("ms") { value.removeLast(2) }
            guard let milliseconds = UInt32(value) else { return nil }
            self = .delay(.milliseconds(milliseconds))
        default: return nil
        }
    }
}
