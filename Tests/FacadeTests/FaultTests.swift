import TestSupport
import Testing

/// Whether the runs of ``ProgramTests`` find what they are for, in code of the library as in the program's own.
@Suite("Faulty programs are found", .serialized, .timeLimit(.minutes(20)))
struct FaultTests {
    @Test("a check that does not hold")
    func broken() async throws {
        let result = try await run("broken.c", .plain)
        #expect(result.exitCode == 1 && result.error.contains("broken.c:6: \"one\" is \"one\", not \"another\""))
    }

    @Test("valgrind finds a handle that is lost, and says which function made it")
    func leak() async throws {
        let result = try await run("leak.c", .valgrind)
        #expect(result.exitCode == 99 && result.output == "ok\n")
        #expect(result.error.contains("definitely lost") && result.error.contains("samqp_options_new"))
    }

    @Test("both find what is read after it was freed", arguments: [ProgramRun.asan, .valgrind])
    func stale(run way: ProgramRun) async throws {
        let result = try await run("stale.c", way)
        #expect(result.exitCode != 0)
        #expect(result.error.contains(way == .asan ? "heap-use-after-free" : "Invalid read"))
    }

    @Test("the thread sanitizer finds a race of the program beside what it must not look at")
    func race() async throws {
        let result = try await run("race.c", .tsan)
        #expect(result.exitCode == 66 && result.error.contains("data race"))
        #expect(result.error.contains("race.c:15"))
    }

    private func run(_ file: String, _ way: ProgramRun) async throws -> CommandOutput {
        try await way.run(FacadeProgram(file: file, folder: Checkout.faults))
    }
}
