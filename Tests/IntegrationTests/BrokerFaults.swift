import SwiftAMQP
import TestSupport
import Testing

/// Tests that disturb their broker, one after the other on one node of their own.
@Suite(
    "Broker faults", .serialized, .timeLimit(.minutes(2)),
    .enabled(if: Broker.canStartNodes, Comment(rawValue: Broker.nodesUnavailableReason)))
enum BrokerFaults {}

/// A publish whose outcome and end are written down.
struct Recorded: Sendable {
    var number: Int
    var outcome: AMQPPublishOutcome
    /// From the publish to its outcome.
    var time: Duration
}

/// Publishes the numbers, one task each, and writes down what became of them. `onConfirm` is called for each confirm.
func publishNumbers(
    _ numbers: Range<Int>, on channel: AMQPChannel, to queue: String, padding: Int = 0, timeout: Duration,
    onConfirm: @escaping @Sendable (Int) -> Void = { _ in }
) async -> [Recorded] {
    await withTaskGroup(of: Recorded.self) { group in
        for number in numbers {
            group.addTask {
                let start = ContinuousClock.now
                var outcome = AMQPPublishOutcome.confirmed
                do throws(AMQPError) {
                    let body = Array("\(number):".utf8) + Array(repeating: UInt8(ascii: "."), count: padding)
                    try await channel.publish(AMQPMessage(body: body), to: .queue(queue), timeout: timeout)
                    onConfirm(number)
                } catch {
                    if let ended = error.outcome {
                        outcome = ended
                    } else {
                        Issue.record("publish \(number) ended without an outcome: \(error)")
                    }
                }
                return Recorded(number: number, outcome: outcome, time: .now - start)
            }
        }
        return await group.reduce(into: []) { $0.append($1) }
    }
}

extension AMQPChannel {
    /// The numbers of the messages that are in a queue, which is emptied.
    func numbers(in queue: String) async throws -> [Int] {
        let count = try await ready(queue)
        return try await drain(queue, count: count, prefetch: 500).compactMap { Int($0.text.prefix { $0 != ":" }) }
    }
}
