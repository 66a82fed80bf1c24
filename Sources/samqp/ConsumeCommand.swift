import ArgumentParser
import Glibc
import SwiftAMQP

/// `samqp consume`
struct ConsumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consume",
        abstract: "Print the messages of a queue, one line each, and acknowledge what was printed.",
        discussion: """
            Without --json a line is the body, in which line ends, other control characters, backslashes and bytes that \
            are not UTF-8 are escaped (\\n, \\r, \\t, \\\\, \\x1b). With --json it is an object with body (base64 where \
            body_encoding says so), exchange, routing_key, redelivered, properties and headers.

            A message is acknowledged after its line was written. Ctrl-C or SIGTERM, or a reader that goes away, end it \
            in good order: what was not printed goes back to the queue, and the exit status is 0. A second Ctrl-C ends \
            it at once.

            Examples:
              samqp consume --queue orders
              samqp consume --queue orders --count 10 --json | jq .body
            """)

    @OptionGroup var connection: ConnectionOptions
    @Option(help: "The queue.")
    var queue: String
    @Option(help: "End after so many messages (default: go on until stopped).")
    var count: Int?
    @Option(help: "How many messages the broker hands out before they are acknowledged, 1 to 65535.")
    var prefetch: UInt16 = 256
    @Flag(help: "Print JSON objects with all that is known of each message.")
    var json = false

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count has to be 1 or more.") }
        if prefetch < 1 { throw ValidationError("--prefetch has to be 1 or more.") }
    }

    func run() async throws {
        do {
            try await Stop.run { try await consume() }
        } catch let error as AMQPError where error.code == .cancelled && Stop.isRequested {
            // Stopped before there was anything to drain.
        }
    }

    private func consume() async throws {
        let prefetch = UInt16(clamping: min(Int(prefetch), count ?? .max))
        // Where both go to one terminal, the lines are progress enough.
        let isProgressShown = isatty(STDOUT_FILENO) == 0
        try await connection.withChannel("samqp consume") { _, channel in
            try await Progress.show("consumed", total: count, if: isProgressShown) { progress in
                let printer = DeliveryPrinter(
                    json: json, limit: count ?? .max, prefetch: Int(prefetch), progress: progress)
                try await channel.withConsumer(queue, prefetch: .count(prefetch)) { deliveries in
                    await printer.print(deliveries)
                }
                try await printer.finish()
            }
        }
    }
}
