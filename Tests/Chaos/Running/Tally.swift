import ArgumentParser

/// Counts what passed and what failed.
struct Tally {
    private(set) var passed = 0
    private(set) var failed = 0

    /// Takes the failures of one thing that was tried; none is a pass. `replay` is the command that tries it again.
    mutating func take(_ name: String, _ failures: [String], replay: String? = nil) {
        if failures.isEmpty {
            passed += 1
            return
        }
        failed += 1
        say("FAILED \(name)")
        for failure in failures { say("  " + failure.replacing("\n", with: "\n  ")) }
        if let replay { say("  again: \(replay)") }
    }

    /// Runs `body` and says what it came to, also where it could not go on: the last line, and the exit status.
    static func conclude(_ body: () async throws -> Tally) async throws {
        var tally = Tally()
        do {
            tally = try await body()
        } catch {
            tally.take("the run", ["\(error)"])
        }
        try tally.conclude()
    }

    private func conclude() throws {
        say("\(passed) passed, \(failed) failed")
        if failed > 0 || passed == 0 { throw ExitCode.failure }
    }
}
