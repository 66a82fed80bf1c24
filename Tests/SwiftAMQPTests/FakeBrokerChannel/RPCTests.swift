import SwiftAMQP
import TestSupport
import Testing

/// Synchronous methods: one at a time on a channel, in order, each with its deadline.
@Suite(.timeLimit(.minutes(2))) struct RPCTests {
    /// Asked for by many tasks, they go out one by one: the next after the answer to the one before.
    @Test func oneAtATimeInOrder() async throws {
        let go = try FakeSignal()
        var script: [FakeStep] = [.expectMethod(.queueDeclare), .hold(until: go)]
        script.append(
            .run { (connection) throws(HarnessError) in
                // The first was held back; nothing followed it meanwhile.
                try connection.send(Self.declareOK("q0"))
                for number in 1..<10 {
                    let method = try connection.expectMethod(.queueDeclare)
                    guard method["queue"]?.text == "q\(number)" else {
                        throw HarnessError(.script, "out of order: \(method) as number \(number)")
                    }
                    try connection.send(Self.declareOK("q\(number)"))
                }
            })
        try await withFakeChannel(script + [.closeChannelAndConnection]) { channel, _ in
            var tasks: [Task<String, any Error>] = []
            for number in 0..<10 {
                tasks.append(Task { try await channel.declare(AMQPQueue(name: "q\(number)")).name })
                try await until("RPC \(number) to be queued") { channel.rpcCount == number + 1 }
            }
            go.fire()
            for (number, task) in tasks.enumerated() { #expect(try await task.value == "q\(number)") }
            await channel.close()
        }
    }

    private static func declareOK(_ name: String) -> WireFrame {
        .method(1, .queueDeclareOK) {
            $0.shortString(name)
            $0.u32(0)
            $0.u32(0)
        }
    }

    /// The channel is given up: channel.close goes out and nothing else, a late answer is dropped, and the id is used
    /// again only after close-ok.
    @Test func aTimeoutRetiresTheChannel() async throws {
        let late = try FakeSignal()
        let transcript = try await withFakeConnection(
            [
                .openChannel(1), .answerConsume(1, tag: "c"), .deliver(1, consumerTag: "c", tag: 1),
                .expectMethod(.queueDeclare, channel: 1), .expectMethod(.channelClose, channel: 1),
                // Not 1: close-ok has not come.
                .openChannel(2), .send(Self.declareOK("too-late")), .deliver(1, consumerTag: "c", tag: 2),
                .sendMethod(1, .channelCloseOK), .hold(until: late), .openChannel(1), .goodbye,
            ], configure: { $0.rpcTimeout = .milliseconds(300) * Deadline.scale }
        ) { connection in
            let channel = try await connection.openChannel()
            let deliveries = try await channel.consume("q", consumerTag: "c")
            var iterator = deliveries.makeAsyncIterator()
            let delivery = try #require(try await iterator.next())
            let first = Task { await amqpError { try await channel.declare(AMQPQueue(name: "first")) } }
            try await until("the RPC to be queued") { channel.rpcCount == 1 }
            let second = Task { await amqpError { try await channel.purge(queue: "second") } }
            let error = await first.value
            #expect(error?.code == .timeout)
            #expect(error?.isRetriable == true)
            #expect(await second.value?.code == .timeout)
            #expect(!channel.isOpen)
            #expect(await amqpError { try await iterator.next() }?.code == .timeout)
            #expect(await amqpError { try delivery.ack() }?.code == .stale)
            #expect(await amqpError { try await channel.declare(AMQPQueue(name: "third")) } != nil)
            await channel.cancel(deliveries)
            let other = try await connection.openChannel()
            #expect(other.id == 2)
            try await until("close-ok") { connection.openChannelCount == 1 }
            late.fire()
            #expect(try await connection.openChannel().id == 1)
            #expect(other.isOpen)
        }
        let onFirst = transcript.session.filter { $0.contains(" ch1") }.map { $0.split(separator: " ")[0] }
        let expected = ["channel.open", "basic.qos", "basic.consume", "queue.declare", "channel.close", "channel.open"]
        #expect(onFirst.prefix(6).map(String.init) == expected)
    }

    @Test func anAnswerOfTheWrongKind() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .expectMethod(.queueDeclare), .sendMethod(1, .queueBindOK), .expectClose,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let error = await amqpError { try await channel.declare(AMQPQueue(name: "q")) }
        #expect(error?.code == .protocolViolation)
        #expect(error?.replyCode == 503)
        try await broker.finished()
    }

    /// Of two RPCs the first is cancelled: the second gets its own answer.
    @Test func theFirstOfTwoIsCancelled() async throws {
        let go = try FakeSignal()
        try await withFakeChannel([
            .expectMethod(.queueDeclare), .hold(until: go), .send(Self.declareOK("first")),
            .answer(1, .queuePurge, .queuePurgeOK) { $0.u32(42) }, .closeChannelAndConnection,
        ]) { channel, _ in
            let first = Task { await amqpError { try await channel.declare(AMQPQueue(name: "first")) } }
            try await until("the first to be sent") { channel.rpcCount == 1 }
            let second = Task { try await channel.purge(queue: "second") }
            try await until("the second to be queued") { channel.rpcCount == 2 }
            first.cancel()
            #expect(await first.value?.code == .cancelled)
            go.fire()
            #expect(try await second.value == 42)
            await channel.close()
        }
    }

    /// An RPC that was not sent yet is taken back.
    @Test func theSecondOfTwoIsCancelled() async throws {
        let go = try FakeSignal()
        let transcript = try await withFakeChannel([
            .expectMethod(.queueDeclare), .hold(until: go), .send(Self.declareOK("first")), .closeChannelAndConnection,
        ]) { channel, _ in
            let first = Task { try await channel.declare(AMQPQueue(name: "first")).name }
            try await until("the first to be sent") { channel.rpcCount == 1 }
            let second = Task { await amqpError { try await channel.purge(queue: "second") } }
            try await until("the second to be queued") { channel.rpcCount == 2 }
            second.cancel()
            #expect(await second.value?.code == .cancelled)
            go.fire()
            #expect(try await first.value == "first")
            await channel.close()
        }
        #expect(transcript.count("queue.purge") == 0)
    }

    /// Every method with its answer, once.
    @Test func everyMethodHasItsAnswer() async throws {
        try await withFakeChannel([
            .answer(1, .exchangeDeclare, .exchangeDeclareOK), .answer(1, .exchangeBind, .exchangeBindOK),
            .answer(1, .exchangeUnbind, .exchangeUnbindOK), .answer(1, .exchangeDelete, .exchangeDeleteOK),
            .answerDeclare(1, "amq.gen-1", messages: 3), .answer(1, .queueBind, .queueBindOK),
            .answer(1, .queueUnbind, .queueUnbindOK), .answer(1, .queuePurge, .queuePurgeOK) { $0.u32(4) },
            .answer(1, .queueDelete, .queueDeleteOK) { $0.u32(5) }, .answer(1, .basicQos, .basicQosOK),
            .answer(1, .basicRecover, .basicRecoverOK), .answer(1, .channelFlow, .channelFlowOK) { $0.bits(true) },
            .answer(1, .txSelect, .txSelectOK), .answer(1, .txCommit, .txCommitOK),
            .answer(1, .txRollback, .txRollbackOK), .closeChannelAndConnection,
        ]) { channel, _ in
            try await channel.declare(.topic("events"))
            try await channel.bind(exchange: "a", to: "b", routingKey: "#")
            try await channel.unbind(exchange: "a", from: "b", routingKey: "#")
            try await channel.delete(exchange: "events")
            let status = try await channel.declare(.serverNamed())
            #expect(status.name == "amq.gen-1")
            #expect(status.messageCount == 3)
            try await channel.bind(queue: "q", to: "x")
            try await channel.unbind(queue: "q", from: "x")
            #expect(try await channel.purge(queue: "q") == 4)
            #expect(try await channel.delete(queue: "q") == 5)
            try await channel.qos(prefetch: 10, isGlobal: true)
            try await channel.recover()
            #expect(try await channel.flow(active: true))
            try await channel.txSelect()
            try await channel.txCommit()
            try await channel.txRollback()
            #expect(await amqpError { try await channel.confirmSelect() }?.code == .invalidArgument)
            await channel.close()
        }
    }
}
