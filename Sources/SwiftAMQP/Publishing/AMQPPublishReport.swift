/// How the publishes of an ``AMQPPublisher`` ended.
public struct AMQPPublishReport: Sendable, Equatable {
    /// How many the broker took responsibility for.
    public private(set) var confirmed = 0
    /// How many came back as unroutable.
    public private(set) var returned = 0
    /// How many the broker refused.
    public private(set) var nacked = 0
    /// How many were not sent.
    public private(set) var notSent = 0
    /// Of how many it is not known what became of them.
    public private(set) var unknown = 0
    /// The first of those that were not confirmed, up to ``maximumFailures``; the counts cover all.
    public private(set) var failures: [Failure] = []

    /// How many failures are kept one by one.
    public static let maximumFailures = 1024

    /// One publish that was not confirmed.
    public struct Failure: Sendable, Equatable {
        /// What `send` returned for it.
        public let sequence: UInt64
        /// How it ended.
        public let outcome: AMQPPublishOutcome
    }

    /// How many were not confirmed.
    public var failureCount: Int { returned + nacked + notSent + unknown }
    /// How many ended.
    public var count: Int { confirmed + failureCount }

    @inline(__always)
    mutating func count(_ outcome: AMQPPublishOutcome, sequence: UInt64) {
        if case .confirmed = outcome {
            confirmed += 1
        } else {
            countFailure(outcome, sequence: sequence)
        }
    }

    private mutating func countFailure(_ outcome: AMQPPublishOutcome, sequence: UInt64) {
        switch outcome {
        case .confirmed: return
        case .returned: returned += 1
        case .nacked: nacked += 1
        case .notSent: notSent += 1
        case .unknown: unknown += 1
        }
        if failures.count < Self.maximumFailures { failures.append(Failure(sequence: sequence, outcome: outcome)) }
    }
}

extension AMQPPublishReport: CustomStringConvertible {
    public var description: String {
        "\(confirmed) confirmed, \(returned) returned, \(nacked) nacked, \(notSent) not sent, \(unknown) unknown"
    }
}
