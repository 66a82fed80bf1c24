internal import AMQPTransport
internal import CSwiftAMQP
internal import SwiftAMQP

/// Tells an event queue what a client is in: only the last state, however many there were since somebody looked.
///
/// - Invariant: `latest` is guarded by `lock`, with which nothing else is called; that is why the class is
///   `@unchecked Sendable`.
final class StateSource: EventSource, @unchecked Sendable {
    let place = EventQueue.Place()
    private let queue: EventQueue
    private let user: UInt
    private let lock = Lock()
    private var latest: AMQPClientState?

    init(queue: EventQueue, user: UInt) {
        self.queue = queue
        self.user = user
    }

    /// Tells of each state, until the client has ended. Does not hold the client.
    func follow(_ states: AMQPClientStates) {
        Task.detached {
            for await state in states {
                self.lock.withLock { self.latest = state }
                self.queue.push(self)
            }
        }
    }

    func takeEvents(upTo maximum: Int, into events: inout [EventObject]) -> Bool {
        guard let state = lock.withLock({ latest.take() }) else { return true }
        events.append(
            EventObject(
                SAMQP_EVENT_STATE, user: user, int: state.number, text: state.reason,
                error: state.error.map { Failure($0) }))
        return true
    }

    func flush() {}
}

extension AMQPClientState {
    /// The state as C counts it.
    var number: samqp_state {
        switch self {
        case .connecting: SAMQP_STATE_CONNECTING
        case .open: SAMQP_STATE_OPEN
        case .recovering: SAMQP_STATE_RECOVERING
        case .degraded: SAMQP_STATE_DEGRADED
        case .blocked: SAMQP_STATE_BLOCKED
        case .closing: SAMQP_STATE_CLOSING
        case .closed: SAMQP_STATE_CLOSED
        }
    }

    /// Why, for people.
    fileprivate var reason: String {
        switch self {
        case .degraded(let failures): failures.map(\.description).joined(separator: "; ")
        case .blocked(let reason): reason
        case .closed(let error): error.text
        case .connecting, .open, .recovering, .closing: ""
        }
    }

    fileprivate var error: AMQPError? { if case .closed(let error) = self { error } else { nil } }
}
