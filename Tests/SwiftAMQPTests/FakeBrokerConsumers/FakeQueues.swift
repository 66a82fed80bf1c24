import SwiftAMQP
import TestSupport

/// The queues of a fake broker, over as many connections as a client makes: what is not settled when its channel or its
/// connection ends is delivered again. Messages are numbers, and their bodies say them.
final class FakeQueues: Sendable {
    struct Queue: Sendable {
        /// What waits, the first first.
        var ready: [Int]
        /// Out once at least: what comes again says so.
        var delivered: Set<Int> = []
        /// How often each message was acknowledged; with automatic acknowledgement when it went out.
        var acked: [Int: Int] = [:]
        /// Rejected for good.
        var rejected: Set<Int> = []
        var redeliveries = 0
        /// How often somebody subscribed.
        var subscriptions = 0
    }

    private struct State: Sendable {
        var queues: [String: Queue] = [:]
        var faultsLeft = 0
        var faults: [FakeFault: Int] = [:]
        var complaint: String?
    }

    private let state = Locked(State())

    init(_ names: [String], messages: Int, faults: Int = 0) {
        state.withLock { state in
            for name in names { state.queues[name] = Queue(ready: Array(0..<messages)) }
            state.faultsLeft = faults
        }
    }

    subscript(name: String) -> Queue { state.withLock { $0.queues[name] ?? Queue(ready: []) } }

    /// What was done to clients, and how often.
    var faults: [FakeFault: Int] { state.withLock { $0.faults } }
    /// What a client did that no client may do.
    var complaint: String? { state.withLock { $0.complaint } }

    func change<Result>(_ name: String, _ body: (inout Queue) -> Result) -> Result {
        state.withLock { body(&$0.queues[name, default: Queue(ready: [])]) }
    }

    func complain(_ text: String) { state.withLock { $0.complaint = $0.complaint ?? text } }

    /// Whether this is the moment for a fault, and which.
    func nextFault(_ random: inout SeededGenerator, of kinds: [FakeFault], percent: Int) -> FakeFault? {
        guard Int.random(in: 0..<100, using: &random) < percent else { return nil }
        let fault = kinds.randomElement(using: &random)
        return state.withLock { state in
            guard let fault, state.faultsLeft > 0 else { return nil }
            state.faultsLeft -= 1
            state.faults[fault, default: 0] += 1
            return fault
        }
    }

    /// The script of a connection.
    func session(seed: UInt64 = 0, faults: [FakeFault] = [], percent: Int = 0) -> [FakeStep] {
        [
            .run { [self] (connection) throws(HarnessError) in
                do throws(HarnessError) {
                    try FakeStep.handshake().run(connection)
                } catch {
                    // The client may be ended at any moment.
                    if error.kind == .script || error.kind.isSystem { return }
                    throw error
                }
                var session = FakeQueueSession(
                    queues: self, random: SeededGenerator(seed: seed), faults: faults, percent: percent)
                defer { session.end() }
                do throws(HarnessError) {
                    try session.run(connection)
                } catch {
                    guard error.kind.isSystem else { throw error }
                }
            }
        ]
    }
}

/// What a broker may do to a consumer at any moment.
enum FakeFault: String, CaseIterable, Sendable {
    case cancel, channelClose, reset, endOfStream, connectionClose, slowConsumeOK, refuseConsume, wrongReply, unknownTag
}
