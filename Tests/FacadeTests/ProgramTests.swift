import TestSupport
import Testing

@Suite("Programs in C and C++ with the installed library", .serialized, .timeLimit(.minutes(20)))
struct ProgramTests {
    @Test("there are programs, and their first lines say how to run them")
    func firstLines() {
        #expect(FacadeProgram.all.contains { $0.isCPlusPlus } && FacadeProgram.all.contains { !$0.isCPlusPlus })
        for program in FacadeProgram.all {
            #expect(program.unknown.isEmpty, "\(program.file): write \"Runs: WORD WORD. What it shows.\"")
        }
    }

    @Test("holds", arguments: FacadeProgram.all)
    func holds(program: FacadeProgram) async throws {
        let path = try await program.build()
        expectOK(try await program.run(path, within: .seconds(120)))
    }

    @Test("holds as a program that is not position-independent", arguments: FacadeProgram.all(.noPIE))
    func holdsWithoutPIE(program: FacadeProgram) async throws {
        let path = try await program.build(.noPIE)
        expectOK(try await program.run(path, within: .seconds(120)))
    }

    /// Leaks are valgrind's affair: the leak check of the sanitizer needs ptrace, which containers lack.
    @Test("holds under the address sanitizer", arguments: FacadeProgram.all(.asan))
    func holdsUnderASan(program: FacadeProgram) async throws {
        let path = try await program.build(.asan)
        let options = ["ASAN_OPTIONS": "halt_on_error=1:detect_leaks=0"]
        expectOK(try await program.run(path, environment: options, within: .seconds(240)))
    }

    @Test("leaks nothing and reads nothing uninitialised under valgrind", arguments: FacadeProgram.all(.valgrind))
    func holdsUnderValgrind(program: FacadeProgram) async throws {
        let path = try await program.build()
        let valgrind = [
            "valgrind", "-q", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite,indirect",
            "--errors-for-leak-kinds=definite,indirect", "--fair-sched=yes",
            "--suppressions=\(Checkout.suppressions)",
        ]
        expectOK(try await program.run(path, behind: valgrind, within: .seconds(600)))
    }

    private func expectOK(_ result: CommandOutput, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(
            result.exitCode == 0 && result.output == "ok\n", "\(result.output)\(result.error)",
            sourceLocation: sourceLocation)
    }
}
