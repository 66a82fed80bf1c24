internal import AMQPTransport

/// Which handlers run for too long, and which deliveries stay unsettled for too long. Pure; times are nanoseconds, and what
/// comes with an earlier time than the call before counts as of that one.
struct HandlerWatch {
    /// What is to be reported, once for each delivery.
    enum Due: Hashable {
        /// Its handler runs longer than it should.
        case handlerDeadline(UInt64)
        /// The broker will soon end its channel, because it is not settled.
        case acknowledgementDeadline(UInt64)
    }

    private struct State {
        var isRunning = false
        var isSettled = false
        /// The start that counts, if the same id began more than once.
        var stamp: UInt64
    }

    private struct Timer {
        var id: UInt64
        var stamp: UInt64
        var due: Int64
    }

    private let handlerDeadline: Int64?
    private let acknowledgementDeadline: Int64?
    private var states: [UInt64: State] = [:]
    // One length for all, so those that begin first are due first.
    private var handlers = FIFO<Timer>()
    private var acknowledgements = FIFO<Timer>()
    private var clock = Int64.min
    private var nextStamp: UInt64 = 0

    init(_ deadlines: AMQPHandlerDeadlines) {
        handlerDeadline = deadlines.handlerDeadline?.saturatingNanoseconds
        acknowledgementDeadline = deadlines.warnAfter?.saturatingNanoseconds
    }

    /// How many deliveries are watched.
    var watched: Int { states.count }

    /// The program was given a delivery: the broker's clock runs.
    ///
    /// - Parameter id: Any number that no other delivery has that is watched.
    mutating func delivered(id: UInt64, now: Int64) {
        advance(to: now)
        nextStamp &+= 1
        states[id] = State(stamp: nextStamp)
        if let acknowledgementDeadline {
            acknowledgements.append(Timer(id: id, stamp: nextStamp, due: clock.adding(acknowledgementDeadline)))
        }
        prune()
    }

    /// The handler of a delivery begins. One that was not told of by ``delivered(id:now:)`` was delivered now.
    mutating func started(id: UInt64, now: Int64) {
        if states[id] == nil { delivered(id: id, now: now) }
        advance(to: now)
        guard var state = states[id], !state.isRunning else { return }
        state.isRunning = true
        states[id] = state
        if let handlerDeadline {
            handlers.append(Timer(id: id, stamp: state.stamp, due: clock.adding(handlerDeadline)))
        }
    }

    /// The handler has ended.
    ///
    /// - Parameter isSettled: Whether the delivery is settled. Otherwise it stays watched until ``settled(id:)``.
    mutating func finished(id: UInt64, isSettled: Bool = true) {
        guard var state = states[id] else { return }
        state.isRunning = false
        state.isSettled = state.isSettled || isSettled
        keep(state, id)
    }

    /// The delivery was settled, or its channel is gone.
    mutating func settled(id: UInt64) {
        guard var state = states[id] else { return }
        state.isSettled = true
        keep(state, id)
    }

    /// What is due by now and was not reported before, in the order of its time.
    mutating func due(now: Int64) -> [Due] {
        advance(to: now)
        var due: [Due] = []
        while let next, next <= clock {
            if let timer = handlers.first, timer.due == next {
                _ = handlers.popFirst()
                due.append(.handlerDeadline(timer.id))
            } else if let timer = acknowledgements.popFirst() {
                due.append(.acknowledgementDeadline(timer.id))
            }
        }
        return due
    }

    /// When to look again; `nil` if nothing can become due.
    var next: Int64? {
        mutating get {
            dropVoid()
            return [handlers.first?.due, acknowledgements.first?.due].compactMap { $0 }.min()
        }
    }

    private mutating func keep(_ state: State, _ id: UInt64) {
        states[id] = !state.isRunning && state.isSettled ? nil : state
        prune()
    }

    private mutating func advance(to now: Int64) { clock = max(clock, now) }

    private mutating func dropVoid() {
        while let first = handlers.first, !Self.isRunning(first, states) { _ = handlers.popFirst() }
        while let first = acknowledgements.first, !Self.isUnsettled(first, states) { _ = acknowledgements.popFirst() }
    }

    /// One delivery that takes long keeps the front; without this, all that ended behind it would be kept as well.
    private mutating func prune() {
        let most = 2 * states.count + 1024
        if handlers.count > most { _ = handlers.removeAll { [states] in !Self.isRunning($0, states) } }
        if acknowledgements.count > most {
            _ = acknowledgements.removeAll { [states] in !Self.isUnsettled($0, states) }
        }
    }

    private static func isRunning(_ timer: Timer, _ states: [UInt64: State]) -> Bool {
        guard let state = states[timer.id] else { return false }
        return state.stamp == timer.stamp && state.isRunning
    }

    private static func isUnsettled(_ timer: Timer, _ states: [UInt64: State]) -> Bool {
        guard let state = states[timer.id] else { return false }
        return state.stamp == timer.stamp && !state.isSettled
    }
}

extension Int64 {
    fileprivate func adding(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
