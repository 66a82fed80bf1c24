import TestSupport
import Testing

@testable import SwiftAMQP

@Suite(.timeLimit(.minutes(5))) struct SubscriptionStateMachineTests {
    private typealias Machine = SubscriptionStateMachine

    private static let second: Int64 = 1_000_000_000
    private static let forbidden = AMQPError(.channelException, "ACCESS_REFUSED", replyCode: 403)
    private static let exclusive = AMQPError(.channelException, "q in exclusive use", replyCode: 403)
    private static let missing = AMQPError(.channelException, "NOT_FOUND", replyCode: 404)
    private static let late = AMQPError(.channelException, "PRECONDITION_FAILED", replyCode: 406)
    private static let cancelled = AMQPError(.cancelledByBroker, "the queue was deleted")
    private static let overflow = AMQPError(.overflow, "too much")
    private static let local = AMQPError(.invalidArgument, "the tag is in use")
    private static let gone = AMQPError(.authenticationFailed, "the client ended")

    private static let events: [(name: String, event: Machine.Event)] = [
        ("start", .start), ("subscribed", .subscribed), ("refused", .refused(missing)), ("lost", .lost(late)),
        ("disconnected", .disconnected), ("waited", .waited), ("pause", .pause(.seconds(1))),
        ("linkEnded", .linkEnded(gone)), ("stop", .stop),
    ]

    private static func machine(_ events: Machine.Event..., policy: Machine.Policy = .init()) -> Machine {
        var machine = Machine(policy: policy)
        for event in events { _ = machine.handle(event, now: 0, random: 0) }
        return machine
    }

    /// Each state, and what each event leads to there; what is not listed means nothing.
    @Test func everyEventInEveryState() {
        let table: [(machine: Machine, actions: [String: String])] = [
            (Self.machine(), ["start": "subscribe", "linkEnded": "end error", "stop": "end"]),
            (
                Self.machine(.start),
                [
                    "subscribed": "serve", "refused": "wait", "disconnected": "subscribe", "linkEnded": "end error",
                    "stop": "end",
                ]
            ),
            (
                Self.machine(.start, .subscribed),
                [
                    "lost": "wait", "disconnected": "subscribe", "pause": "pause", "linkEnded": "end error",
                    "stop": "end",
                ]
            ),
            (
                Self.machine(.start, .refused(Self.missing)),
                ["waited": "subscribe and check", "linkEnded": "end error", "stop": "end"]
            ),
            (
                Self.machine(.start, .subscribed, .lost(Self.late)),
                ["waited": "subscribe", "linkEnded": "end error", "stop": "end"]
            ),
            (
                Self.machine(.start, .subscribed, .pause(.seconds(1))),
                ["waited": "subscribe", "linkEnded": "end error", "stop": "end"]
            ),
            (Self.machine(.start, .stop), [:]),
        ]
        for (machine, actions) in table {
            for (name, event) in Self.events {
                var copy = machine
                let action = copy.handle(event, now: 0, random: 0)
                #expect(action?.name == actions[name], "\(name) in \(machine.state)")
                if action == nil { #expect(copy.state == machine.state, "\(name) in \(machine.state)") }
            }
        }
    }

    /// How a subscription that was lost goes on: which error, by which policy.
    @Test func whatWasLostComesBackOrNot() {
        var stays = Machine.Policy()
        stays.returnsAfterCancel = false
        stays.returnsAfterChannelException = false
        for (error, usual, strict) in [
            (Self.cancelled, "wait", "end error"), (Self.late, "wait", "end error"),
            (Self.overflow, "end error", "end error"),
            (AMQPError(.closed, "closed"), "wait", "wait"), (AMQPError(.timeout, "late"), "wait", "wait"),
        ] {
            var machine = Self.machine(.start, .subscribed)
            #expect(machine.handle(.lost(error), now: 0, random: 0)?.name == usual, "\(error)")
            var other = Self.machine(.start, .subscribed, policy: stays)
            #expect(other.handle(.lost(error), now: 0, random: 0)?.name == strict, "\(error)")
        }
    }

    /// What can be missing is declared again before the next attempt, and only then.
    @Test func theTopologyIsCheckedWhereTheQueueMayBeMissing() {
        for (events, isChecked) in [
            ([Machine.Event.refused(Self.missing)], true), ([.subscribed, .lost(Self.cancelled)], true),
            ([.refused(Self.forbidden)], false), ([.subscribed, .lost(Self.late)], false),
            ([.refused(Self.missing), .waited, .refused(Self.exclusive)], false),
            ([.refused(Self.missing), .waited, .subscribed, .lost(Self.late)], false),
            ([.refused(AMQPError(.timeout, "late"))], false),
        ] {
            var machine = Self.machine(.start)
            for event in events { _ = machine.handle(event, now: 0, random: 0) }
            let action = machine.handle(.waited, now: 0, random: 0)
            #expect(action?.name == (isChecked ? "subscribe and check" : "subscribe"), "\(events)")
        }
    }

    @Test(arguments: [1, 2, 3, 10]) func refusalsOfAccessAreCounted(limit: Int) {
        var policy = Machine.Policy()
        policy.refusalLimit = limit
        var machine = Self.machine(.start, policy: policy)
        for _ in 1..<limit {
            #expect(machine.handle(.refused(Self.forbidden), now: 0, random: 0)?.name == "wait")
            _ = machine.handle(.waited, now: 0, random: 0)
            // Somebody else who has the queue, or a missing queue, is no refusal of access.
            #expect(machine.handle(.refused(Self.exclusive), now: 0, random: 0)?.name == "wait")
            _ = machine.handle(.waited, now: 0, random: 0)
        }
        #expect(machine.handle(.refused(Self.forbidden), now: 0, random: 0)?.name == "end error")
    }

    @Test func refusalsBeginAnewWithASubscription() {
        var machine = Self.machine(.start)
        for _ in 0..<20 {
            for _ in 0..<2 {
                #expect(machine.handle(.refused(Self.forbidden), now: 0, random: 0)?.name == "wait")
                _ = machine.handle(.waited, now: 0, random: 0)
            }
            #expect(machine.handle(.subscribed, now: 0, random: 0)?.name == "serve")
            #expect(machine.handle(.disconnected, now: 0, random: 0)?.name == "subscribe")
        }
        var policy = Machine.Policy()
        policy.refusalLimit = nil
        var patient = Self.machine(.start, policy: policy)
        for _ in 0..<1000 {
            #expect(patient.handle(.refused(Self.forbidden), now: 0, random: 0)?.name == "wait")
            _ = patient.handle(.waited, now: 0, random: 0)
        }
        #expect(patient.handle(.refused(Self.local), now: 0, random: 0)?.name == "end error")
    }

    /// The bound doubles with each failure in a row, up to the maximum, and begins anew after a subscription that held.
    @Test func waitsGrowAndBeginAnew() {
        func bound(_ machine: inout Machine, _ event: Machine.Event, now: Int64) -> Duration? {
            // The largest number that gives the bound itself is not known: the most of many is near it.
            var most = Duration.zero
            var last = machine
            for random in stride(from: UInt64(0), to: 2_000_000_001, by: 999_999) {
                last = machine
                guard case .wait(let wait) = last.handle(event, now: now, random: random) else { return nil }
                most = max(most, wait)
            }
            machine = last
            return most
        }
        var machine = Self.machine(.start)
        var bounds: [Duration] = []
        for _ in 0..<8 {
            guard let wait = bound(&machine, .refused(Self.missing), now: 0) else { break }
            bounds.append(wait)
            _ = machine.handle(.waited, now: 0, random: 0)
        }
        #expect(bounds.count == 8)
        for (bound, most) in zip(bounds, [100, 200, 400, 800, 1600, 2000, 2000, 2000].map(Duration.milliseconds)) {
            #expect(bound <= most && bound > most * 0.95)
        }
        _ = machine.handle(.subscribed, now: 0, random: 0)
        let brief = bound(&machine, .lost(Self.late), now: Self.second) ?? .zero
        #expect(brief > .milliseconds(1900))
        _ = machine.handle(.waited, now: Self.second, random: 0)
        _ = machine.handle(.subscribed, now: Self.second, random: 0)
        let held = bound(&machine, .lost(Self.late), now: 4 * Self.second) ?? .zero
        #expect(held > .zero && held <= .milliseconds(100))
    }

    /// A million events by chance, meaningful or not.
    @Test func aRandomWalk() {
        var random = SeededGenerator(seed: 20_26)
        let errors = [
            Self.forbidden, Self.exclusive, Self.missing, Self.late, Self.cancelled, Self.overflow, Self.local,
            AMQPError(.timeout, "late"), AMQPError(.closed, "closed"),
        ]
        var walks = 0
        var complaints: [String] = []
        var left = 1_000_000
        while left > 0 {
            walks += 1
            var policy = Machine.Policy()
            policy.refusalLimit = random.maybe { Int.random(in: 1...4, using: &$0) }
            policy.returnsAfterCancel = Bool.random(using: &random)
            policy.returnsAfterChannelException = Bool.random(using: &random)
            policy.backoff = AMQPBackoff(initial: .milliseconds(10), maximum: .milliseconds(640), multiplier: 2)
            var machine = Machine(policy: policy)
            var isServing = false
            var hasEnded = false
            var refusals = 0
            var now: Int64 = 0
            for _ in 0..<1000 where left > 0 {
                left -= 1
                now += Int64.random(in: 0...(Self.second / 2), using: &random)
                let error = errors.randomElement(using: &random) ?? Self.late
                let choice = Int.random(in: 0..<2000, using: &random)
                let event: Machine.Event =
                    switch choice {
                    case 0: .stop
                    case 1: .linkEnded(Self.gone)
                    case ..<300: .start
                    case ..<700: .subscribed
                    case ..<900: .refused(error)
                    case ..<1100: .lost(error)
                    case ..<1300: .disconnected
                    case ..<1900: .waited
                    default: .pause(.seconds(1))
                    }
                let before = machine.state
                let action = machine.handle(event, now: now, random: random.next())
                func check(_ isTrue: Bool, _ what: String) {
                    if !isTrue {
                        complaints.append("\(what): \(event) in \(before) gave \(String(describing: action))")
                    }
                }
                if hasEnded { check(action == nil && machine.state == .ended, "something after the end") }
                // Counted beside the machine, by what the broker says.
                if case .refused(let error) = event, before == .subscribing, error.replyCode == 403,
                    !error.text.contains("exclusive use")
                {
                    refusals += 1
                }
                if case .lost(let error) = event, before == .subscribed, error.replyCode == 403,
                    error.code == .channelException, !error.text.contains("exclusive use"),
                    policy.returnsAfterChannelException
                {
                    refusals += 1
                }
                switch action {
                case .serve:
                    check(!isServing, "served twice")
                    isServing = true
                    refusals = 0
                case .subscribe: isServing = false
                case .wait(let duration):
                    isServing = false
                    check(duration >= .zero && duration <= policy.backoff.maximum, "a wait out of its bounds")
                    if let limit = policy.refusalLimit { check(refusals < limit, "refused too often") }
                case .pause:
                    check(isServing, "paused what does not serve")
                    isServing = false
                case .end:
                    check(!hasEnded, "ended twice")
                    hasEnded = true
                case nil: check(machine.state == before, "changed without an action")
                }
            }
        }
        #expect(complaints.prefix(5) == [])
        #expect(walks >= 1000)
    }
}

extension SubscriptionStateMachine.Action {
    fileprivate var name: String {
        switch self {
        case .subscribe(let checks): checks ? "subscribe and check" : "subscribe"
        case .serve: "serve"
        case .wait: "wait"
        case .pause: "pause"
        case .end(let error): error == nil ? "end" : "end error"
        }
    }
}
