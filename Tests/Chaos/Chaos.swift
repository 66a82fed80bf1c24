import ArgumentParser
import Glibc

/// Does to a supervised client what networks and brokers do, and checks what it promises. A developers' tool: it starts
/// RabbitMQ nodes of its own, and everything between them and the client goes through the chaos proxy.
@main struct Chaos: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos",
        abstract: "Break the connections of a supervised client in every way, and check what it promises.",
        discussion: """
            Each run ends with a line "N passed, N failed"; the exit status is 0 only if nothing failed. What fails is \
            printed with the command that repeats it. SWIFTAMQP_TEST_DEADLINE_SCALE stretches all deadlines.
            """,
        subcommands: [
            SweepCommand.self, KillCommand.self, KillClientCommand.self, SoakCommand.self, RestartsCommand.self,
            ShutdownsCommand.self, BacklogCommand.self, RecoveryCommand.self, AlarmCommand.self, ClientCommand.self,
        ])

    @Option(help: "Repeat what `make chaos` did with this seed, or with soak:SEED a round of a soak.")
    var replay: String?

    /// The numbers of faults that `make chaos` asks for.
    func run() async throws {
        guard let replay else { throw CleanExit.helpRequest(self) }
        let soak = "soak:"
        if replay.hasPrefix(soak) {
            return try await SoakCommand.parse(["--minutes", "0", "--seed", "\(replay.dropFirst(soak.count))"]).run()
        }
        let command = try KillCommand.parse(
            ["--cycles", "100", "--close-all", "20", "--broker-kill", "5", "--pause", "5", "--seed", "\(replay)"])
        try await command.run()
    }

    static func main() async {
        // A broker that dies must not take this process along.
        signal(SIGPIPE, SIG_IGN)
        await self.main(nil)
    }
}
