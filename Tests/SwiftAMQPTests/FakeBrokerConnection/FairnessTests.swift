import SwiftAMQP
import TestSupport
import Testing

/// Hot loops that publish and consume never starve the other tasks of Swift's pool.
///
/// What is measured is the pool, so no other test may run beside it: `make test` runs them one at a time.
@Suite(.timeLimit(.minutes(2))) struct FairnessTests {
    @Test func aTickerBesideHotLoops() async throws {
        let sinks = try FakeBroker.start(
            connections: [FairnessTests.sink, FairnessTests.sink], timeout: .seconds(30))
        let sources = try FakeBroker.start(
            connections: [FairnessTests.source, FairnessTests.source], timeout: .seconds(30))
        let isOver = Locked(false)
        let toSinks = try sinks.configuration()
        let toSources = try sources.configuration()
        let loops = [
            Task { try await FairnessTests.publish(toSinks, isOver) },
            Task { try await FairnessTests.publish(toSinks, isOver) },
            Task { try await FairnessTests.consume(toSources, isOver) },
            Task { try await FairnessTests.consume(toSources, isOver) },
        ]
        var worst = Duration.zero
        for _ in 0..<100 {
            let start = ContinuousClock.now
            try await Task.sleep(for: .milliseconds(10))
            worst = max(worst, ContinuousClock.now - start - .milliseconds(10))
        }
        isOver.withLock { $0 = true }
        for loop in loops {
            let count = try await loop.value
            guard count > 1000 else { throw HarnessError(.script, "a loop was not hot: \(count) messages") }
        }
        try await sinks.finished()
        try await sources.finished()
        // Two of this machine's cores also run the brokers; the sanitizers slow everything down.
        guard worst <= .milliseconds(100) * Deadline.scale else {
            throw HarnessError(.script, "a tick of 10 ms was late by \(worst)")
        }
    }

    private static func publish(_ configuration: AMQPConfiguration, _ isOver: Locked<Bool>) async throws -> Int {
        try await AMQPConnection.withConnection(configuration) { connection in
            let channel = try await connection.openChannel()
            return try await channel.withPublisher(window: 1000) { publisher in
                var count = 0
                while !isOver.withLock({ $0 }) {
                    try await publisher.send(AMQPMessage("x"), to: .queue("q"))
                    count += 1
                }
                return count
            }
        }
    }

    private static func consume(_ configuration: AMQPConfiguration, _ isOver: Locked<Bool>) async throws -> Int {
        try await AMQPConnection.withConnection(configuration) { connection in
            let channel = try await connection.openChannel()
            var count = 0
            for try await delivery in try await channel.consume("q", prefetch: .unlimited, consumerTag: "c") {
                try delivery.ack()
                count += 1
                if isOver.withLock({ $0 }) { break }
            }
            return count
        }
    }

    /// Confirms every publish.
    private static let sink: [FakeStep] = [
        .handshake(), .openChannel(1), .confirmSelect(1),
        .run { (connection) throws(HarnessError) in
            var tag: UInt64 = 0
            while let frame = try connection.nextFrame() {
                if frame.type == WireFrame.body {
                    tag += 1
                    let answered = tag
                    try connection.send(
                        .method(1, .basicAck) {
                            $0.u64(answered)
                            $0.bits(false)
                        })
                } else if try answerClose(frame, connection) {
                    return
                }
            }
        }, .expectClose,
    ]

    /// Delivers for ever, a batch at a time.
    private static let source: [FakeStep] = [
        .handshake(), .openChannel(1), .answerConsume(1, tag: "c"),
        .run { (connection) throws(HarnessError) in
            var tag: UInt64 = 0
            while true {
                var batch: [UInt8] = []
                for _ in 0..<500 {
                    tag += 1
                    batch += WireFrame.deliver(tag).bytes
                    batch += WireFrame.header(1, bodySize: 0).bytes
                }
                try connection.send(batch)
                // One ack may settle several, in order as they are taken.
                var settled: UInt64 = 0
                while settled < tag, let frame = try connection.nextFrame() {
                    if try answerClose(frame, connection) { return }
                    guard try WireMethod(payload: frame.payload).id == .basicAck else { continue }
                    var arguments = WireReader(Array(frame.payload.dropFirst(4)))
                    settled = try arguments.u64()
                }
            }
        }, .expectClose,
    ]

    /// True once the connection is closed.
    private static func answerClose(
        _ frame: WireFrame, _ connection: FakeConnection
    ) throws(HarnessError) -> Bool {
        guard frame.type == WireFrame.method else { return false }
        switch try WireMethod(payload: frame.payload).id {
        case .channelClose: try connection.send(.method(frame.channel, .channelCloseOK))
        case .connectionClose:
            try connection.send(.method(0, .connectionCloseOK))
            return true
        default: break
        }
        return false
    }
}
