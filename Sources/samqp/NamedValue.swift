import ArgumentParser
import SwiftAMQP

/// A header as it is written on the command line: `name=text`.
struct HeaderArgument: ExpressibleByArgument {
    var name: String
    var value: AMQPFieldValue

    init?(argument: String) {
        guard let (name, text) = Self.split(argument) else { return nil }
        self.name = name
        value = .string(text)
    }

    static func split(_ argument: String) -> (String, String)? {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
        return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
    }
}

/// An argument of a queue, where the broker insists on kinds: `x-max-length=1000` is a number, `x-single-active-consumer=true`
/// a truth value, everything else, and everything in double quotes, a text.
struct QueueArgument: ExpressibleByArgument, Equatable {
    var name: String
    var value: AMQPFieldValue

    init?(argument: String) {
        guard let (name, text) = HeaderArgument.split(argument) else { return nil }
        self.name = name
        if let number = Int64(text) {
            value = .int64(number)
        } else if text == "true" || text == "false" {
            value = .bool(text == "true")
        } else if text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") {
            value = .string(String(text.dropFirst().dropLast()))
        } else {
            value = .string(text)
        }
    }
}
