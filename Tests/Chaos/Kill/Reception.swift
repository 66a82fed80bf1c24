import ClientTestSupport
import SwiftAMQP
import TestSupport

/// A supervised consumer for every queue of the load, on the client that publishes. Those of the first publishers handle one
/// message after the other, the last two several at a time. Some handlers take long enough that connections go meanwhile.
struct Reception: Sendable {
    /// The publishers whose messages are handled in order.
    static let inOrder = UInt32(1)...6
    private static let prefetch: UInt16 = 20

    private let client: AMQPClient
    private let recorder: Recorder
    private let consumers: [AMQPConsumer]
    private let endings = Locked<[String]>([])

    init(client: AMQPClient, recorder: Recorder) throws {
        self.client = client
        self.recorder = recorder
        consumers = try Load.publishers.map { publisher in
            let handled = Locked(0)
            return try client.consume(
                Load.queue(publisher), prefetch: .count(Self.prefetch),
                maximumConcurrency: Self.inOrder.contains(publisher) ? 1 : 8
            ) { delivery in
                recorder.log.delivered(delivery)
                let number = handled.withLock { count in
                    count += 1
                    return count
                }
                if number % 100 == 0 { try? await Task.sleep(for: .milliseconds(number % 1000 == 0 ? 1500 : 20)) }
                return .ack
            }
        }
    }

    var counts: AMQPDeliveryCounts {
        var sum = AMQPDeliveryCounts()
        for counts in consumers.map(\.counts) {
            sum.handled += counts.handled
            sum.acked += counts.acked
            sum.requeued += counts.requeued
            sum.stale += counts.stale
        }
        return sum
    }

    /// Waits until the consumers have taken everything, and one is there for each queue.
    func finish() async {
        await recorder.watchdog.watch("taking the rest", within: .seconds(60)) {
            for publisher in Load.publishers {
                while await !isDone(Load.queue(publisher)) {
                    if !client.state.isUsable, case .closed = client.state { return }
                    try? await Task.sleep(for: .milliseconds(20))
                }
            }
        }
        for consumer in client.health().consumers where !consumer.isSubscribed {
            endings.withLock { $0.append("consumer '\(consumer.tag)' of '\(consumer.queue)' is not subscribed") }
        }
        if client.health().consumers.count != consumers.count {
            endings.withLock { $0.append("\(client.health().consumers.count) consumers are left of \(consumers.count)") }
        }
    }

    /// Nothing ready, and one consumer: what is unsettled of lost connections is ready again once the broker has noticed.
    private func isDone(_ queue: String) async -> Bool {
        guard let status = try? await client.status(ofQueue: queue) else { return false }
        return status.messageCount == 0 && status.consumerCount == 1
    }

    /// What must not be.
    func failures(audit: FrameAudit, consumersLeft: Int, messagesLeft: Int) -> [String] {
        var failures = endings.withLock { $0 }
        if !audit.wrongTags.isEmpty {
            failures.append("\(audit.wrongTags.count) settles with a wrong tag, such as \(audit.wrongTags.prefix(3))")
        }
        if !audit.overPrefetch.isEmpty {
            failures.append("\(audit.overPrefetch.count) deliveries over the prefetch, such as \(audit.overPrefetch.prefix(3))")
        }
        if consumersLeft != 0 { failures.append("\(consumersLeft) consumers are left at the broker") }
        if messagesLeft != 0 { failures.append("\(messagesLeft) messages were left in the queues") }
        let counts = counts
        if counts.handled != counts.acked + counts.stale { failures.append("not every handler settled: \(counts)") }
        return failures
    }
}
