import AMQPTransport
import Glibc
import Testing

@Suite struct DialStateMachineTests {
    private typealias Event = DialStateMachine.Event
    private typealias Action = DialStateMachine.Action

    private static let refused = SystemError(errno: ECONNREFUSED, call: "connect")
    private static let unreachable = SystemError(errno: ENETUNREACH, call: "connect")
    private static let delay = Action.armDelayTimer(.milliseconds(250))

    static func addresses(_ count: Int) -> [SocketAddress] {
        (0..<count).compactMap { SocketAddress(literal: "10.0.0.\($0 + 1)", port: 5672) }
    }

    private static func start(_ attempt: Int) -> Action {
        .start(attempt: attempt, addresses(attempt + 1)[attempt])
    }

    private static func failure(
        _ reason: DialFailure.Reason, _ outcomes: DialFailure.Attempt.Outcome...
    ) -> Action {
        let attempts = zip(addresses(outcomes.count), outcomes).map { DialFailure.Attempt(address: $0, outcome: $1) }
        return .fail(DialFailure(reason: reason, attempts: attempts))
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var maximumRunning = 8
        let steps: [(DialStateMachine.Event, [DialStateMachine.Action])]
    }

    private static let cases: [Case] = [
        Case(
            testDescription: "one address connects",
            steps: [
                (.resolved(addresses(1)), [start(0)]),
                (.attemptConnected(0), [.succeed(attempt: 0)]),
            ]),
        Case(
            testDescription: "one address fails",
            steps: [
                (.resolved(addresses(1)), [start(0)]),
                (.attemptFailed(0, refused), [failure(.allFailed, .failed(refused))]),
            ]),
        Case(
            testDescription: "a failure starts the next at once, with a delay of its own",
            steps: [
                (.resolved(addresses(3)), [start(0), delay]),
                (.attemptFailed(0, refused), [start(1), delay]),
                (.attemptFailed(1, unreachable), [start(2)]),
                (
                    .attemptFailed(2, refused),
                    [failure(.allFailed, .failed(refused), .failed(unreachable), .failed(refused))]
                ),
            ]),
        Case(
            testDescription: "the delay starts the next, and the first to connect cancels the others",
            steps: [
                (.resolved(addresses(3)), [start(0), delay]),
                (.delayTimerFired, [start(1), delay]),
                (.delayTimerFired, [start(2)]),
                (.delayTimerFired, []),
                (.attemptConnected(1), [.cancel(attempt: 0), .cancel(attempt: 2), .succeed(attempt: 1)]),
            ]),
        Case(
            testDescription: "one that failed is not cancelled",
            steps: [
                (.resolved(addresses(2)), [start(0), delay]),
                (.attemptFailed(0, refused), [start(1)]),
                (.attemptConnected(1), [.succeed(attempt: 1)]),
            ]),
        Case(
            testDescription: "no address",
            steps: [(.resolved([]), [failure(.unresolved(.noAddress))])]),
        Case(
            testDescription: "not resolved",
            steps: [(.resolveFailed(.invalidName), [failure(.unresolved(.invalidName))])]),
        Case(
            testDescription: "the deadline comes before the name server",
            steps: [(.deadline, [failure(.deadline)]), (.resolved(addresses(1)), [])]),
        Case(
            testDescription: "the deadline says how far each address got",
            steps: [
                (.resolved(addresses(3)), [start(0), delay]),
                (.attemptFailed(0, refused), [start(1), delay]),
                (.deadline, [.cancel(attempt: 1), failure(.deadline, .failed(refused), .unanswered, .notStarted)]),
            ]),
        Case(
            testDescription: "cancelled while racing",
            steps: [
                (.resolved(addresses(2)), [start(0), delay]),
                (.delayTimerFired, [start(1)]),
                (
                    .cancelled,
                    [.cancel(attempt: 0), .cancel(attempt: 1), failure(.cancelled, .unanswered, .unanswered)]
                ),
            ]),
        Case(
            testDescription: "events out of turn",
            steps: [
                (.delayTimerFired, []),
                (.attemptConnected(0), []),
                (.attemptFailed(-1, refused), []),
                (.resolved(addresses(2)), [start(0), delay]),
                (.resolved(addresses(3)), []),
                (.resolveFailed(.cancelled), []),
                (.attemptConnected(1), []),
                (.attemptFailed(1, refused), []),
                (.attemptFailed(.max, refused), []),
                (.attemptFailed(.min, refused), []),
                (.attemptFailed(0, refused), [start(1)]),
                (.attemptFailed(0, refused), []),
                (.attemptConnected(0), []),
                (.attemptConnected(1), [.succeed(attempt: 1)]),
            ]),
        Case(
            testDescription: "no more attempts at a time than allowed",
            maximumRunning: 2,
            steps: [
                (.resolved(addresses(4)), [start(0), delay]),
                (.delayTimerFired, [start(1)]),
                (.delayTimerFired, []),
                (.attemptFailed(1, refused), [start(2)]),
                (.attemptFailed(0, refused), [start(3)]),
                (.attemptFailed(2, refused), []),
                (.attemptConnected(3), [.succeed(attempt: 3)]),
            ]),
        Case(
            testDescription: "a limit below one is one",
            maximumRunning: -5,
            steps: [
                (.resolved(addresses(2)), [start(0)]),
                (.delayTimerFired, []),
                (.attemptFailed(0, refused), [start(1)]),
            ]),
    ]

    @Test(arguments: cases) func steps(_ testCase: Case) {
        var machine = DialStateMachine(maximumRunning: testCase.maximumRunning)
        for (event, expected) in testCase.steps {
            let actions = machine.handle(event)
            #expect(actions == expected, "\(event)")
        }
    }

    @Test func theDelayIsAtLeastTenMilliseconds() {
        var machine = DialStateMachine(attemptDelay: .zero)
        let actions = machine.handle(.resolved(Self.addresses(2)))
        #expect(actions.last == .armDelayTimer(.milliseconds(10)))
    }

    @Test func failuresReadWell() {
        let attempts = zip(Self.addresses(3), [.failed(Self.refused), .unanswered, .notStarted])
            .map { DialFailure.Attempt(address: $0, outcome: $1) }
        #expect(
            DialFailure(reason: .deadline, attempts: attempts).description
                == "no address answered in time: 10.0.0.1:5672 Connection refused, 10.0.0.2:5672 no answer, "
                + "10.0.0.3:5672 not tried")
        #expect(
            DialFailure(reason: .unresolved(.noAddress), attempts: []).description
                == "cannot resolve the host: no IPv4 or IPv6 address")
    }
}
