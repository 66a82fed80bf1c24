import Testing

@testable import SwiftAMQP

/// The monitor against a clock of the test's own; times are milliseconds here.
@Suite struct HeartbeatMonitorTests {
    private static let millisecond: Int64 = 1_000_000

    private static func monitor(seconds: Int64, at now: Int64 = 0) -> HeartbeatMonitor {
        HeartbeatMonitor(timeout: seconds * 1000 * millisecond, now: now * millisecond)
    }

    /// Ticks when the monitor asks for it, as the connection does, and gives what happened and when.
    private struct Run {
        var sent: [Int64] = []
        var diedAt: Int64?
    }

    private static func run(
        seconds: Int64, until end: Int64, receivedAt: [Int64] = [], writtenAt: [Int64] = [],
        paused: Range<Int64> = 0..<0
    ) -> Run {
        var monitor = monitor(seconds: seconds)
        var run = Run()
        var events: [(at: Int64, isRead: Bool)] =
            receivedAt.map { ($0, true) } + writtenAt.map { ($0, false) }
        events.sort { $0.at < $1.at }
        var next: Int64 = 0
        while next <= end {
            while let event = events.first, event.at <= next {
                events.removeFirst()
                if event.isRead {
                    monitor.received(at: event.at * millisecond)
                } else {
                    monitor.sent(at: event.at * millisecond)
                }
            }
            let decision = monitor.tick(now: next * millisecond, isReceivingPaused: paused.contains(next))
            if decision.sendsHeartbeat { run.sent.append(next) }
            if decision.suspectsPeer {
                // The last read found nothing.
                run.diedAt = next
                return run
            }
            guard decision.next > next * millisecond else {
                Issue.record("asks again at once: the loop would spin")
                return run
            }
            // As a timer does: not before, and at most a little later.
            next = (decision.next + millisecond - 1) / millisecond
        }
        return run
    }

    @Test(arguments: [1, 2, 3, 7, 20, 60, 65535] as [Int64])
    func aSilentPeerDiesAtSevenQuartersAndNotBefore(seconds: Int64) {
        let result = Self.run(seconds: seconds, until: seconds * 3000)
        #expect(result.diedAt == seconds * 1750)
        // And within 2 T of its last byte wherever that came.
        for last in stride(from: seconds * 100, to: seconds * 5000, by: Int(seconds * 333)) {
            let regular = Array(stride(from: 0, through: last, by: Int(seconds * 500)))
            let died = Self.run(seconds: seconds, until: seconds * 10_000, receivedAt: regular + [last]).diedAt
            #expect(died.map { $0 >= last + seconds * 1750 && $0 < last + seconds * 2000 } == true)
        }
    }

    @Test func anIdleConnectionSendsEveryHalf() {
        let result = Self.run(
            seconds: 20, until: 60_000, receivedAt: Array(stride(from: 0, through: 60_000, by: 5000)))
        #expect(result.sent == [10_000, 20_000, 30_000, 40_000, 50_000, 60_000])
        #expect(result.diedAt == nil)
    }

    @Test func whoWritesSendsNoHeartbeat() {
        let often = Array(stride(from: 0 as Int64, through: 60_000, by: 4000))
        let result = Self.run(seconds: 20, until: 60_000, receivedAt: often, writtenAt: often)
        #expect(result.sent == [])
        #expect(result.diedAt == nil)
    }

    /// The peer must hear something at least once in T, whenever the last write was.
    @Test(arguments: Array(stride(from: 100 as Int64, to: 10_000, by: 700)))
    func noGapBetweenOurBytesIsLongerThanHalf(lastWrite: Int64) {
        let often = Array(stride(from: 0 as Int64, through: 60_000, by: 3000))
        let result = Self.run(seconds: 20, until: 40_000, receivedAt: often, writtenAt: [lastWrite])
        var last = lastWrite
        for time in result.sent where time > lastWrite {
            #expect(time - last <= 10_000)
            last = time
        }
        #expect(last > 29_000)
    }

    /// A pause of a little less than T raises no alarm, whatever the phase.
    @Test func aPauseShorterThanTheTimeoutIsNoDeath() {
        for start in stride(from: 0 as Int64, to: 20_000, by: 900) {
            let before = Array(stride(from: 0, through: start, by: 1000)) + [start]
            let after = Array(stride(from: start + 19_900, through: 80_000, by: 1000))
            #expect(Self.run(seconds: 20, until: 80_000, receivedAt: before + after).diedAt == nil)
        }
    }

    @Test func silenceWhileWeDoNotReadProvesNothing() {
        let result = Self.run(seconds: 20, until: 300_000, paused: 10_000..<200_000)
        guard let died = result.diedAt else {
            Issue.record("a silent peer lived")
            return
        }
        // The time begins anew where reading did.
        #expect(died >= 190_000 + 35_000)
        #expect(died <= 200_000 + 35_000)
        // Our own heartbeats go on meanwhile.
        #expect(result.sent.count { $0 < 200_000 } >= 19)
    }

    /// A process that was stopped wakes with its timers long overdue: one last read decides.
    @Test func aProcessThatSleptReadsBeforeItJudges() {
        var monitor = Self.monitor(seconds: 20)
        let now = 3_600_000 * Self.millisecond
        let decision = monitor.tick(now: now, isReceivingPaused: false)
        #expect(decision.suspectsPeer)
        #expect(decision.sendsHeartbeat)
        #expect(decision.next > now)
        #expect(monitor.isDead(now: now))
        monitor.received(at: now)
        #expect(!monitor.isDead(now: now))
        let after = monitor.tick(now: now, isReceivingPaused: false)
        #expect(!after.suspectsPeer)
        #expect(!after.sendsHeartbeat)
        #expect(after.next == now + 10_000 * Self.millisecond)
    }

    @Test(arguments: [0, -5] as [Int64]) func zeroSwitchesItOff(seconds: Int64) {
        var monitor = Self.monitor(seconds: seconds)
        let decision = monitor.tick(now: .max, isReceivingPaused: false)
        #expect(decision == HeartbeatMonitor.Decision(next: .max))
        #expect(!monitor.isDead(now: .max))
    }

    /// The coarse clock of a write may lie behind what is known already.
    @Test func timeNeverRunsBackwards() {
        var monitor = Self.monitor(seconds: 20, at: 1000)
        monitor.received(at: 5000 * Self.millisecond)
        monitor.received(at: 2000 * Self.millisecond)
        monitor.sent(at: 4000 * Self.millisecond)
        monitor.sent(at: 500 * Self.millisecond)
        #expect(!monitor.isDead(now: 39_999 * Self.millisecond))
        #expect(monitor.isDead(now: 40_000 * Self.millisecond))
        #expect(monitor.tick(now: 13_999 * Self.millisecond, isReceivingPaused: false).sendsHeartbeat == false)
        #expect(monitor.tick(now: 14_000 * Self.millisecond, isReceivingPaused: false).sendsHeartbeat == true)
    }
}
