import ArgumentParser
import Glibc
import SwiftAMQP

/// The command line tool: a message in, a message out, and a look at a queue, from a shell.
@main struct SAMQP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "samqp",
        abstract: "Publish to, consume from and look after queues of an AMQP 0-9-1 broker such as RabbitMQ.",
        discussion: """
            The broker is named by --url or by the environment variable AMQP_URL, for example \
            amqp://user:password@host:5672/vhost; the virtual host / is written %2F, or left out. Prefer AMQP_URL: a \
            command line can be read by every user of the machine until samqp has blanked the password in it.

            Exit status: 0 if everything was done, 1 if not, 64 for a wrong command line.
            """,
        version: "samqp \(ClientProperties.version)",
        subcommands: [PublishCommand.self, ConsumeCommand.self, QueueCommand.self])

    static func main() async {
        Stop.install()
        signal(SIGPIPE, SIG_IGN)
        // Read now: they may be the very memory that is blanked next.
        let arguments = Array(CommandLine.arguments.dropFirst())
        Secrets.hideCommandLine()
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch {
            Failure.exit(error, SAMQP.self)
        }
    }
}
