import SwiftAMQP
import TestSupport
import Testing

/// `channel.flow` from the broker: publishes of that channel wait, those of others do not.
@Suite(.timeLimit(.minutes(2))) struct FlowTests {
    private static func flow(_ active: Bool) -> FakeStep {
        .steps(
            "flow",
            [.sendMethod(1, .channelFlow) { $0.bits(active) }, .expectMethod(.channelFlowOK, channel: 1)])
    }

    @Test func publishesOfThatChannelWait() async throws {
        let stopped = try FakeSignal()
        let resume = try FakeSignal()
        try await withFakeConnection([
            .openChannel(1), .openChannel(2), .confirmSelect(1), .confirmSelect(2), Self.flow(false), .fire(stopped),
            .expectPublish(channel: 2), .ack(2, 1), .hold(until: resume), Self.flow(true), .expectPublish(channel: 1),
            .ack(1, 1), .goodbye,
        ]) { connection in
            let first = try await connection.openChannel()
            let second = try await connection.openChannel()
            try await first.confirmSelect()
            try await second.confirmSelect()
            try await stopped.fired()
            let publish = Task { try await first.publish(AMQPMessage("a"), to: .queue("q")) }
            try await until("the publish to wait") { first.hasWaitingPublishes }
            try await second.publish(AMQPMessage("b"), to: .queue("q"))
            #expect(
                await amqpError { _ = try first.tryEnqueue(AMQPMessage("c"), to: .queue("q")) }?.code == .wouldBlock)
            resume.fire()
            try await publish.value
        }
    }
}
