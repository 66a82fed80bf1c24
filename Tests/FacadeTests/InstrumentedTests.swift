import TestSupport
import Testing

/// The programs with a library that has a sanitizer in it, as their program has: what they do to it is looked at in its own code, too.
@Suite(
    "Programs with a library that is instrumented", .serialized, .timeLimit(.minutes(30)),
    .enabled(if: InstrumentedLibrary.current != nil, "these tests were built without a sanitizer"))
struct InstrumentedTests {
    @Test(
        "hold, and nothing is reported",
        arguments: FacadeProgram.all.filter {
            InstrumentedLibrary.current?.takes($0) == true && !$0.words.contains(.dies)
        })
    func holds(program: FacadeProgram) async throws {
        let library = try #require(InstrumentedLibrary.current)
        let result = try await program.run(
            library.build(program), environment: library.environment(for: program), within: .seconds(120))
        #expect(result.exitCode == 0 && result.output == "ok\n", "\(result.output)\(result.error)")
    }

    @Test(
        "lose nothing, and nothing is reported, while their broker is killed and comes back",
        .enabled(if: Broker.canStartNodes, Comment(rawValue: Broker.nodesUnavailableReason)),
        arguments: FacadeProgram.all(.dies))
    func kills(program: FacadeProgram) async throws {
        let library = try #require(InstrumentedLibrary.current)
        try await HammerTests.expectSurvival(of: program, library.build(program), library.environment(for: program))
    }
}
