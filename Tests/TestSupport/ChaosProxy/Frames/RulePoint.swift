/// A frame of a reference session by its place, so that a sweep can do everything to every frame.
package struct RulePoint: Sendable, Hashable, CustomStringConvertible {
    package var direction: FrameDirection
    package var kind: FrameKind
    package var nth: Int

    /// For example `s2c:60.80:1`.
    package var description: String { "\(direction.rawValue):\(kind):\(nth)" }

    /// The rule that does this to the frame.
    package func rule(_ action: FrameAction) -> FrameRule { FrameRule(direction, kind, nth: nth, action) }

    /// The frames of a session in their order. Heartbeats come when they please, so they are left out unless asked for.
    package static func list(of records: some Sequence<FrameRecord>, heartbeats: Bool = false) -> [RulePoint] {
        var counts: [FrameDirection: [FrameKind: Int]] = [:]
        var points: [RulePoint] = []
        for record in records {
            guard case .frame(let kind) = record.event, heartbeats || kind != .heartbeat else { continue }
            let nth = (counts[record.direction]?[kind] ?? 0) + 1
            counts[record.direction, default: [:]][kind] = nth
            points.append(RulePoint(direction: record.direction, kind: kind, nth: nth))
        }
        return points
    }
}
