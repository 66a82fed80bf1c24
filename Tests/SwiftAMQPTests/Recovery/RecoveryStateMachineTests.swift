import TestSupport
import Testing

@testable import SwiftAMQP

@Suite struct RecoveryStateMachineTests {
    private typealias Machine = RecoveryStateMachine

    private static let lost = AMQPError(.connectionLost, "lost")
    private static let unreachable = AMQPError(.unreachable, "nobody there")
    private static let refused = AMQPError(.authenticationFailed, "no", replyCode: 403)
    private static let stopped = AMQPError(.closed, "stopped")
    private static let second: Int64 = 1_000_000_000

    private static func machine(
        endpoints: Int = 1, deadline: Int64 = .max, tolerance: Int64 = .max, hasServed: Bool = false
    ) -> Machine {
        var policy = Machine.Policy()
        policy.endpointCount = endpoints
        policy.firstConnectDeadline = deadline
        policy.refusalTolerance = tolerance
        return Machine(policy: policy, hasServed: hasServed)
    }

    /// A machine that was led into each of its states, and the events that mean something there.
    private static func allStates() -> [(machine: Machine, meaningful: Set<String>)] {
        let steps: [[Machine.Event]] = [
            [], [.start], [.start, .connected], [.start, .connected, .restored],
            [.start, .connectFailed(unreachable)], [.start, .stop(stopped)],
        ]
        let meaningful: [Set<String>] = [
            ["start", "stop"], ["connected", "connectFailed", "stop"], ["restored", "lost", "stop"], ["lost", "stop"],
            ["waited", "stop"], [],
        ]
        return zip(steps, meaningful).map { events, names in
            var machine = machine()
            for event in events { _ = machine.handle(event, now: 0, random: 0) }
            return (machine, names)
        }
    }

    private static let events: [(name: String, event: Machine.Event)] = [
        ("start", .start), ("connected", .connected), ("connectFailed", .connectFailed(unreachable)),
        ("restored", .restored), ("lost", .lost(lost)), ("waited", .waited), ("stop", .stop(stopped)),
    ]

    @Test func everyEventInEveryState() {
        for (machine, meaningful) in Self.allStates() {
            for (name, event) in Self.events {
                var copy = machine
                let action = copy.handle(event, now: 0, random: 0)
                #expect((action != nil) == meaningful.contains(name), "\(name) in \(machine.state)")
                // What means nothing changes nothing.
                if action == nil { #expect(copy.state == machine.state, "\(name) in \(machine.state)") }
                if name == "stop", machine.state != .ended {
                    #expect(copy.state == .ended)
                    guard case .end(let error) = action else {
                        Issue.record("stop in \(machine.state) gave \(String(describing: action))")
                        continue
                    }
                    #expect(error.text == "stopped")
                }
            }
        }
    }

    @Test func theWayToServing() {
        var machine = Self.machine()
        #expect(machine.handle(.start, now: 0, random: 0).name == "connect 0")
        #expect(machine.handle(.connected, now: 0, random: 0).name == "restore")
        #expect(!machine.hasServed)
        #expect(machine.handle(.restored, now: 0, random: 0).name == "serve")
        #expect(machine.hasServed)
        #expect(machine.state == .serving(endpoint: 0))
        #expect(machine.handle(.lost(Self.lost), now: 5 * Self.second, random: 0).name == "wait")
        #expect(machine.handle(.waited, now: 5 * Self.second, random: 0).name == "connect 0")
    }

    /// One after the other without a pause; a wait only after a whole round.
    @Test func endpointsInTurn() {
        var machine = Self.machine(endpoints: 3)
        var actions = [machine.handle(.start, now: 0, random: 0).name]
        for _ in 0..<7 {
            var action = machine.handle(.connectFailed(Self.unreachable), now: 0, random: 0)
            actions.append(action.name)
            if action.name == "wait" {
                action = machine.handle(.waited, now: 0, random: 0)
                actions.append(action.name)
            }
        }
        #expect(
            actions == [
                "connect 0", "connect 1", "connect 2", "wait", "connect 0", "connect 1", "connect 2", "wait",
                "connect 0", "connect 1",
            ])
    }

    /// The endpoint that served comes first after a loss, and the round is as long as any other.
    @Test func theRoundAfterALossBeginsWithTheLostEndpoint() {
        var machine = Self.machine(endpoints: 3)
        _ = machine.handle(.start, now: 0, random: 0)
        _ = machine.handle(.connectFailed(Self.unreachable), now: 0, random: 0)
        _ = machine.handle(.connected, now: 0, random: 0)
        _ = machine.handle(.restored, now: 0, random: 0)
        _ = machine.handle(.lost(Self.lost), now: 5 * Self.second, random: 0)
        var actions = [machine.handle(.waited, now: 5 * Self.second, random: 0).name]
        for _ in 0..<3 {
            actions.append(machine.handle(.connectFailed(Self.unreachable), now: 5 * Self.second, random: 0).name)
        }
        #expect(actions == ["connect 1", "connect 2", "connect 0", "wait"])
    }

    /// A connection that is lost while it is restored counts as an attempt that failed.
    @Test func lostWhileRestoring() {
        var machine = Self.machine(endpoints: 2)
        _ = machine.handle(.start, now: 0, random: 0)
        _ = machine.handle(.connected, now: 0, random: 0)
        #expect(machine.handle(.lost(Self.lost), now: 0, random: 0).name == "connect 1")
        _ = machine.handle(.connected, now: 0, random: 0)
        #expect(machine.handle(.lost(Self.lost), now: 0, random: 0).name == "wait")
        #expect(!machine.hasServed)
    }

    @Test func theBackoffGrowsWithTheRoundsAndBeginsAnew() {
        var machine = Self.machine(hasServed: true)
        _ = machine.handle(.start, now: 0, random: 0)
        // A random number for which the wait is the bound of its round, or nothing.
        for round in 0..<20 {
            let bound = AMQPBackoff().bound(round: round)
            let nanoseconds = UInt64(bound / .nanoseconds(1))
            guard case .wait(let wait) = machine.handle(.connectFailed(Self.unreachable), now: 0, random: nanoseconds)
            else {
                Issue.record("no wait in round \(round)")
                return
            }
            #expect(wait == bound)
            _ = machine.handle(.waited, now: 0, random: 0)
        }
        _ = machine.handle(.connected, now: 0, random: 0)
        _ = machine.handle(.restored, now: 0, random: 0)
        let full = machine.handle(.lost(Self.lost), now: 60 * Self.second, random: 100_000_000)
        #expect(full.wait == .milliseconds(100))
    }

    /// A broker that takes every connection and ends it at once is not asked ten times a second for ever.
    @Test func connectionsThatServeForNoTimeCountAsFailed() {
        var machine = Self.machine(hasServed: true)
        var now: Int64 = 0
        var bounds: [Duration] = []
        _ = machine.handle(.start, now: now, random: 0)
        for _ in 0..<8 {
            _ = machine.handle(.connected, now: now, random: 0)
            _ = machine.handle(.restored, now: now, random: 0)
            now += 1_000_000
            let bound = (0..<4000).map { machine.peek(.lost(Self.lost), now: now, random: $0 * 500_000).wait ?? .zero }
            bounds.append(bound.max() ?? .zero)
            _ = machine.handle(.lost(Self.lost), now: now, random: 0)
            _ = machine.handle(.waited, now: now, random: 0)
        }
        #expect(bounds.first.map { $0 <= .milliseconds(100) } == true)
        #expect(bounds.last.map { $0 > .seconds(1) } == true)
    }

    // MARK: The first connection

    @Test func theFirstConnectObeysItsDeadline() {
        var machine = Self.machine(deadline: 10 * Self.second)
        _ = machine.handle(.start, now: 0, random: 0)
        #expect(machine.handle(.connectFailed(Self.unreachable), now: 10 * Self.second - 1, random: 0).name == "wait")
        _ = machine.handle(.waited, now: 10 * Self.second - 1, random: 0)
        let action = machine.handle(.connectFailed(Self.unreachable), now: 10 * Self.second, random: 0)
        #expect(action.error?.code == .connectTimeout)
        #expect(action.error?.underlying?.code == .unreachable)
        #expect(machine.state == .ended)
    }

    /// A wait never goes beyond the deadline of the first connect.
    @Test func noWaitBeyondTheFirstDeadline() {
        var machine = Self.machine(deadline: 10 * Self.second)
        _ = machine.handle(.start, now: 0, random: 0)
        let start = 10 * Self.second - 1_000_000
        let wait = machine.handle(.connectFailed(Self.unreachable), now: start, random: 100_000_000)
        #expect(wait.wait == .milliseconds(1))
    }

    /// What was connected before never gives up for a deadline.
    @Test func theDeadlineIsForTheFirstConnectOnly() {
        var machine = Self.machine(deadline: 10 * Self.second, hasServed: true)
        _ = machine.handle(.start, now: 0, random: 0)
        var now: Int64 = 0
        for round in 0..<10_000 {
            now += 3600 * Self.second
            #expect(machine.handle(.connectFailed(Self.unreachable), now: now, random: 0).name == "wait", "\(round)")
            #expect(machine.handle(.waited, now: now, random: 0).name == "connect 0")
        }
    }

    @Test(arguments: [
        AMQPError.Code.authenticationFailed, .virtualHostRefused, .protocolMismatch, .noCommonMechanism, .unsupported,
        .invalidConfiguration,
    ])
    func theFirstConnectFailsFast(code: AMQPError.Code) {
        var machine = Self.machine(endpoints: 3)
        _ = machine.handle(.start, now: 0, random: 0)
        let action = machine.handle(.connectFailed(AMQPError(code, "no")), now: 0, random: 0)
        #expect(action.error?.code == code)
    }

    @Test(arguments: [
        AMQPError.Code.unreachable, .resolveFailed, .connectTimeout, .connectionLost, .connectionClosedByPeer,
        .heartbeatTimeout, .protocolViolation, .timeout,
    ])
    func theFirstConnectTriesAgain(code: AMQPError.Code) {
        var machine = Self.machine()
        _ = machine.handle(.start, now: 0, random: 0)
        #expect(machine.handle(.connectFailed(AMQPError(code, "no")), now: 0, random: 0).name == "wait")
    }

    // MARK: Refusals later

    @Test func refusalsAreToleratedByTime() {
        var machine = Self.machine(tolerance: 60 * Self.second, hasServed: true)
        _ = machine.handle(.start, now: 0, random: 0)
        for time in [100, 120, 159] {
            #expect(
                machine.handle(.connectFailed(Self.refused), now: Int64(time) * Self.second, random: 0).name == "wait")
            _ = machine.handle(.waited, now: 0, random: 0)
        }
        #expect(
            machine.handle(.connectFailed(Self.refused), now: 160 * Self.second, random: 0).error?.code
                == .authenticationFailed)
    }

    @Test func theToleranceBeginsAnewWithEachConnectionAndWithEveryOtherError() {
        for other in [Self.unreachable, nil] {
            var machine = Self.machine(tolerance: 60 * Self.second, hasServed: true)
            _ = machine.handle(.start, now: 0, random: 0)
            _ = machine.handle(.connectFailed(Self.refused), now: 0, random: 0)
            _ = machine.handle(.waited, now: 0, random: 0)
            if let other {
                _ = machine.handle(.connectFailed(other), now: Self.second, random: 0)
            } else {
                _ = machine.handle(.connected, now: Self.second, random: 0)
                _ = machine.handle(.restored, now: Self.second, random: 0)
                _ = machine.handle(.lost(Self.lost), now: 2 * Self.second, random: 0)
            }
            _ = machine.handle(.waited, now: 2 * Self.second, random: 0)
            #expect(machine.handle(.connectFailed(Self.refused), now: 61 * Self.second, random: 0).name == "wait")
        }
    }

    @Test func aToleranceOfNothingEndsAtOnceAndForEverNever() {
        var machine = Self.machine(tolerance: 0, hasServed: true)
        _ = machine.handle(.start, now: 5, random: 0)
        #expect(machine.handle(.connectFailed(Self.refused), now: 5, random: 0).name == "end")
        machine = Self.machine(hasServed: true)
        _ = machine.handle(.start, now: 0, random: 0)
        for time in [0, Int64.max / 2, Int64.max - 1] {
            #expect(machine.handle(.connectFailed(Self.refused), now: time, random: 0).name == "wait")
            _ = machine.handle(.waited, now: time, random: 0)
        }
    }

    // MARK: Any sequence

    /// Whatever happens, an action is answered with its own events only, and the machine never ends by itself once it
    /// has served.
    @Test(arguments: 1...4) func anySequence(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let endpoints = Int.random(in: 1...4, using: &random)
            var machine = Self.machine(endpoints: endpoints)
            var action = machine.handle(.start, now: 0, random: 0)
            var now: Int64 = 0
            var sinceWait = 0
            for step in 0..<300 {
                now += Int64.random(in: 0...Self.second, using: &random)
                let isGood = Int.random(in: 0..<3, using: &random) == 0
                let event: Machine.Event
                switch action {
                case .connect(let endpoint):
                    try #require((0..<endpoints).contains(endpoint))
                    sinceWait += 1
                    try #require(sinceWait <= endpoints + 1, "step \(step): no pause after a round")
                    event = isGood ? .connected : .connectFailed(Self.unreachable)
                case .restore: event = isGood ? .restored : .lost(Self.lost)
                case .serve: event = .lost(Self.lost)
                case .wait(let duration):
                    try #require(duration >= .zero && duration <= AMQPBackoff().maximum)
                    sinceWait = 0
                    event = .waited
                case .end, nil:
                    Issue.record("step \(step): ended by itself")
                    return
                }
                action = machine.handle(event, now: now, random: random.next())
            }
            #expect(machine.handle(.stop(Self.stopped), now: now, random: 0).name == "end")
            for (_, event) in Self.events { #expect(machine.handle(event, now: now, random: 0) == nil) }
        }
    }
}

extension RecoveryStateMachine {
    /// The action that an event would lead to.
    fileprivate func peek(_ event: Event, now: Int64, random: UInt64) -> Action? {
        var copy = self
        return copy.handle(event, now: now, random: random)
    }
}

extension RecoveryStateMachine.Action? {
    fileprivate var name: String {
        switch self {
        case .connect(let endpoint): "connect \(endpoint)"
        case .restore: "restore"
        case .serve: "serve"
        case .wait: "wait"
        case .end: "end"
        case nil: "nothing"
        }
    }

    fileprivate var wait: Duration? { if case .wait(let duration) = self { duration } else { nil } }
    fileprivate var error: AMQPError? { if case .end(let error) = self { error } else { nil } }
}
