import AMQPTransport
import Glibc
import Testing

/// Walks through every order of events that an owner of a ``DialStateMachine`` can hand in, for up to three addresses.
@Suite struct DialEveryOrderTests {
    private typealias Event = DialStateMachine.Event
    private static let error = SystemError(errno: ECONNREFUSED, call: "connect")

    /// What an owner knows: which sockets are open and whether its timer is armed.
    private struct Owner {
        var open: Set<Int> = []
        var started: [Int] = []
        var isArmed = false
        var winner: Int?
        var failure: DialFailure?

        var hasEnded: Bool { winner != nil || failure != nil }

        mutating func perform(_ actions: [DialStateMachine.Action]) {
            for action in actions {
                #expect(!hasEnded, "nothing comes after the end")
                switch action {
                case .start(let attempt, _):
                    #expect(attempt == started.count, "in order, each once")
                    started.append(attempt)
                    open.insert(attempt)
                case .armDelayTimer: isArmed = true
                case .cancel(let attempt): #expect(open.remove(attempt) != nil)
                case .succeed(let attempt): winner = attempt
                case .fail(let error): failure = error
                }
            }
        }
    }

    @Test(arguments: [(1, 8), (2, 8), (3, 8), (3, 1), (3, 2)])
    func everyOrderEndsOnceAndClean(count: Int, maximumRunning: Int) {
        var paths = 0
        explore([], count: count, maximumRunning: maximumRunning, paths: &paths)
        #expect(paths > 2)
    }

    private func explore(_ events: [Event], count: Int, maximumRunning: Int, paths: inout Int) {
        var machine = DialStateMachine(maximumRunning: maximumRunning)
        var owner = Owner()
        var hadDeadlineOrCancel = false
        for event in events {
            switch event {
            case .delayTimerFired: owner.isArmed = false
            case .attemptFailed(let attempt, _): owner.open.remove(attempt)
            case .deadline, .cancelled: hadDeadlineOrCancel = true
            default: break
            }
            owner.perform(machine.handle(event))
            #expect(owner.open.count <= max(maximumRunning, owner.winner == nil ? 0 : 1))
        }
        let hasEnded = machine.hasEnded
        #expect(hasEnded == owner.hasEnded)

        guard !hasEnded else {
            paths += 1
            #expect(owner.open == owner.winner.map { [$0] } ?? [], "only the winner's socket is left")
            if let failure = owner.failure, !hadDeadlineOrCancel, !failure.attempts.isEmpty {
                #expect(failure.reason == .allFailed)
                #expect(failure.attempts.allSatisfy { $0.outcome == .failed(Self.error) })
                #expect(owner.started.count == count, "it does not give up before all were tried")
            }
            for late in possibleEvents(owner, count: count) + [.attemptConnected(0), .resolved(addresses(count))] {
                let actions = machine.handle(late)
                #expect(actions.isEmpty, "\(late) after the end")
            }
            return
        }
        if !events.isEmpty {
            #expect(!owner.open.isEmpty, "while it has not ended, something runs: it cannot hang")
        }
        let next =
            events.isEmpty
            ? [.resolved(addresses(count)), .resolveFailed(.noAddress), .deadline, .cancelled]
            : possibleEvents(owner, count: count)
        for event in next {
            explore(events + [event], count: count, maximumRunning: maximumRunning, paths: &paths)
        }
    }

    private func possibleEvents(_ owner: Owner, count: Int) -> [Event] {
        var events: [Event] = [.deadline, .cancelled]
        for attempt in owner.open.sorted() {
            events += [.attemptConnected(attempt), .attemptFailed(attempt, Self.error)]
        }
        if owner.isArmed { events.append(.delayTimerFired) }
        return events
    }

    private func addresses(_ count: Int) -> [SocketAddress] { DialStateMachineTests.addresses(count) }
}
