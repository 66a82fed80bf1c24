/// Decides when to send a heartbeat and when the peer is dead. Values in, actions out; times are nanoseconds of the
/// monotonic clock.
///
/// AMQP 0-9-1 section 4.2.7 and https://www.rabbitmq.com/heartbeats.html: any octet is a sign of life, in both
/// directions. With the negotiated timeout T a heartbeat is sent when the operating system has taken no byte for T/2,
/// and the peer is dead when no byte has come for 1.75 T and one last read has found none: so a dead peer is found
/// within 2 T, while a pause of a little less than T never raises a false alarm.
struct HeartbeatMonitor: Sendable {
    /// What to do now.
    struct Decision: Equatable {
        /// Send a heartbeat frame.
        var sendsHeartbeat = false
        /// Read once more, then ask ``HeartbeatMonitor/isDead(now:)``.
        var suspectsPeer = false
        /// When to ask again; `Int64.max` where heartbeats are off.
        var next: Int64
    }

    /// The negotiated timeout in nanoseconds; 0 switches the monitor off.
    let timeout: Int64
    private var lastReceived: Int64
    private var lastSent: Int64

    init(timeout: Int64, now: Int64) {
        self.timeout = max(0, timeout)
        lastReceived = now
        lastSent = now
    }

    private var sendInterval: Int64 { timeout / 2 }
    private var deadAfter: Int64 { timeout / 4 * 7 }

    mutating func received(at now: Int64) { lastReceived = max(lastReceived, now) }
    mutating func sent(at now: Int64) { lastSent = max(lastSent, now) }

    /// Whether the peer has been silent for too long. Ask after a last read.
    func isDead(now: Int64) -> Bool { timeout > 0 && now - lastReceived >= deadAfter }

    /// - Parameter isReceivingPaused: this side does not read on purpose (an auto-ack consumer's back-pressure), so
    ///   silence proves nothing; the time does not count.
    mutating func tick(now: Int64, isReceivingPaused: Bool) -> Decision {
        guard timeout > 0 else { return Decision(next: .max) }
        if isReceivingPaused { lastReceived = now }
        var decision = Decision(next: .max)
        if now - lastSent >= sendInterval {
            decision.sendsHeartbeat = true
            lastSent = now
        }
        decision.suspectsPeer = isDead(now: now)
        decision.next = min(lastSent + sendInterval, lastReceived + deadAfter)
        if decision.next <= now { decision.next = now + max(1_000_000, timeout / 16) }
        return decision
    }
}
