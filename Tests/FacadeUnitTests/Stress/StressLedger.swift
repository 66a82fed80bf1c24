import TestSupport

/// What the fake broker of a stress test has seen, over all of its connections, and the queue that it delivers from.
final class StressLedger: Sendable {
    private struct State: Sendable {
        var received: [Int: Int] = [:]
        var ready: ArraySlice<Int>
        var acked: [Int: Int] = [:]
        var complaints: [String] = []
    }

    private let state: Locked<State>

    /// - Parameter deliveries: How many messages are in the queue; their numbers count from 0.
    init(deliveries: Int) { state = Locked(State(ready: ArraySlice(0..<deliveries))) }

    /// How often each message was published.
    var received: [Int: Int] { state.withLock { $0.received } }
    /// How often each delivery was acknowledged.
    var acked: [Int: Int] { state.withLock { $0.acked } }
    var ackedCount: Int { state.withLock { $0.acked.count } }
    /// What a client did that it may not do.
    var complaints: [String] { state.withLock { $0.complaints } }

    func complain(_ text: String) { state.withLock { $0.complaints.append(text) } }
    func noteReceived(_ number: Int) { state.withLock { $0.received[number, default: 0] += 1 } }
    func noteAcked(_ number: Int) { state.withLock { $0.acked[number, default: 0] += 1 } }

    func nextDelivery() -> Int? { state.withLock { $0.ready.popFirst() } }
    func giveBack(_ numbers: some Sequence<Int>) { state.withLock { $0.ready = numbers.sorted() + $0.ready } }
}
