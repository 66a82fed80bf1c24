internal import Synchronization

/// How the publishes of a client ended, counted since it began.
final class PublishCounters: Sendable {
    private let confirmed = Atomic<UInt64>(0)
    private let returned = Atomic<UInt64>(0)
    private let nacked = Atomic<UInt64>(0)
    private let notSent = Atomic<UInt64>(0)
    private let unknown = Atomic<UInt64>(0)

    func count(_ outcome: AMQPPublishOutcome) {
        switch outcome {
        case .confirmed: confirmed.add(1, ordering: .relaxed)
        case .returned: returned.add(1, ordering: .relaxed)
        case .nacked: nacked.add(1, ordering: .relaxed)
        case .notSent: notSent.add(1, ordering: .relaxed)
        case .unknown: unknown.add(1, ordering: .relaxed)
        }
    }

    var snapshot: AMQPPublishCounts {
        AMQPPublishCounts(
            confirmed: confirmed.load(ordering: .relaxed), returned: returned.load(ordering: .relaxed),
            nacked: nacked.load(ordering: .relaxed), notSent: notSent.load(ordering: .relaxed),
            unknown: unknown.load(ordering: .relaxed))
    }
}

/// How publishes ended, by outcome.
public struct AMQPPublishCounts: Sendable, Hashable, CustomStringConvertible {
    public var confirmed: UInt64 = 0
    public var returned: UInt64 = 0
    public var nacked: UInt64 = 0
    public var notSent: UInt64 = 0
    public var unknown: UInt64 = 0

    /// How many ended.
    public var total: UInt64 { confirmed &+ returned &+ nacked &+ notSent &+ unknown }

    public var description: String {
        "\(confirmed) confirmed, \(returned) returned, \(nacked) nacked, \(notSent) not sent, \(unknown) unknown"
    }

    static func - (left: Self, right: Self) -> Self {
        AMQPPublishCounts(
            confirmed: left.confirmed &- right.confirmed, returned: left.returned &- right.returned,
            nacked: left.nacked &- right.nacked, notSent: left.notSent &- right.notSent,
            unknown: left.unknown &- right.unknown)
    }
}
