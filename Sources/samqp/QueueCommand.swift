import ArgumentParser
import Glibc
import SwiftAMQP

/// `samqp queue ...`
struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Declare, delete, purge or look at a queue.",
        subcommands: [Declare.self, Delete.self, Purge.self, Status.self])
}

/// What all of them take.
struct QueueOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @Option(help: "The queue.")
    var queue: String

    func validate() throws {
        if queue.isEmpty { throw ValidationError("--queue has to name a queue.") }
    }

    func withChannel<Value>(_ body: (AMQPChannel) async throws -> Value) async throws -> Value {
        try await connection.withChannel("samqp queue") { _, channel in try await body(channel) }
    }
}

/// How the state of a queue is shown.
struct StatusOutput: ParsableArguments {
    @Flag(help: "Print a JSON object.")
    var json = false

    func show(_ status: AMQPQueueStatus) {
        let line =
            json
            ? JSONOutput.line(status)
            : Array("\(status.name) \(status.messageCount) messages \(status.consumerCount) consumers\n".utf8)
        StandardStreams.write(line, to: STDOUT_FILENO)
    }
}

extension QueueCommand {
    /// `samqp queue declare`
    struct Declare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a queue, or check that it exists with the same properties.",
            discussion: """
                The value of an argument is a number, true or false where it looks like one, else text; text that \
                looks like a number goes in double quotes.

                Example: samqp queue declare --queue orders --type quorum --argument x-delivery-limit=5
                """)

        enum Kind: String, ExpressibleByArgument, CaseIterable { case classic, quorum, stream }

        @OptionGroup var target: QueueOptions
        @Option(help: "What kind of queue.")
        var type = Kind.classic
        @Flag(help: "Whether the queue survives a restart of the broker.")
        var durability = Durability.durable
        @Option(
            name: .customLong("argument"),
            help: ArgumentHelp(
                "Add an argument, for example x-max-length=1000. Can be repeated.", valueName: "name=value"))
        var arguments: [QueueArgument] = []
        @OptionGroup var output: StatusOutput

        enum Durability: String, EnumerableFlag { case durable, transient }

        func validate() throws {
            if durability == .transient && type != .classic {
                throw ValidationError("--transient is for classic queues; the others are always durable.")
            }
        }

        func run() async throws {
            let table = AMQPTable(arguments.map { ($0.name, $0.value) })
            let name = target.queue
            let queue: AMQPQueue =
                switch type {
                case .classic: .classic(name, durable: durability == .durable, arguments: table)
                case .quorum: .quorum(name, arguments: table)
                case .stream: .stream(name, arguments: table)
                }
            output.show(try await target.withChannel { channel in try await channel.declare(queue) })
        }
    }

    /// `samqp queue delete`
    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a queue with its messages. One that does not exist is no error.")

        @OptionGroup var target: QueueOptions
        @Flag(help: "Only if it has no consumers.")
        var ifUnused = false
        @Flag(help: "Only if it has no messages.")
        var ifEmpty = false

        func run() async throws {
            let count = try await target.withChannel { channel in
                try await channel.delete(queue: target.queue, ifUnused: ifUnused, ifEmpty: ifEmpty)
            }
            StandardStreams.write(
                Array("\(target.queue) deleted with \(count) messages\n".utf8), to: STDOUT_FILENO)
        }
    }

    /// `samqp queue purge`
    struct Purge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Drop the messages of a queue that wait to be delivered.")

        @OptionGroup var target: QueueOptions

        func run() async throws {
            let count = try await target.withChannel { channel in try await channel.purge(queue: target.queue) }
            StandardStreams.write(Array("\(target.queue) purged of \(count) messages\n".utf8), to: STDOUT_FILENO)
        }
    }

    /// `samqp queue status`
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print name, messages ready to be delivered, and consumers of a queue.")

        @OptionGroup var target: QueueOptions
        @OptionGroup var output: StatusOutput

        func run() async throws {
            output.show(try await target.withChannel { channel in try await channel.status(ofQueue: target.queue) })
        }
    }
}
