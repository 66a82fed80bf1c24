import SwiftAMQP
import TestSupport
import Testing

/// Heartbeats as negotiated: sent when idle, a dead peer found within two timeouts, and nothing found that is not there.
@Suite(.timeLimit(.minutes(2))) struct HeartbeatTests {
    /// With a timeout T a heartbeat goes out at least every T/2, and not much more often.
    @Test func sentWhenIdle() async throws {
        let times = Locked<[ContinuousClock.Instant]>([])
        let enough = try FakeSignal()
        let broker = try FakeBroker.start([
            .handshake(heartbeat: 1),
            .run { (connection) throws(HarnessError) in
                for _ in 0..<4 {
                    try connection.send(.heartbeatFrame)
                    try connection.expectFrame(WireFrame.heartbeat)
                    times.withLock { $0.append(.now) }
                }
            },
            .fire(enough), .closeOK,
        ])
        let start = ContinuousClock.now
        let connection = try await AMQPConnection.connect(try broker.configuration { $0.heartbeat = .seconds(20) })
        #expect(connection.heartbeat == .seconds(1))
        try await enough.fired(within: .seconds(10))
        await connection.close()
        try await broker.finished()
        let seen = times.withLock { $0 }
        #expect(seen.count == 4)
        // Four intervals of T/2: never sooner, and each within T.
        if let last = seen.last {
            #expect(last - start >= .milliseconds(1900))
            #expect(last - start <= .seconds(4) * Deadline.scale)
        }
    }

    @Test(arguments: [1, 2] as [UInt16]) func aDeadPeer(timeout: UInt16) async throws {
        let silent = try FakeSignal()
        let broker = try FakeBroker.start([
            .handshake(heartbeat: timeout), .openChannel(1), .fire(silent), .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration { $0.heartbeat = .seconds(20) })
        let channel = try await connection.openChannel()
        try await silent.fired()
        let start = ContinuousClock.now
        let error = await connection.waitUntilClosed()
        let took = ContinuousClock.now - start
        #expect(error.code == .heartbeatTimeout)
        #expect(error.isRetriable)
        #expect(channel.closeReason?.code == .heartbeatTimeout)
        #expect(took <= .seconds(Int(timeout)) * 2 * Deadline.scale)
        // A peer that pauses for a little less than T is no dead peer.
        #expect(took >= .seconds(Int(timeout)))
        try await broker.finished()
    }

    /// Any octet is a sign of life, even of a frame that is never completed within the timeout.
    @Test func noFalseAlarmWhileOctetsDrip() async throws {
        let broker = try FakeBroker.start([
            .handshake(heartbeat: 1),
            .run { (connection) throws(HarnessError) in
                // A blocked/unblocked pair of a few dozen octets, one octet each 200 ms: a frame takes several T.
                let frame = WireFrame.method(0, .connectionBlocked) { $0.shortString("slow") }
                for byte in frame.bytes {
                    try connection.send([byte])
                    try connection.pause(milliseconds: 200)
                }
            },
            .unblocked, .closeOK,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration { $0.heartbeat = .seconds(20) })
        var events = connection.events.makeAsyncIterator()
        guard case .blocked(let reason) = await events.next() else {
            Issue.record("the connection ended: \(connection.state)")
            return
        }
        #expect(reason == "slow")
        guard case .unblocked = await events.next() else {
            Issue.record("the connection ended: \(connection.state)")
            return
        }
        await connection.close()
        try await broker.finished()
    }

    @Test func offWhenThisSideSaysSo() async throws {
        let broker = try FakeBroker.start([
            .handshake(heartbeat: 1),
            .run { (connection) throws(HarnessError) in try connection.pause(milliseconds: 2500) },
            .closeOK,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        #expect(connection.heartbeat == .zero)
        await connection.close()
        #expect(try await broker.finished().frames.contains { $0.type == WireFrame.heartbeat } == false)
    }
}
