import SwiftAMQP
import TestSupport
import Testing

/// The scopes close what they opened, however they are left.
@Suite(.timeLimit(.minutes(2))) struct ScopeTests {
    private struct Left: Error {}

    private static let ending: [String] = [
        "channel.open ch1", "channel.close ch1 replyCode=200 replyText='Goodbye' classID=0 methodID=0",
        "connection.close ch0 replyCode=200 replyText='Goodbye' classID=0 methodID=0",
    ]

    private func broker() throws -> FakeBroker {
        try FakeBroker.start([.handshake(), .openChannel(1), .closeChannelAndConnection])
    }

    @Test func byReturning() async throws {
        let broker = try broker()
        let value = try await AMQPConnection.withConnection(try broker.configuration()) { connection in
            try await connection.withChannel { channel in channel.id }
        }
        #expect(value == 1)
        #expect(try await broker.finished().session == Self.ending)
    }

    @Test func byThrowing() async throws {
        let broker = try broker()
        let configuration = try broker.configuration()
        await #expect(throws: Left.self) {
            try await AMQPConnection.withConnection(configuration) { connection in
                try await connection.withChannel { _ in throw Left() }
            }
        }
        #expect(try await broker.finished().session == Self.ending)
    }

    @Test func byCancellation() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .answerConsume(1, tag: "c"), .answerCancel(1, tag: "c"),
            .closeChannelAndConnection,
        ])
        let configuration = try broker.configuration()
        let consuming = try FakeSignal()
        let task = Task {
            try await AMQPConnection.withConnection(configuration) { connection in
                try await connection.withChannel { channel in
                    try await channel.withConsumer("q", consumerTag: "c") { deliveries in
                        consuming.fire()
                        for try await _ in deliveries {}
                    }
                }
            }
        }
        try await consuming.fired()
        task.cancel()
        #expect(await amqpError { try await task.value }?.code == .cancelled)
        let session = try await broker.finished().session
        let cancel = ["basic.cancel ch1 consumerTag='c' noWait=false"]
        #expect(Array(session.suffix(3)) == cancel + Self.ending.dropFirst())
    }

    /// A channel that nobody holds any more is closed.
    @Test func aChannelHandleThatNobodyHolds() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .channelCloseOK(1), .openChannel(1), .closeOK,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        do { _ = try await connection.openChannel() }
        // The id is free again once the broker has answered; until then the next one is taken.
        try await until("the id to be free") { connection.openChannelCount == 0 }
        let channel = try await connection.openChannel()
        #expect(channel.id == 1)
        await connection.close()
        try await broker.finished()
    }
}
