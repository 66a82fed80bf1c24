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

            A message is acknowledged after its line was written. Lost connections are made again; what was printed and \
            could not be acknowledged comes again then, marked as redelivered. Ctrl-C or SIGTERM, or a reader that goes away, end it \
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
        var configuration = AMQPConsumerConfiguration(queue: queue)
        configuration.prefetch = .count(prefetch)
        // A queue that somebody deletes is not put back by a tool that reads it.
        configuration.whenCancelledByBroker = .end
        let client = try connection.client("samqp consume")
        do {
            try await client.connect([.consuming])
            // A consumer waits for a queue that is not there; whoever types its name wants to hear of it.
            _ = try await client.status(ofQueue: queue)
            let events = client.events()
            let notices = Task { await ClientNotices.tell(events) }
            defer { notices.cancel() }
            try await Progress.show("consumed", total: count, if: isProgressShown) { progress in
                let printer = DeliveryPrinter(
                    json: json, limit: count ?? .max, prefetch: Int(prefetch), progress: progress)
                try await client.withConsumer(configuration) { deliveries in
                    await printer.print(deliveries)
                    // No more than the limit is to be marked as delivered before.
                    await deliveries.cancel()
                    try await printer.finish()
                }
            }
            notices.cancel()
            await notices.value
        } catch {
            await client.shutdown(deadline: .seconds(5))
            throw error
        }
        await client.shutdown(deadline: .seconds(5))
    }
}
