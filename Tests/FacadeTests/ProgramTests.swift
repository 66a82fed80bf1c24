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

    @Test("holds", arguments: FacadeProgram.all.filter { !$0.words.contains(.dies) })
    func holds(program: FacadeProgram) async throws {
        expectOK(try await ProgramRun.plain.run(program))
    }

    @Test("holds as a program that is not position-independent", arguments: FacadeProgram.all(.noPIE))
    func holdsWithoutPIE(program: FacadeProgram) async throws {
        expectOK(try await ProgramRun.noPIE.run(program))
    }

    @Test("holds with the archive", arguments: FacadeProgram.all(.archive))
    func holdsWithArchive(program: FacadeProgram) async throws {
        expectOK(try await ProgramRun.archive.run(program))
    }

    @Test("holds under the address sanitizer", arguments: FacadeProgram.all(.asan))
    func holdsUnderASan(program: FacadeProgram) async throws {
        expectOK(try await ProgramRun.asan.run(program))
    }

    @Test("holds under the thread sanitizer", arguments: FacadeProgram.all(.tsan))
    func holdsUnderTSan(program: FacadeProgram) async throws {
        expectOK(try await ProgramRun.tsan.run(program))
    }

    @Test("leaks nothing and reads nothing uninitialised under valgrind", arguments: FacadeProgram.all(.valgrind))
    func holdsUnderValgrind(program: FacadeProgram) async throws {
        expectOK(try await ProgramRun.valgrind.run(program))
    }

    private func expectOK(_ result: CommandOutput, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(
            result.exitCode == 0 && result.output == "ok\n", "\(result.output)\(result.error)",
            sourceLocation: sourceLocation)
    }
}
