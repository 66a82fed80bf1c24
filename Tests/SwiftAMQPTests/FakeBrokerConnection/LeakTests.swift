import SwiftAMQP
import TestSupport
import Testing

/// What a hundred connections took from the system is given back.
///
/// Counts what the whole process has, so no other test may run beside it: `make test` runs them one at a time.
@Suite(.timeLimit(.minutes(2))) struct LeakTests {
    @Test func threadsAndDescriptors() async throws {
        try await LeakTests.cycle(8)
        try await LeakTests.settled()
        let before = (threads: try ProcessCounts.threads(), descriptors: try ProcessCounts.descriptors())
        try await LeakTests.cycle(100)
        // A cancelled attempt returns before its socket is closed: the loop does that next.
        try await until("the descriptors to be given back") {
            (try? ProcessCounts.descriptors()) ?? .max <= before.descriptors
        }
        try await until("the threads to end") { (try? ProcessCounts.threads()) ?? .max <= before.threads }
    }

    /// Waits until the loop has done what was asked of it so far.
    private static func settled() async throws {
        var counts: [Int] = []
        while counts.count < 20 || Set(counts.suffix(20)).count > 1 {
            await Task.yield()
            counts.append(try ProcessCounts.descriptors())
        }
    }

    /// Connections that end in each of several ways. When this returns, their sockets are closed and their brokers gone.
    static func cycle(_ count: Int) async throws {
        for number in 0..<count {
            switch number % 4 {
            case 0:
                try await withFakeChannel([.closeChannelAndConnection]) { channel, _ in await channel.close() }
            case 1:
                let broker = try FakeBroker.start([.handshake(), .openChannel(1), .reset])
                let connection = try await AMQPConnection.connect(
                    try broker.configuration { $0.heartbeat = .seconds(1) })
                _ = await amqpError { try await connection.openChannel() }
                _ = await connection.waitUntilClosed()
                try await broker.finished()
            case 2:
                let broker = try FakeBroker.start([.expectProtocolHeader, .start(), .expectMethod(.connectionStartOK)])
                let configuration = try broker.configuration()
                _ = await amqpError { try await AMQPConnection.connect(configuration) }
                try await broker.finished()
            default:
                let broker = try FakeBroker.start([.expectProtocolHeader, .expectClose])
                let configuration = try broker.configuration()
                let task = Task { try await AMQPConnection.connect(configuration) }
                await Task.yield()
                task.cancel()
                _ = await amqpError { try await task.value }
                await broker.stop()
            }
        }
    }
}
