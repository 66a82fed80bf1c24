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

    /// The last line, and the exit status.
    func conclude() throws {
        say("\(passed) passed, \(failed) failed")
        if failed > 0 || passed == 0 { throw ExitCode.failure }
    }
}
