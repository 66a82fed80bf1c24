import SwiftAMQP
import TestSupport
import Testing

/// A hostile broker can end its connection, and nothing else: each script ends in a typed error or in the behaviour that
/// was decided, in two seconds, with nothing pending, the socket closed, and a bounded amount of memory.
@Suite(.serialized, .timeLimit(.minutes(5))) struct HostileBrokerTests {
    @Test(arguments: HostileScript.all) func script(_ script: HostileScript) async throws {
        let before = try await Footprint()
        try await Watchdog.with { watchdog in try await script.run(watchdog) }
        try await before.expectRestored(script.name)
    }

    /// All that are quick in one go: nothing adds up.
    @Test func allScripts() async throws {
        let before = try await Footprint()
        try await Watchdog.with { watchdog in
            for script in HostileScript.all where !script.takesTime { try await script.run(watchdog) }
        }
        try await before.expectRestored("all scripts")
        #expect(HostileScript.all.count >= 80)
        #expect(Set(HostileScript.all.map(\.name)).count == HostileScript.all.count)
    }
}
