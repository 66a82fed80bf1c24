/// How publishes ended, by outcome.
public struct AMQPPublishCounts: Sendable, Hashable, CustomStringConvertible {
    public var confirmed: UInt64 = 0
    public var returned: UInt64 = 0
    public var nacked: UInt64 = 0
    public var notSent: UInt64 = 0
    public var unknown: UInt64 = 0

    /// No publishes.
    public init() {}

    mutating func count(_ outcome: AMQPPublishOutcome) {
        switch outcome {
        case .confirmed: confirmed &+= 1
        case .returned: returned &+= 1
        case .nacked: nacked &+= 1
        case .notSent: notSent &+= 1
        case .unknown: unknown &+= 1
        }
    }

    /// How many were not confirmed.
    public var failureCount: UInt64 { returned &+ nacked &+ notSent &+ unknown }
    /// How many ended.
    public var total: UInt64 { confirmed &+ failureCount }

    public var description: String {
        "\(confirmed) confirmed, \(returned) returned, \(nacked) nacked, \(notSent) not sent, \(unknown) unknown"
    }

    static func - (left: Self, right: Self) -> Self {
        var difference = AMQPPublishCounts()
        difference.confirmed = left.confirmed &- right.confirmed
        difference.returned = left.returned &- right.returned
        difference.nacked = left.nacked &- right.nacked
        difference.notSent = left.notSent &- right.notSent
        difference.unknown = left.unknown &- right.unknown
        return difference
    }
}

/// How the publishes of an ``AMQPClientPublisher`` ended since the last report.
public struct AMQPClientPublishReport: Sendable {
    public var counts = AMQPPublishCounts()
    /// Why the first of those that were not confirmed was not.
    public var firstFailure: AMQPError?
}
