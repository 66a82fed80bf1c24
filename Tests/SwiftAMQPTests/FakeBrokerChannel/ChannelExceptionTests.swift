import SwiftAMQP
import TestSupport
import Testing

/// A channel exception ends its channel and everything that is pending on it, and nothing else.
@Suite(.timeLimit(.minutes(2))) struct ChannelExceptionTests {
    @Test func everythingPendingEndsWithTheBrokersReason() async throws {
        let ready = try FakeSignal()
        let transcript = try await withFakeConnection([
            .openChannel(1), .openChannel(2), .confirmSelect(1), .answerConsume(1, tag: "c"),
            .expectPublish(channel: 1),
            .expectMethod(.queueDeclare, channel: 1), .hold(until: ready),
            .sendChannelClose(1, 404, "NOT_FOUND - no queue 'gone'", causedBy: .queueDeclare),
            .expectMethod(.channelCloseOK, channel: 1), .answerDeclare(2), .openChannel(1), .goodbye,
        ]) { connection in
            let doomed = try await connection.openChannel()
            let other = try await connection.openChannel()
            try await doomed.confirmSelect()
            let deliveries = try await doomed.consume("q", consumerTag: "c")
            let pending = try await doomed.enqueue(AMQPMessage("x"), to: .queue("q"))
            let consuming = Task { await amqpError { for try await _ in deliveries {} } }
            let rpcs = (0..<3).map { number in
                Task { await amqpError { try await doomed.declare(AMQPQueue(name: "gone\(number)")) } }
            }
            try await until("the RPCs to be queued") { doomed.rpcCount == 3 }
            ready.fire()
            for rpc in rpcs {
                let error = await rpc.value
                #expect(error?.code == .channelException)
                #expect(error?.replyCode == 404)
                #expect(error?.text.contains("NOT_FOUND - no queue 'gone'") == true)
            }
            #expect(await pending.outcome == .unknown(reason: .channelClosed))
            let ended = await consuming.value
            #expect(ended?.code == .channelException)
            #expect(ended?.replyCode == 404)
            #expect(!doomed.isOpen)
            #expect(doomed.closeReason?.replyCode == 404)
            let publish = await amqpError { try await doomed.publish(AMQPMessage("y"), to: .queue("q")) }
            #expect(publish?.code == .channelException)
            #expect(publish?.outcome == .notSent(reason: .channelClosed))
            #expect(await amqpError { try await doomed.declare(AMQPQueue(name: "late")) }?.replyCode == 404)
            // Closing what is closed does nothing.
            await doomed.close()

            #expect(other.isOpen)
            #expect(try await other.declare(AMQPQueue(name: "q")).name == "q")
            let again = try await connection.openChannel()
            #expect(again.id == 1)
        }
        // Nothing but close-ok was said on the channel after its end.
        let afterwards = transcript.session.drop { !$0.hasPrefix("channel.close-ok ch1") }.filter {
            $0.contains(" ch1")
        }
        #expect(afterwards.map { $0.split(separator: " ")[0] }.prefix(2) == ["channel.close-ok", "channel.open"])
        #expect(transcript.count("queue.declare") == 2)
    }

    /// RabbitMQ delivers on until it has read the close-ok. What comes then is nobody's, and the connection goes on.
    @Test func deliveriesThatComeTooLate() async throws {
        try await withFakeConnection([
            .openChannel(1), .openChannel(2), .answerConsume(1, tag: "c"),
            .sendChannelClose(1, 406, "PRECONDITION_FAILED"), .deliver(1, consumerTag: "c", tag: 1),
            .deliver(1, consumerTag: "c", tag: 2), .expectMethod(.channelCloseOK, channel: 1), .answerDeclare(2),
            .goodbye,
        ]) { connection in
            let doomed = try await connection.openChannel()
            let other = try await connection.openChannel()
            let deliveries = try await doomed.consume("q", consumerTag: "c")
            #expect(await amqpError { for try await _ in deliveries {} }?.replyCode == 406)
            #expect(try await other.declare(AMQPQueue(name: "q")).name == "q")
        }
    }

    /// The publisher's scope names the broker's reason too.
    @Test func aPublisherScope() async throws {
        let sent = try FakeSignal()
        try await withFakeConnection([
            .openChannel(1), .confirmSelect(1), .expectPublish(), .expectPublish(), .ack(1, 1), .hold(until: sent),
            .sendChannelClose(1, 404, "NOT_FOUND - no exchange 'nowhere'"), .expectMethod(.channelCloseOK), .goodbye,
        ]) { connection in
            let channel = try await connection.openChannel()
            let error = await amqpError {
                try await channel.withPublisher { publisher in
                    for _ in 0..<2 { try await publisher.send(AMQPMessage("x"), to: .exchange("nowhere")) }
                    sent.fire()
                }
            }
            #expect(error?.code == .channelException)
            #expect(error?.replyCode == 404)
            #expect(error?.outcome == .unknown(reason: .channelClosed))
        }
    }

    /// Both sides close the channel at once: the broker's close is answered, the id is free after the broker's answer.
    @Test func closesCross() async throws {
        let free = try FakeSignal()
        let crossed = try FakeSignal()
        try await withFakeConnection([
            .openChannel(1), .expectMethod(.channelClose, channel: 1), .sendChannelClose(1, 406, "PRECONDITION_FAILED"),
            .expectMethod(.channelCloseOK, channel: 1), .fire(crossed), .openChannel(2),
            .sendMethod(1, .channelCloseOK),
            .hold(until: free), .openChannel(1), .goodbye,
        ]) { connection in
            let channel = try await connection.openChannel()
            let closing = Task { await channel.close() }
            try await crossed.fired()
            let second = try await connection.openChannel()
            #expect(second.id == 2)
            await closing.value
            try await until("the id to be free") { connection.openChannelCount == 1 }
            free.fire()
            #expect(try await connection.openChannel().id == 1)
        }
    }

    /// The answer to channel.open is an exception.
    @Test func theBrokerRefusesTheChannel() async throws {
        try await withFakeConnection([
            .expectMethod(.channelOpen, channel: 1), .sendChannelClose(1, 506, "RESOURCE_ERROR"),
            .expectMethod(.channelCloseOK, channel: 1), .openChannel(1), .goodbye,
        ]) { connection in
            let error = await amqpError { try await connection.openChannel() }
            #expect(error?.code == .channelException)
            #expect(error?.replyCode == 506)
            let again = try await connection.openChannel()
            #expect(again.id == 1)
        }
    }

    @Test func manyTasksCloseOneChannel() async throws {
        let transcript = try await withFakeConnection([.openChannel(1), .closeChannelAndConnection]) { connection in
            let channel = try await connection.openChannel()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { await channel.close() } }
            }
            #expect(channel.closeReason?.code == .closed)
        }
        #expect(transcript.count("channel.close") == 1)
    }

    /// The broker never answers channel.close: close returns by its timeout, and the id stays taken.
    @Test func closeOKNeverComes() async throws {
        let transcript = try await withFakeConnection([
            .openChannel(1), .expectMethod(.channelClose), .openChannel(2), .goodbye,
        ]) { connection in
            let channel = try await connection.openChannel()
            let punctuality = Punctuality(.milliseconds(150))
            await channel.close(timeout: .milliseconds(150))
            #expect(await punctuality.lateness() <= Punctuality.allowance)
            #expect(try await connection.openChannel().id == 2)
        }
        #expect(transcript.session.count { $0.hasPrefix("channel.close ch1") } == 1)
    }
}
