internal import CSwiftAMQP
internal import SwiftAMQP

/// Tells an event queue what happens to a client.
final class ClientEvents: AMQPClientObserver {
    private let queue: EventQueue
    private let user: UInt

    init(queue: EventQueue, user: UInt) {
        self.queue = queue
        self.user = user
    }

    func client(didReport event: AMQPClientEvent) {
        switch event {
        case .blocked(_, let reason): offer(SAMQP_EVENT_BLOCKED, 1, reason)
        case .unblocked: offer(SAMQP_EVENT_BLOCKED, 0, "")
        case .topologyApplied(let report):
            let failures = report.failures.map(\.description).joined(separator: "; ")
            offer(SAMQP_EVENT_TOPOLOGY, Int32(clamping: report.failures.count), failures)
        default: break
        }
        let line = event.line
        offer(SAMQP_EVENT_LOG, line.level, line.text)
    }

    private func offer(_ type: samqp_event_type, _ int: Int32, _ text: String) {
        queue.offer(EventObject(type, user: user, int: int, text: text))
    }
}

extension AMQPClientEvent {
    /// The event as a line of a log.
    fileprivate var line: (level: Int32, text: String) {
        switch self {
        case .connecting(let role, let endpoint, let attempt):
            (SAMQP_LOG_DEBUG, "\(role): connecting to \(endpoint), attempt \(attempt)")
        case .connectFailed(let role, let error): (SAMQP_LOG_WARNING, "\(role): not connected: \(error)")
        case .waiting(let role, let duration): (SAMQP_LOG_DEBUG, "\(role): next attempt in \(duration)")
        case .opened(let role, let endpoint): (SAMQP_LOG_INFO, "\(role): connected to \(endpoint)")
        case .lost(let role, let error) where error.code == .closed:
            (SAMQP_LOG_INFO, "\(role): connection closed by this program")
        case .lost(let role, let error): (SAMQP_LOG_WARNING, "\(role): connection lost: \(error)")
        case .blocked(let role, let reason): (SAMQP_LOG_WARNING, "\(role): the broker takes no publishes: \(reason)")
        case .unblocked(let role): (SAMQP_LOG_INFO, "\(role): the broker takes publishes again")
        case .topologyApplied(let report):
            report.isComplete
                ? (SAMQP_LOG_INFO, "topology: \(report.declared.count) declared")
                : (
                    SAMQP_LOG_ERROR,
                    "topology: not declared: " + report.failures.map(\.description).joined(separator: "; ")
                )
        case .publisherChannelLost(let error): (SAMQP_LOG_WARNING, "publisher: channel lost: \(error)")
        case .consumerSubscribed(let tag, let queue):
            (SAMQP_LOG_INFO, "consumer '\(tag)': subscribed to queue '\(queue)'")
        case .consumerLost(let tag, let queue, let error):
            (SAMQP_LOG_WARNING, "consumer '\(tag)': lost queue '\(queue)': \(error)")
        case .consumerPaused(let tag, let queue, let duration):
            (SAMQP_LOG_WARNING, "consumer '\(tag)': takes nothing from queue '\(queue)' for \(duration)")
        case .deliveryFailed(let failure): (SAMQP_LOG_WARNING, "\(failure)")
        case .handlerOverdue(let tag, let queue, let id):
            (SAMQP_LOG_WARNING, "consumer '\(tag)': a handler of queue '\(queue)' is overdue\(Self.message(id))")
        case .acknowledgementOverdue(let tag, let queue, let id):
            (SAMQP_LOG_WARNING, "consumer '\(tag)': an ack to queue '\(queue)' is overdue\(Self.message(id))")
        case .consumerEnded(let tag, let queue, let error):
            (
                error == nil ? SAMQP_LOG_INFO : SAMQP_LOG_ERROR,
                "consumer '\(tag)': queue '\(queue)' ended" + (error.map { ": \($0)" } ?? "")
            )
        case .closing: (SAMQP_LOG_INFO, "closing")
        case .closed(let error): (SAMQP_LOG_INFO, "closed: \(error)")
        }
    }

    private static func message(_ id: String?) -> String { id.map { " (message '\($0)')" } ?? "" }
}
