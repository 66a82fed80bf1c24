import Foundation

@main
struct AMQPBench {
    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch BenchError.usage {
            report(usage)
            exit(2)
        } catch {
            report("amqp-bench: \(error)")
            exit(1)
        }
    }

    private static let usage = """
        usage: amqp-bench [--quick] [--rows TEXT] [--rounds N] [--json FILE] [--check]
          all works, ours and those of the peers in turn; prints a table
          --quick      short runs, three rounds instead of five
          --rows       only rows whose name has this in it ("broker:", "consume")
          --rounds     how often each work is run
          --json       also write the rows to FILE
          --check      status 3 when a target is missed; otherwise a timing never makes the command fail

        usage: amqp-bench --growth
          what a message costs with the size of its body, the number of channels and of connections
        """

    private static func run(_ words: [String]) throws {
        var options = Options()
        var rest = words[...]
        while let option = rest.popFirst() {
            switch option {
            case "--quick": options.isQuick = true
            case "--check": options.isCheck = true
            case "--growth": options.isGrowth = true
            case "--rows": options.rows = try value(&rest)
            case "--json": options.jsonFile = try value(&rest)
            case "--rounds":
                guard let rounds = Int(try value(&rest)), (1...1000).contains(rounds) else { throw BenchError.usage }
                options.rounds = rounds
            default: throw BenchError.usage
            }
        }
        if options.isGrowth {
            try measureGrowth()
        } else if try !compare(options), options.isCheck {
            exit(3)
        }
    }

    private static func value(_ rest: inout ArraySlice<String>) throws -> String {
        guard let word = rest.popFirst() else { throw BenchError.usage }
        return word
    }
}

struct Options {
    var isQuick = false
    var isCheck = false
    var isGrowth = false
    var rows: String?
    var rounds: Int?
    var jsonFile: String?
}

enum BenchError: Error, CustomStringConvertible {
    case usage
    /// A program ended badly, or measured something else: there is no figure then.
    case child(String)

    var description: String {
        switch self {
        case .usage: "wrong arguments"
        case .child(let text): text
        }
    }
}

func report(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}

/// One line that overwrites itself, where somebody looks.
func showProgress(_ text: String) {
    guard isatty(STDERR_FILENO) == 1 else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
}

func format(_ pattern: String, _ value: Double) -> String { String(format: pattern, value) }
