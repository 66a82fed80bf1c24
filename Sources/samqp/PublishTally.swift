import SwiftAMQP

/// How the messages of one run ended.
struct PublishTally {
    private(set) var confirmed = 0
    private(set) var returned = 0
    private(set) var nacked = 0
    var notSent = 0
    private(set) var unknown = 0
    /// Why the first of those that were not confirmed was not.
    var reason: String?

    /// Adds what the publisher reports.
    mutating func add(_ report: AMQPPublishReport, address: AMQPAddress, closeReason: AMQPError?) {
        confirmed += report.confirmed
        returned += report.returned
        nacked += report.nacked
        notSent += report.notSent
        unknown += report.unknown
        guard reason == nil, let first = report.failures.first?.outcome else { return }
        reason =
            switch first {
            case .confirmed: nil
            case .returned(let code, let text):
                "\(text) (\(code)): no queue gets messages for \(address); declare or bind one, or use --no-mandatory"
            case .nacked: "the broker refused messages for \(address): the queue may be full"
            case .notSent(let reason), .unknown(let reason):
                closeReason.map(Failure.describe) ?? Self.describe(reason)
            }
    }

    /// A message that `send` refused, after which nothing more was sent.
    mutating func addUnsent(_ error: AMQPError) {
        notSent += 1
        reason = Failure.describe(error)
    }

    /// What to say if not all messages were confirmed.
    var failure: Failure? {
        let parts = [
            (returned, "returned"), (nacked, "nacked"), (notSent, "not sent"), (unknown, "of unknown fate"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        if parts.isEmpty && reason == nil {
            return Stop.isRequested ? Failure(text: "stopped; \(confirmed) messages were sent, all confirmed") : nil
        }
        let counts = (["\(confirmed) confirmed"] + parts).joined(separator: ", ")
        return Failure(text: "not all messages were confirmed: \(counts)" + (reason.map { ": \($0)" } ?? ""))
    }

    private static func describe(_ reason: AMQPPublishOutcome.Reason) -> String {
        switch reason {
        case .timeout: "the broker did not answer in time"
        case .cancelled: "stopped"
        case .rejected: "the client refused it"
        case .channelClosed: "the channel was closed"
        case .connectionClosed: "the connection was lost"
        case .unroutable: "no queue got it"
        case .dropped: "it had to make room"
        }
    }
}
