import Foundation

@main
struct AMQPBench {
    static func main() async {
        do {
            var arguments = Arguments(CommandLine.arguments.dropFirst())
            switch arguments.word() {
            case "work": try await workCommand(&arguments)
            case "run": try runCommand(&arguments)
            default: throw BenchError.usage
            }
        } catch BenchError.usage {
            report(usage)
            exit(2)
        } catch {
            report("amqp-bench: \(error)")
            exit(1)
        }
    }

    static let usage = """
        usage: amqp-bench run [--quick] [--json FILE]
          all works, ours and those of the peers in turn; prints a table
          --quick      short runs
          --json       also write the figures of every run to FILE

        usage: amqp-bench work WORK --port P [--count N] [--body B] [--window W] [--tasks T] [--mandatory]
        works: \(Work.allCases.map(\.rawValue).joined(separator: " "))
          --count      messages (a second or so of them)
          --body       octets of each body (16)
          --window     most unconfirmed publishes (1000), or the prefetch (256)
          --tasks      tasks that publish at the same time (256)
          --mandatory  publish mandatory, as the API does by default; the peers do not
        """

    static func report(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    private static func runCommand(_ arguments: inout Arguments) throws {
        var isQuick = false
        var jsonFile: String?
        while let option = arguments.word() {
            switch option {
            case "--quick": isQuick = true
            case "--json":
                guard let file = arguments.word() else { throw BenchError.usage }
                jsonFile = file
            default: throw BenchError.usage
            }
        }
        try compare(isQuick: isQuick, jsonFile: jsonFile)
    }

    private static func workCommand(_ arguments: inout Arguments) async throws {
        guard let work = arguments.word().flatMap(Work.init) else { throw BenchError.usage }
        var parameters = WorkParameters(work)
        var port: UInt16?
        while let option = arguments.word() {
            switch option {
            case "--port": port = UInt16(try arguments.number(1...65535))
            case "--count": parameters.count = try arguments.number(1...4_000_000_000)
            case "--body": parameters.bodySize = try arguments.number(0...16_777_216)
            case "--window": parameters.window = try arguments.number(1...65535)
            case "--tasks": parameters.tasks = try arguments.number(1...65535)
            case "--mandatory": parameters.isMandatory = true
            default: throw BenchError.usage
            }
        }
        guard let port else { throw BenchError.usage }
        print(try await perform(parameters, port: port).line)
    }
}
