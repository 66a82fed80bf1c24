import SwiftAMQP

/// How the messages of one run ended.
struct PublishTally {
    private var counts = AMQPPublishCounts()
    /// Messages that were not handed in, because the run ended before.
    var notSent = 0
    /// Why the first of those that were not confirmed was not.
    var reason: String?

    /// Adds what the publisher reports.
    mutating func add(_ report: AMQPClientPublishReport) {
        counts = report.counts
        guard reason == nil, let error = report.firstFailure else { return }
        reason = Self.describe(error)
    }

    /// What to say if not all messages were confirmed.
    var failure: Failure? {
        let parts = [
            (counts.returned, "returned"), (counts.nacked, "nacked"), (counts.notSent + UInt64(notSent), "not sent"),
            (counts.unknown, "of unknown fate"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        if parts.isEmpty && reason == nil {
            return Stop.isRequested
                ? Failure(text: "stopped; \(counts.confirmed) messages were sent, all confirmed") : nil
        }
        let all = (["\(counts.confirmed) confirmed"] + parts).joined(separator: ", ")
        return Failure(text: "not all messages were confirmed: \(all)" + (reason.map { ": \($0)" } ?? ""))
    }

    private static func describe(_ error: AMQPError) -> String {
        switch error.outcome {
        case .returned(let code, let text):
            "\(text) (\(code)): no queue gets these messages; declare or bind one, or use --no-mandatory"
        case .nacked: "the broker refused messages: the queue may be full"
        default: Failure.describe(error)
        }
    }
}
