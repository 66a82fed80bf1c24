import TestSupport
import Testing

@Suite("Programs in C whose broker dies", .serialized, .timeLimit(.minutes(20)))
struct HammerTests {
    @Test(
        "lose nothing and hang nowhere while it is killed and comes back",
        .enabled(if: Broker.canStartNodes, Comment(rawValue: Broker.nodesUnavailableReason)),
        arguments: FacadeProgram.all(.dies))
    func kills(program: FacadeProgram) async throws {
        try await Self.expectSurvival(of: program, program.build())
    }

    /// Runs it, built at `path`, while its broker is killed and started again.
    static func expectSurvival(
        of program: FacadeProgram, _ path: String, _ environment: [String: String] = [:]
    ) async throws {
        try await Broker.withPrivateNode { broker in
            let environment = environment.merging(["AMQP_URL": broker.url, "HAMMER_SECONDS": "\(seconds)"]) { $1 }
            async let output = program.run(path, environment: environment, within: .seconds(180))
            for _ in 0..<kills {
                // How long it may work in peace, which nothing depends on.
                try await Task.sleep(for: .seconds(1.5))
                try await broker.kill()
                try await broker.start()
            }
            let result = try await output
            #expect(result.exitCode == 0 && result.output == "ok\n", "\(result.output)\(result.error)")
        }
    }

    private static let seconds = 12
    private static let kills = 2
}
