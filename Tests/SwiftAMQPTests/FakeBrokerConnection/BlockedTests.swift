import SwiftAMQP
import TestSupport
import Testing

/// `connection.blocked`: publishes wait unencoded, everything else goes on.
@Suite(.timeLimit(.minutes(2))) struct BlockedTests {
    /// Waits until the client has taken notice.
    private func next(_ events: inout AMQPEvents<AMQPConnectionEvent>.Iterator) async -> String {
        switch await events.next() {
        case .blocked(let reason): "blocked: \(reason)"
        case .unblocked: "unblocked"
        case .closed(let error): "closed: \(error.map { "\($0.code)" } ?? "by us")"
        case nil: "end"
        }
    }

    @Test func publishesWaitUnencodedAndGoOn() async throws {
        let unblock = try FakeSignal()
        let transcript = try await withFakeChannel([
            .confirmSelect(1), .blocked("memory"),
            // An RPC passes, so the broker would have seen a publish before it.
            .answerDeclare(1), .hold(until: unblock), .unblocked, .expectPublish(channel: 1), .ack(1, 1),
            .closeChannelAndConnection,
        ]) { channel, connection in
            var events = connection.events.makeAsyncIterator()
            try await channel.confirmSelect()
            #expect(await next(&events) == "blocked: memory")
            guard case .blocked(reason: "memory") = connection.state else {
                Issue.record("\(connection.state)")
                return
            }
            let publish = Task { try await channel.publish(AMQPMessage("x"), to: .queue("q")) }
            try await until("the publish to wait") { channel.hasWaitingPublishes }
            let refused = await amqpError { _ = try channel.tryEnqueue(AMQPMessage("y"), to: .queue("q")) }
            #expect(refused?.code == .wouldBlock)
            if case .notSent = refused?.outcome {} else { Issue.record("\(refused as Any)") }
            try await channel.declare(AMQPQueue(name: "q"))
            unblock.fire()
            try await publish.value
            #expect(await next(&events) == "unblocked")
            await channel.close()
        }
        #expect(
            transcript.session.firstIndex { $0.hasPrefix("queue.declare") } ?? 99
                < transcript.session.firstIndex { $0.hasPrefix("basic.publish") } ?? 0)
        #expect(transcript.count("basic.publish") == 1)
    }

    @Test func publishesTimeOutAsNotSent() async throws {
        let transcript = try await withFakeChannel([
            .confirmSelect(1), .blocked("disk"), .closeChannelAndConnection,
        ]) { channel, connection in
            var events = connection.events.makeAsyncIterator()
            try await channel.confirmSelect()
            _ = await next(&events)
            let timeout = Duration.milliseconds(150)
            let punctuality = Punctuality(timeout)
            async let one = amqpError {
                try await channel.publish(AMQPMessage("a"), to: .queue("q"), timeout: timeout)
            }
            async let two = amqpError {
                try await channel.enqueue(AMQPMessage("b"), to: .queue("q"), timeout: timeout)
            }
            async let three = amqpError {
                try await channel.publishUnconfirmed(AMQPMessage("c"), to: .queue("q"), timeout: timeout)
            }
            async let four = amqpError {
                try await channel.withPublisher { publisher in
                    try await publisher.send(AMQPMessage("d"), to: .queue("q"), timeout: timeout)
                }
            }
            for error in await [one, two, three, four] {
                #expect(error?.code == .timeout)
                #expect(error?.outcome == .notSent(reason: .timeout))
            }
            #expect(await punctuality.lateness() <= Punctuality.allowance)
            await channel.close()
        }
        #expect(transcript.count("basic.publish") == 0)
    }

    @Test func settlesAndRPCsPass() async throws {
        let transcript = try await withFakeChannel([
            .answerConsume(1, tag: "c"), .deliver(1, consumerTag: "c", tag: 1), .blocked("memory"),
            .expectMethod(.basicAck, channel: 1), .answerDeclare(1), .answerCancel(1, tag: "c"),
            .closeChannelAndConnection,
        ]) { channel, connection in
            var events = connection.events.makeAsyncIterator()
            try await channel.withConsumer("q", consumerTag: "c") { deliveries in
                for try await delivery in deliveries {
                    #expect(await next(&events) == "blocked: memory")
                    try delivery.ack()
                    try await channel.declare(AMQPQueue(name: "q"))
                    break
                }
            }
            await channel.close()
        }
        #expect(transcript.count("basic.ack") == 1)
    }

    /// A blocked broker reads nothing: close ends hard, by its timeout.
    @Test func closeEndsByItsTimeout() async throws {
        let done = try FakeSignal()
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .confirmSelect(1), .blocked("memory"), .silence(until: done),
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        try await channel.confirmSelect()
        var events = connection.events.makeAsyncIterator()
        _ = await next(&events)
        let publish = Task { await amqpError { try await channel.publish(AMQPMessage("x"), to: .queue("q")) } }
        try await until("the publish to wait") { channel.hasWaitingPublishes }
        let punctuality = Punctuality(.milliseconds(200))
        await connection.close(timeout: .milliseconds(200))
        #expect(await punctuality.lateness() <= Punctuality.allowance)
        let error = await publish.value
        #expect(error?.outcome == .notSent(reason: .connectionClosed))
        done.fire()
        #expect(try await broker.finished().count("basic.publish") == 0)
    }
}
