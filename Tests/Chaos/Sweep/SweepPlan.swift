import TestSupport

/// Which action at which frame.
enum SweepPlan {
    /// Every action at every frame, or at least so many of these pairs: each frame has its turn before any has a second
    /// one, and the actions are spread evenly over the frames.
    static func rules(at points: [RulePoint], minimum: Int?) -> [FrameRule] {
        let actions = FrameAction.all
        var rules: [FrameRule] = []
        for round in actions.indices {
            for (number, point) in points.enumerated() {
                if let minimum, rules.count >= minimum, number == 0 { return rules }
                rules.append(point.rule(actions[(number * 3 + round) % actions.count]))
            }
        }
        return rules
    }
}
