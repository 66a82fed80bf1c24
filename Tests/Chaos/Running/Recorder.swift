import ClientTestSupport
import SwiftAMQP
import TestSupport

/// Publishes messages that the checker knows, and writes down how they ended.
struct Recorder: Sendable {
    let log: CheckLog
    let watchdog: Watchdog
    /// What ended in a way that the checker has no name for.
    let oddities = Locked<[String]>([])

    /// Publishes one message with `publish` and waits for its outcome, which is due within `timeout`.
    @discardableResult
    func record(
        _ id: MessageID, size: Int = 64, timeout: Duration,
        _ publish: (AMQPMessage) async throws(AMQPError) -> AMQPPublishReceipt
    ) async -> CheckedOutcome? {
        let message = AMQPMessage(body: CheckedMessage.body(id, size: size))
        log.intent(id, deadline: timeout)
        return await watchdog.watch("publish \(id)", within: timeout) {
            await end(id) { () async throws(AMQPError) in try await publish(message) }
        }
    }

    /// Hands one message in, and waits for its outcome in a task of the group.
    func recordLater(
        _ id: MessageID, size: Int = 64, timeout: Duration, in group: inout DiscardingTaskGroup,
        _ enqueue: (AMQPMessage) async throws(AMQPError) -> AMQPClientPendingPublish
    ) async {
        let message = AMQPMessage(body: CheckedMessage.body(id, size: size))
        log.intent(id, deadline: timeout)
        let start = ContinuousClock.now
        var pending: AMQPClientPendingPublish?
        await watchdog.watch("enqueue \(id)", within: timeout) {
            do throws(AMQPError) {
                pending = try await enqueue(message)
            } catch {
                ended(id, .failure(error))
            }
        }
        guard let pending else { return }
        let rest = timeout - (.now - start)
        group.addTask {
            await watchdog.watch("outcome of \(id)", within: rest) {
                _ = await end(id) { () async throws(AMQPError) in try await pending.receipt() }
            }
        }
    }

    private func end(
        _ id: MessageID, _ body: () async throws(AMQPError) -> AMQPPublishReceipt
    ) async -> CheckedOutcome? {
        do throws(AMQPError) {
            return ended(id, .success(try await body()))
        } catch {
            return ended(id, .failure(error))
        }
    }

    @discardableResult
    private func ended(_ id: MessageID, _ result: Result<AMQPPublishReceipt, AMQPError>) -> CheckedOutcome? {
        let outcome = log.ended(id, result)
        if outcome == nil { oddities.withLock { $0.append("publish \(id) ended without an outcome: \(result)") } }
        return outcome
    }
}

extension CheckReport {
    /// Whether first deliveries came in order, as far as these publishers go. Where they do not, or others do not either,
    /// the order of the others is not looked at.
    func isOrdered(within publishers: ClosedRange<UInt32>) -> Bool {
        inversions.isEmpty || inversions.contains { publishers.contains($0.publisher) }
    }

    /// The checked records, and what the report does not look for: of all copies of a message one at most may come without a
    /// word of the others, however many attempts there were.
    static func failures(run: UInt64, _ records: [CheckRecord], ordered: Bool = true) -> [String] {
        let report = CheckReport(run: run, records)
        var failures = report.isClean(ordered: ordered) ? [] : [report.fullDescription]
        var unmarked: [MessageID: Int] = [:]
        for record in records {
            switch record.event {
            // It may have forgotten that it had delivered them.
            case .brokerKilled: unmarked = unmarked.filter { $0.value > 1 }
            case .delivery(let attempt, let redelivered) where attempt <= 1 && !redelivered:
                unmarked[record.id, default: 0] += 1
            default: break
            }
        }
        let doubled = unmarked.filter { $0.value > 1 }.keys.sorted()
        if !doubled.isEmpty {
            failures.append("\(doubled.count) came twice without a mark, such as \(doubled.prefix(10))")
        }
        return failures
    }
}

extension CheckLog {
    /// ``CheckReport/failures(run:_:ordered:)`` of what was logged; throws where a record could not be written.
    func failures(ordered: Bool = true) throws -> [String] {
        _ = try report()
        return CheckReport.failures(run: run, records, ordered: ordered)
    }

    /// Takes everything out of queues of a broker, and deletes them. Gives how many messages they held.
    @discardableResult
    func drain(_ queues: [String], of broker: Broker) async throws -> Int {
        var total = 0
        try await AMQPConnection.withConnection(AMQPConfiguration(url: broker.url)) { connection in
            for queue in queues {
                total += try await connection.withChannel { channel in try await drain(queue, over: channel) }
            }
        }
        return total
    }

    private func drain(_ queue: String, over channel: AMQPChannel) async throws -> Int {
        var total = 0
        while true {
            let count = Int(try await channel.status(ofQueue: queue).messageCount)
            if count == 0 { break }
            try await channel.withConsumer(queue, prefetch: .count(2000)) { deliveries in
                var left = count
                for try await delivery in deliveries {
                    delivered(delivery)
                    left -= 1
                    if left % 500 == 0 { try delivery.ack(multiple: true) }
                    if left == 0 { break }
                }
            }
            total += count
        }
        try await channel.delete(queue: queue)
        return total
    }
}
