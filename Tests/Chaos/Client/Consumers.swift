import ClientTestSupport
import SwiftAMQP
import TestSupport

/// A supervised consumer of each queue of the load, with manual acks, whose handler tells the checker what it has handled
/// before it says so to the broker. Some handlers take long enough that connections go meanwhile.
struct Consumers: Sendable {
    let consumers: [AMQPConsumer]
    /// The publishers whose messages are handled one after the other; of the rest several at a time.
    static let inOrder = UInt32(1)...6
    private static let prefetch = 20

    /// - Parameter log: Where deliveries are written down; one that comes when there is none goes back.
    init(_ client: AMQPClient, log: @escaping @Sendable () -> CheckLog?) throws(AMQPError) {
        var consumers: [AMQPConsumer] = []
        for publisher in Load.publishers {
            let handled = Locked(0)
            consumers.append(
                try client.consume(
                    Load.queue(publisher), prefetch: .count(UInt16(Self.prefetch)),
                    maximumConcurrency: Self.inOrder.contains(publisher) ? 1 : 8
                ) { delivery in
                    guard let log = log() else { return .requeue }
                    log.delivered(delivery)
                    let number = handled.withLock { count in
                        count += 1
                        return count
                    }
                    if number % 100 == 0 { try? await Task.sleep(for: .milliseconds(number % 1000 == 0 ? 1500 : 20)) }
                    return .ack
                })
        }
        self.consumers = consumers
    }

    /// What became of the deliveries of all of them.
    var counts: AMQPDeliveryCounts {
        consumers.map(\.counts).reduce(into: AMQPDeliveryCounts()) { sum, counts in
            sum.handled += counts.handled
            sum.acked += counts.acked
            sum.requeued += counts.requeued
            sum.stale += counts.stale
        }
    }

    /// What must not be: a handler that came back and has neither settled its delivery nor found it stale.
    var failures: [String] {
        let counts = counts
        return counts.handled == counts.acked + counts.stale ? [] : ["not every handler settled: \(counts)"]
    }

    /// What the consumers did not do as they should, from the frames that a proxy saw.
    static func failures(_ audit: FrameAudit) -> [String] {
        var failures: [String] = []
        if !audit.wrongTags.isEmpty {
            failures.append("\(audit.wrongTags.count) wrong tags: \(audit.wrongTags.prefix(5))")
        }
        if !audit.overPrefetch.isEmpty {
            failures.append("\(audit.overPrefetch.count) over the prefetch: \(audit.overPrefetch.prefix(5))")
        }
        return failures
    }
}

extension Broker {
    /// Waits until queues are empty, unsettled messages included. What is left, if it does not come to that.
    func remainder(of queues: [String], within duration: Duration) async throws -> String? {
        let deadline = Deadline.after(duration)
        while true {
            let left = try await listQueues().filter { queues.contains($0.name) && $0.messages > 0 }
            if left.isEmpty { return nil }
            if deadline.hasPassed {
                return left.map { "\($0.name): \($0.ready) ready, \($0.unacknowledged) unsettled" }.joined(
                    separator: "; ")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Waits until each of these queues has so many consumers. What there is instead, if it does not come to that.
    func phantomConsumers(of queues: [String], expected: Int, within duration: Duration = .seconds(10)) async throws
        -> String?
    {
        let deadline = Deadline.after(duration)
        while true {
            let names = try await ctl(["list_consumers", "--no-table-headers", "queue_name"]).split(separator: "\n")
            let wrong = queues.map { queue in (queue, names.count { $0 == queue }) }.filter { $0.1 != expected }
            if wrong.isEmpty { return nil }
            if deadline.hasPassed {
                return wrong.map { "\($0.0) has \($0.1) consumers, not \(expected)" }.joined(separator: "; ")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
