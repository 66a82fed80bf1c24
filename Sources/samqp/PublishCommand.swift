import ArgumentParser
import SwiftAMQP

/// `samqp publish`
struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish messages and wait until the broker has confirmed every one of them.",
        discussion: """
            Messages are persistent and mandatory unless told otherwise: one that no queue gets counts as a failure. \
            Exits with 0 only if every message was confirmed; otherwise says on stderr how many ended how. A connection \
            that is lost on the way comes back, and what may not have arrived is sent again: such a message may be in its \
            queue twice, and then has the header x-swiftamqp-attempt.

            Examples:
              samqp publish --routing-key orders --body 'hello'
              seq 1 10000 | samqp publish --routing-key orders --body -
              samqp publish --exchange events --routing-key order.created --file order.json --header version=2
            """)

    @OptionGroup var connection: ConnectionOptions
    @Option(help: "The exchange; empty is the default one, which routes to the queue named by the routing key.")
    var exchange = ""
    @Option(help: "The routing key.")
    var routingKey: String
    @Option(help: "The body, as text; - publishes each line of standard input as a message.")
    var body: String?
    @Option(help: "Take the body from a file, as it is.")
    var file: String?
    @Option(help: "Publish the message so often.")
    var count: Int?
    @Option(
        name: .customLong("header"),
        help: ArgumentHelp("Add a header; its value is text. Can be repeated.", valueName: "name=text"))
    var headers: [HeaderArgument] = []
    @Option(help: "How many seconds a message may take until it is confirmed, lost connections included.")
    var timeout = 30
    @Flag(help: "Publish with delivery mode 1: the broker may lose the message when it restarts.")
    var transient = false
    @Flag(help: "Let the broker drop what it can route to no queue.")
    var noMandatory = false

    private static let window = 1024

    func validate() throws {
        if (body == nil) == (file == nil) { throw ValidationError("Say what to publish: either --body or --file.") }
        if body == "-" && count != nil { throw ValidationError("--count has no meaning with --body -.") }
        if !(1...86_400).contains(timeout) { throw ValidationError("--timeout has to be 1 to 86400.") }
        if let count, count < 1 { throw ValidationError("--count has to be 1 or more.") }
    }

    func run() async throws {
        let source =
            if let file {
                MessageSource.copies(body: try MessageSource.readFile(file), remaining: count ?? 1)
            } else if body == "-" {
                MessageSource.lines(LineReader())
            } else {
                MessageSource.copies(body: Array((body ?? "").utf8), remaining: count ?? 1)
            }
        try await Stop.run { try await publish(source) }
    }

    private func publish(_ source: MessageSource) async throws {
        var properties = AMQPProperties()
        properties.deliveryMode = transient ? .transient : .persistent
        properties.headers = AMQPTable(headers.map { ($0.name, $0.value) })
        let address = AMQPAddress(exchange: exchange, routingKey: routingKey)

        let client = try connection.client("samqp publish", publishTimeout: .seconds(timeout))
        // First, so that why there is no connection is what is said.
        try await client.connect([.publishing])
        let events = client.events()
        let notices = Task { await ClientNotices.tell(events) }
        defer { notices.cancel() }
        let tally = try await Progress.show("published", total: body == "-" ? nil : count ?? 1) { progress in
            let publisher = try client.publisher(window: Self.window)
            var source = source
            var tally = PublishTally()
            do {
                while let body = try await source.next() {
                    try await publisher.enqueue(
                        AMQPMessage(body: body, properties: properties), to: address, isMandatory: !noMandatory)
                    progress.add()
                }
            } catch is AMQPError {
                // It is in the report.
            } catch let failure as Failure {
                tally.reason = failure.text
            }
            tally.add(await publisher.flush())
            if case .copies(_, let remaining) = source { tally.notSent += remaining }
            return tally
        }
        // From here on the end of the client is no news, and must not be taken for a stop.
        notices.cancel()
        await notices.value
        await client.shutdown(deadline: .seconds(5))
        if let failure = tally.failure { throw failure }
    }
}

/// Says on stderr why nothing moves: the tool is not stuck then, it waits.
enum ClientNotices {
    static func tell(_ events: AMQPEvents<AMQPClientEvent>) async {
        var wasLost = false
        for await event in events {
            switch event {
            case .blocked(_, let reason):
                StandardError.line("the broker takes no messages for now (\(reason)); waiting")
            case .unblocked: StandardError.line("the broker takes messages again")
            case .lost(_, let error) where error.code != .closed:
                StandardError.line("the connection was lost (\(error.text)); connecting again")
                wasLost = true
            case .opened where wasLost: StandardError.line("connected again")
            default: break
            }
        }
        // The client has ended; whoever waits for standard input would not notice.
        if !Task.isCancelled { Stop.request() }
    }
}
