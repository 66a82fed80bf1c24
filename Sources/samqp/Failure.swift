import ArgumentParser
import Glibc
import SwiftAMQP

/// Something that did not work, in the words of the tool.
struct Failure: Error {
    /// Wrong use of the command line, as in sysexits(3) and as ArgumentParser has it.
    static let usage: Int32 = 64

    var text: String
    var status: Int32 = 1

    /// Ends the process: says on stderr, in one line, what is wrong.
    static func exit(_ error: any Error, _ root: (some ParsableCommand).Type) -> Never {
        switch error {
        case let failure as Failure:
            StandardError.line(failure.text)
            Glibc.exit(failure.status)
        case let error as AMQPError:
            StandardError.line(describe(error))
            Glibc.exit(isUsage(error) ? usage : 1)
        default:
            // ArgumentParser's own: usage errors, and help and version, which are no errors.
            let status = root.exitCode(for: error).rawValue
            let message = root.fullMessage(for: error)
            let text = (status == 0 ? message : Secrets.redact(message)) + "\n"
            StandardStreams.write(Array(text.utf8), to: status == 0 ? STDOUT_FILENO : STDERR_FILENO)
            Glibc.exit(status)
        }
    }

    /// One line: what happened, where, and what to do.
    static func describe(_ error: AMQPError) -> String {
        var line = error.text
        if let endpoint = error.endpoint, !line.contains(endpoint) { line += " (at \(endpoint))" }
        if let replyCode = error.replyCode, !line.contains("\(replyCode)") { line += " [\(replyCode)]" }
        if let advice = advice(for: error) { line += "; \(advice)" }
        return line
    }

    private static func isUsage(_ error: AMQPError) -> Bool {
        [.invalidConfiguration, .invalidArgument, .unsupported].contains(error.code)
    }

    private static func advice(for error: AMQPError) -> String? {
        switch error.code {
        case .resolveFailed: "check the host name in the URL"
        case .unreachable: "check host and port, and that the broker runs"
        case .connectTimeout:
            "the broker may be overloaded or behind a firewall; connection_timeout=MS in the URL waits longer"
        case .protocolMismatch: "check that the port is the broker's AMQP port, usually 5672"
        case .authenticationFailed: "check user and password in the URL"
        case .virtualHostRefused:
            "check the virtual host in the URL (/ is written %2F) and the user's permissions on it"
        case .connectionLost, .heartbeatTimeout: "try again"
        case .channelException:
            switch error.replyCode {
            case 403: "the user lacks the permission, or the name is reserved, or another consumer is exclusive"
            case 404: "check the name, or declare it first (samqp queue declare)"
            case 405: "the queue belongs to another connection alone"
            case 406: "it exists with other properties, or is in use, or not empty"
            default: nil
            }
        default: nil
        }
    }
}
