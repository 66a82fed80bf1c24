/// A rule that a proxy follows, and what became of it.
package final class InstalledRule: Sendable {
    package let rule: FrameRule
    let id: Int
    private let signal: FakeSignal
    private let counter = Locked(0)

    init(_ rule: FrameRule, id: Int) throws(HarnessError) {
        self.rule = rule
        self.id = id
        signal = try FakeSignal()
    }

    /// How often the rule has fired.
    package var count: Int { counter.withLock { $0 } }

    /// Suspends until the rule has fired and its action has been carried out as far as nothing delays it.
    package func fired(within duration: Duration = .seconds(5)) async throws(HarnessError) {
        do throws(HarnessError) {
            try await signal.fired(within: duration)
        } catch {
            throw HarnessError(error.kind, "the rule \(rule) has not fired in time")
        }
    }

    func fire() {
        counter.withLock { $0 += 1 }
        signal.fire()
    }
}
