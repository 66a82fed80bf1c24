import TestSupport

/// A way to build and run a program.
enum ProgramRun: Sendable {
    case plain
    case noPIE
    case archive
    case asan
    case tsan
    case valgrind

    func run(_ program: FacadeProgram) async throws(HarnessError) -> CommandOutput {
        switch self {
        case .plain:
            return try await program.run(program.build(), within: .seconds(120))
        case .noPIE:
            return try await program.run(program.build(.noPIE), within: .seconds(120))
        case .archive:
            return try await program.run(program.build(.archive), within: .seconds(120))
        case .asan:
            // Leaks are valgrind's affair: the leak check of the sanitizer needs ptrace, which containers lack.
            let options = ["ASAN_OPTIONS": "halt_on_error=1:detect_leaks=0"]
            return try await program.run(program.build(.asan), environment: options, within: .seconds(240))
        case .tsan:
            let options = ["TSAN_OPTIONS": "halt_on_error=1:suppressions=\(Checkout.threadSuppressions)"]
            return try await program.run(program.build(.tsan), environment: options, within: .seconds(240))
        case .valgrind:
            let valgrind = [
                "valgrind", "-q", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite,indirect",
                "--errors-for-leak-kinds=definite,indirect", "--fair-sched=yes", "--num-callers=30",
                "--suppressions=\(Checkout.suppressions)",
            ]
            return try await program.run(program.build(), behind: valgrind, symbols: true, within: .seconds(600))
        }
    }
}
