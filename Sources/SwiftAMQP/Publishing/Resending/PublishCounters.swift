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

    func countConfirmed(_ count: UInt64) { confirmed.add(count, ordering: .relaxed) }

    var snapshot: AMQPPublishCounts {
        var counts = AMQPPublishCounts()
        counts.confirmed = confirmed.load(ordering: .relaxed)
        counts.returned = returned.load(ordering: .relaxed)
        counts.nacked = nacked.load(ordering: .relaxed)
        counts.notSent = notSent.load(ordering: .relaxed)
        counts.unknown = unknown.load(ordering: .relaxed)
        return counts
    }
}
