// The frame layer: rules.

extension ChaosProxy {
    /// Follows a rule from the next frame on.
    @discardableResult
    package func add(_ rule: FrameRule) async throws(HarnessError) -> InstalledRule {
        let installed = try InstalledRule(rule, id: nextRuleNumber())
        try await command { (core) throws(HarnessError) in core.add(installed) }
        return installed
    }

    /// The same for its text, for example `s2c:60.80:1:rst`; see ``FrameRule/description``.
    @discardableResult
    package func add(_ text: String) async throws(HarnessError) -> InstalledRule {
        guard let rule = FrameRule(text) else { throw HarnessError(.malformed, "'\(text)' is no rule") }
        return try await add(rule)
    }

    /// Follows a rule no more. What it holds stays held: see ``release(_:)``.
    package func remove(_ rule: InstalledRule) async { await tell { core in core.remove(rule.id) } }

    /// Lets go what a rule with the action `hold` has held until now.
    package func release(_ rule: InstalledRule) async {
        await tell { core in core.forEach(nil) { one in one.streams.forEach { $0.queue.open(gate: rule.id) } } }
    }

    /// What has gone through so far as the points of a sweep; see ``RulePoint/list(of:heartbeats:)``.
    package func rulePoints(heartbeats: Bool = false) -> [RulePoint] {
        RulePoint.list(of: journal.records, heartbeats: heartbeats)
    }
}
