import Glibc
import Testing

/// A million operations by chance on each of the data structures that a connection's safety rests on, beside a model.
///
/// The numbers of a run are those of its seed, which a failure names together with the step.
@Suite struct ModelTests {
    /// Fewer where everything is slower: the sanitizers have nothing to see in values that one thread owns.
    private static let steps = 250_000 / max(1, getenv("SWIFTAMQP_TEST_DEADLINE_SCALE").map { Int(atoi($0)) } ?? 1)

    private func walk(_ seed: UInt64, _ step: (inout SeededChoices) throws -> Void) {
        var choices = SeededChoices(seed: seed)
        for number in 0..<Self.steps {
            do {
                try step(&choices)
            } catch {
                Issue.record("seed \(seed), step \(number): \(error)")
                return
            }
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func confirms(seed: UInt64) {
        var run = ConfirmRun()
        walk(seed) { try run.step(&$0) }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func settles(seed: UInt64) {
        var run = SettleRun()
        walk(seed) { try run.step(&$0) }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func requests(seed: UInt64) {
        var run = RequestRun()
        walk(seed) { try run.step(&$0) }
    }

    @Test(arguments: [3, 70, 300, 65535] as [UInt16]) func channelIDs(highest: UInt16) {
        var run = ChannelIDRun(highest: highest)
        walk(UInt64(highest)) { try run.step(&$0) }
    }
}
