import SwiftAMQP
import TestSupport
import Testing

/// Channel ids: low numbers first, reused after close-ok, refused when there are no more.
@Suite(.timeLimit(.minutes(2))) struct ChannelIDTests {
    @Test func exhausted() async throws {
        let transcript = try await withFakeConnection(
            [
                .openChannel(1), .openChannel(2), .openChannel(3), .channelCloseOK(2), .openChannel(2), .goodbye,
            ], handshake: .handshake(channelMax: 3)
        ) { connection in
            var channels: [AMQPChannel] = []
            for expected in 1...3 {
                channels.append(try await connection.openChannel())
                #expect(channels.last?.id == UInt16(expected))
            }
            let error = await amqpError { try await connection.openChannel() }
            #expect(error?.code == .channelIDsExhausted)
            #expect(error?.isRetriable == true)
            await channels[1].close()
            channels[1] = try await connection.openChannel()
            #expect(channels[1].id == 2)
            await connection.close()
        }
        #expect(transcript.count("channel.open") == 4)
    }

    /// A cancelled open leaves no channel behind: its late answer belongs to nobody, and the id comes back.
    @Test func cancelledWhileOpening() async throws {
        let cancelled = try FakeSignal()
        let closed = try FakeSignal()
        try await withFakeConnection([
            .expectMethod(.channelOpen, channel: 1), .hold(until: cancelled),
            .sendMethod(1, .channelOpenOK) { $0.longString("") }, .channelCloseOK(1), .hold(until: closed),
            .openChannel(1), .goodbye,
        ]) { connection in
            let task = Task { try await connection.openChannel() }
            try await until("the channel to be asked for") { connection.openChannelCount == 1 }
            task.cancel()
            #expect(await amqpError { try await task.value }?.code == .cancelled)
            cancelled.fire()
            try await until("the id to be free") { connection.openChannelCount == 0 }
            closed.fire()
            #expect(try await connection.openChannel().id == 1)
            await connection.close()
        }
    }

    /// The broker never answers channel.open.
    @Test func timesOutWhileOpening() async throws {
        try await withFakeConnection(
            [.expectMethod(.channelOpen, channel: 1), .expectMethod(.channelClose, channel: 1), .goodbye],
            configure: { $0.rpcTimeout = .milliseconds(150) }
        ) { connection in
            #expect(await amqpError { try await connection.openChannel() }?.code == .timeout)
            #expect(connection.openChannelCount == 1)
        }
    }
}
