import AMQPTransport
import TestSupport
import Testing

@testable import SwiftAMQP

@Suite(.timeLimit(.minutes(1))) struct ChannelEndTests {
    /// The broker's close-ok may be read before the thread that has closed the channel has told its consumers. Who tells them
    /// makes no difference to what they are told.
    @Test func consumersHearWhoClosedTheChannel() async throws {
        try await withFakeChannel([.answerConsume(1, tag: "c"), .goodbye]) { channel, connection in
            var deliveries = try await channel.consume("q", consumerTag: "c").makeAsyncIterator()
            let core = channel.core
            await connection.onLoop {
                let error = AMQPError(.closed, "closed by this program")
                var (closing, answered) = (Wakeups(), Wakeups())
                core.lock.lock()
                core.phase = .closing(error)
                core.endEverything(error, reason: .channelClosed, &closing, consumerEnd: .cancelled)
                core.fail(error, reason: .channelClosed, &answered)
                core.lock.unlock()
                answered.run()
                closing.run()
            }
            #expect(try await deliveries.next() == nil)
        }
    }
}
