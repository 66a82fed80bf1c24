import Glibc

/// Runs one work over SwiftAMQP and prints its figures. Without Foundation, so that memory and instructions are those of
/// the client.
@main
struct AMQPWork {
    // Not asynchronous: valgrind 3.19 crashes in the wait of an asynchronous main. It writes into the mask of a
    // sigsuspend, and libdispatch keeps that in read-only memory.
    static func main() {
        Task.detached {
            do {
                try await run()
                exit(0)
            } catch WorkError.usage {
                report(usage)
                exit(2)
            } catch {
                report("amqp-work: \(error)")
                exit(1)
            }
        }
        while true { pause() }
    }

    private static let usage = """
        usage: amqp-work WORK [--port P] [--count N] [--body B] [--window W] [--tasks T] [--queue Q]
                         [--connections N] [--channels N] [--mandatory]
        works: \(Work.allCases.map(\.rawValue).joined(separator: " "))
          --port         a sink on 127.0.0.1; without it, the broker of AMQP_URL
          --count        messages (a second or so of them)
          --body         octets of each body (16)
          --window       most unconfirmed publishes of a channel (1000), or its prefetch (256)
          --tasks        tasks that publish at the same time (256)
          --queue        published to and consumed from, on a broker
          --connections  how many to open (1), and
          --channels     how many on each (1); the messages are divided among them
          --mandatory    publish mandatory, as the API does by default; the peers do not
        """

    private static func run() async throws {
        var arguments = Arguments(CommandLine.arguments.dropFirst())
        guard let work = arguments.word().flatMap(Work.init) else { throw WorkError.usage }
        var parameters = WorkParameters(work)
        while let option = arguments.word() {
            switch option {
            case "--port": parameters.port = UInt16(try arguments.number(1...65535))
            case "--count": parameters.count = try arguments.number(1...4_000_000_000)
            case "--body": parameters.bodySize = try arguments.number(0...16_777_216)
            case "--window": parameters.window = try arguments.number(1...65535)
            case "--tasks": parameters.tasks = try arguments.number(1...65535)
            case "--queue": parameters.queue = try arguments.text()
            case "--connections": parameters.connections = try arguments.number(1...10_000)
            case "--channels": parameters.channels = try arguments.number(1...2047)
            case "--mandatory": parameters.isMandatory = true
            default: throw WorkError.usage
            }
        }
        if let line = try await perform(parameters) { print(line) }
    }

    private static func report(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
