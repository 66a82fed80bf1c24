import ArgumentParser
import SwiftAMQP

/// `samqp publish`
struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish messages and wait until the broker has confirmed every one of them.",
        discussion: """
            Messages are persistent and mandatory unless told otherwise: one that no queue gets counts as a failure. \
            Exits with 0 only if every message was confirmed; otherwise says on stderr how many ended how.

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
    @Flag(help: "Publish with delivery mode 1: the broker may lose the message when it restarts.")
    var transient = false
    @Flag(help: "Let the broker drop what it can route to no queue.")
    var noMandatory = false

    private static let window = 1024

    func validate() throws {
        if (body == nil) == (file == nil) { throw ValidationError("Say what to publish: either --body or --file.") }
        if body == "-" && count != nil { throw ValidationError("--count has no meaning with --body -.") }
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

        let tally = try await connection.withChannel("samqp publish") { connection, channel in
            let notices = Task { await BrokerNotices.tell(connection) }
            defer { notices.cancel() }
            return try await Progress.show("published", total: body == "-" ? nil : count ?? 1) { progress in
                try await channel.withPublisher(window: Self.window) { publisher in
                    var source = source
                    var tally = PublishTally()
                    do {
                        while let body = try await source.next() {
                            try await publisher.send(
                                AMQPMessage(body: body, properties: properties), to: address,
                                isMandatory: !noMandatory)
                            progress.add()
                        }
                    } catch let error as AMQPError {
                        tally.addUnsent(error)
                    } catch let failure as Failure {
                        tally.reason = failure.text
                    }
                    tally.add(await publisher.flush(), address: address, closeReason: channel.closeReason)
                    if case .copies(_, let remaining) = source { tally.notSent += remaining }
                    return tally
                }
            }
        }
        if let failure = tally.failure { throw failure }
    }
}

/// Says on stderr when the broker takes no messages: the tool is not stuck then, it waits.
enum BrokerNotices {
    static func tell(_ connection: AMQPConnection) async {
        for await event in connection.events {
            switch event {
            case .blocked(let reason): StandardError.line("the broker takes no messages for now (\(reason)); waiting")
            case .unblocked: StandardError.line("the broker takes messages again")
            case .closed:
                // Whoever waits for standard input would not notice.
                Stop.request()
                return
            }
        }
    }
}
