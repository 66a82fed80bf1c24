internal import AMQPWire

/// One synchronous method of a channel and who waits for its answer.
///
/// - Invariant: `state` is guarded by the outbox lock; the rest is constant.
final class RPC: @unchecked Sendable {
    /// What an RPC is answered with.
    enum Reply: Sendable {
        case method(AMQPMethod)
        /// `basic.get-ok` with its content, or `nil` for `basic.get-empty`.
        case message(AMQPDelivery?, remaining: UInt32)
    }

    enum State {
        case queued, sent, done
    }

    let frame: [UInt8]
    let method: AMQPMethodID
    /// Nanoseconds of the monotonic clock.
    let deadline: Int64
    let promise = Promise<Reply>()
    /// What sending it changes in the channel; called with the lock held, when its frame is in the stream.
    let onSend: (@Sendable () -> Void)?
    /// What the answer changes in the channel; called with the lock held, before the promise is completed. Also called
    /// when nobody waits any more.
    let onReply: (@Sendable (AMQPMethod) -> Void)?
    /// Whether the message that answers a `basic.get` has to be settled.
    let tracksDelivery: Bool
    var state = State.queued

    init(
        frame: [UInt8], method: AMQPMethodID, deadline: Int64, tracksDelivery: Bool = false,
        onSend: (@Sendable () -> Void)? = nil, onReply: (@Sendable (AMQPMethod) -> Void)? = nil
    ) {
        self.tracksDelivery = tracksDelivery
        self.frame = frame
        self.method = method
        self.deadline = deadline
        self.onSend = onSend
        self.onReply = onReply
    }

    /// Whether `reply` is an answer to this method.
    func accepts(_ reply: AMQPMethodID) -> Bool {
        if method == .basicGet { return reply == .basicGetOK || reply == .basicGetEmpty }
        // In AMQP 0-9-1 the id of an answer is the next one, but for queue.unbind-ok and exchange.unbind-ok.
        if method == .exchangeUnbind { return reply == .exchangeUnbindOK }
        return reply.rawValue == method.rawValue + 1
    }
}

/// The RPCs of one channel, in order: one is under way, the rest wait. Values in, actions out; its owner guards it with
/// the outbox lock.
///
/// A channel has room for one answer at a time: two RPCs under way at once mix their answers in clients that allow it
/// (AMQP 0-9-1 section 2.2.2: synchronous methods).
struct RPCQueue {
    private var current: RPC?
    private var waiting = FIFO<RPC>()

    var isEmpty: Bool { current == nil && waiting.isEmpty }

    /// How many were not answered.
    var count: Int { (current == nil ? 0 : 1) + waiting.count }

    /// The method whose answer is awaited.
    var awaited: RPC? { current }

    /// Takes an RPC in. True if it is to be sent now.
    mutating func add(_ rpc: RPC) -> Bool {
        guard current == nil else {
            waiting.append(rpc)
            return false
        }
        current = rpc
        rpc.state = .sent
        return true
    }

    /// The answer came. Gives the RPC that it answers and the one to send next, or `nil` if nobody asked.
    mutating func answer(_ reply: AMQPMethodID) -> (answered: RPC, next: RPC?)? {
        guard let answered = current, answered.accepts(reply) else { return nil }
        answered.state = .done
        current = waiting.popFirst()
        current?.state = .sent
        return (answered, current)
    }

    /// Takes an RPC back that was not sent yet. False if it was, or is unknown.
    mutating func withdraw(_ rpc: RPC) -> Bool {
        !waiting.removeAll { $0 === rpc }.isEmpty
    }

    /// Takes all out, the one under way first.
    mutating func removeAll() -> [RPC] {
        var all: [RPC] = []
        if let current { all.append(current) }
        current = nil
        all += waiting.removeAll()
        for rpc in all { rpc.state = .done }
        return all
    }

    /// The earliest deadline, `Int64.max` without any.
    var earliestDeadline: Int64 {
        var earliest = current?.deadline ?? .max
        waiting.forEach { earliest = min(earliest, $0.deadline) }
        return earliest
    }

    /// The RPCs that wait unsent and whose deadline has passed, taken out.
    mutating func removeExpiredUnsent(now: Int64) -> [RPC] {
        waiting.removeAll { $0.deadline <= now }
    }
}
