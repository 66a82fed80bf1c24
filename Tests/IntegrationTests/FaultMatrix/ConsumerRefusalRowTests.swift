import SwiftAMQP
import TestSupport
import Testing

/// What a supervised consumer does when the broker refuses something, or something is not there any more.
@Suite("Fault matrix: refusals of a consumer", .timeLimit(.minutes(2)))
struct ConsumerRefusalRowTests {
    @Test("row 23: a channel exception: the consumer goes on with a new channel, others are not touched")
    func channelException() async throws {
        try await MatrixSession.runConsuming { session in
            let gate = Gate()
            defer { gate.open() }
            let other = try session.client.consume(session.second) { delivery in
                #expect(!delivery.isRedelivered)
                await gate.pass()
                return .ack
            }
            try await session.client.publish(AMQPMessage("x"), to: .queue(session.second))
            try await eventually("the other one is busy") { gate.arrivals == 1 }
            try await session.withBusyConsumer { consumer in
                // One ack arrives twice, which the broker answers with 406.
                let rule = try await session.proxy.add("c2s:basic.ack:1:dup")
                let pending = try await session.enqueue(as: 3, count: 20)
                try await rule.fired()
                try await consumer.expectStale(MatrixSession.heldCount)
                session.expectConfirmed(await session.outcomes(of: pending))
                // A publish that costs its channel costs the consumers nothing.
                await expectError(.channelException, replyCode: 404) {
                    try await session.client.publish(AMQPMessage("y"), to: .exchange(uniqueName("nowhere")))
                }
                try await consumer.expectHandled(MatrixSession.heldCount + MatrixSession.handledCount + 20)
                let health = session.client.health().consumers.first { $0.tag == other.tag }
                #expect(health?.subscriptionCount == 1)
                gate.open()
                try await eventually("the other one's ack counts") { other.counts.acked == 1 }
                #expect(session.client.health().consumers.last?.lastError?.replyCode == 406)
                try await session.expectEnd(of: consumer, .newChannel)
                #expect(await other.cancel().stale == 0)
            }
        }
    }

    @Test("row 24: a queue that is deleted: the consumer comes back with it, or ends, as it was told")
    func queueDeleted() async throws {
        try await MatrixSession.runConsuming { session in
            var configuration = AMQPConsumerConfiguration(queue: session.second)
            configuration.whenCancelledByBroker = .end
            let ending = try session.client.consume(configuration) { _ in .ack }
            try await session.withBusyConsumer { consumer in
                try await session.deleteSecond()
                await expectError(.cancelledByBroker) { try await ending.run() }
                _ = try await withChannel { channel in try await channel.delete(queue: session.queue) }
                try await eventually("it is subscribed again") {
                    let own = session.client.health().consumers.first { $0.tag == consumer.consumer.tag }
                    return own?.isSubscribed == true && own?.subscriptionCount == 2
                }
                let pending = try await session.publish(as: 3, count: 20)
                session.expectConfirmed(pending)
                // Of the queue that is gone nothing can come again. Its channel lives, so acks are no error.
                try await consumer.expectAcks(MatrixSession.heldCount)
                try await consumer.expectHandled(MatrixSession.heldCount + MatrixSession.handledCount + 20)
                #expect(consumer.all.allSatisfy { $0.number == 1 })
                #expect(session.client.health().consumers.map(\.tag) == [consumer.consumer.tag])
                try await session.expectEnd(of: consumer, .newChannel)
            }
        }
    }

    @Test("row 25: a queue that others made with other arguments meanwhile: degraded, by name, then mended")
    func otherArguments() async throws {
        try await MatrixSession.runConsuming { session in
            try await session.withBusyConsumer { consumer in
                try await session.proxy.refuse()
                await session.proxy.reset()
                try await withChannel { channel in
                    try await channel.delete(queue: session.queue)
                    try await channel.declare(.classic(session.queue, maximumLength: 99))
                }
                try await session.proxy.listen()
                let failures = await session.client.failures()
                #expect(failures.map(\.entity) == [.queue(session.queue)])
                #expect(failures.first?.error.replyCode == 406)
                // What is there is consumed all the same.
                try await eventually("it is subscribed") {
                    session.client.health().consumers.first?.isSubscribed == true
                }
                session.expectConfirmed(try await session.publish(as: 3, count: 10))
                try await consumer.expectHandled(MatrixSession.handledCount + 10)
                // Held since before the outage, in a queue that is gone: they can hit nothing, and come no more.
                consumer.release()
                try await eventually("the old handlers are back") {
                    consumer.heldFirst.allSatisfy { $0.end == .stale }
                }
                #expect(consumer.consumer.counts.stale == UInt64(MatrixSession.heldCount))

                _ = try await withChannel { channel in try await channel.delete(queue: session.queue) }
                await session.client.expectOpen()
                session.expectConfirmed(try await session.publish(as: 4, count: 10))
                try await consumer.expectHandled(MatrixSession.handledCount + 20)
                try await session.expectEnd(of: consumer, .newConnection)
            }
        }
    }

    @Test("row 26: an exclusive queue that the lost connection still holds: refused with 405, back within 2 T + 5 s")
    func lockedQueue() async throws {
        let heartbeat = Duration.seconds(1)
        try await MatrixSession.run(heartbeat: heartbeat) { session in
            let name = uniqueName("locked")
            try await session.client.declare(AMQPQueue(name: name, exclusive: true))
            let seen = Locked<[String]>([])
            let consumer = try session.client.consume(name) { delivery in
                seen.withLock { $0.append(delivery.text) }
                return .ack
            }
            try await session.client.publish(AMQPMessage("1"), to: .queue(name))
            try await eventually("it is handled") { seen.withLock { $0 } == ["1"] }
            let events = session.client.events()
            // The broker hears nothing of the end, and keeps the queue for the connection that is gone.
            for connection in session.proxy.status.live {
                await session.proxy.shape(connection: connection) { $0.hole = .swallow }
            }
            var refusal: AMQPError?
            for await event in events {
                if case .consumerLost(_, _, let error) = event {
                    refusal = error
                    break
                }
            }
            #expect(refusal?.replyCode == 405, "\(String(describing: refusal))")
            let time = await elapsed { await session.client.expectOpen() }
            #expect(time <= (heartbeat * 2 + .seconds(5)) * Deadline.scale)
            try await session.client.publish(AMQPMessage("2"), to: .queue(name))
            try await eventually("it is handled") { seen.withLock { $0 } == ["1", "2"] }
            #expect(session.client.health().consumers.first?.isSubscribed == true)
            #expect(try await session.client.status(ofQueue: name).consumerCount == 1)
            #expect(await consumer.cancel().acked == 2)
            #expect(session.proxy.journal.audit.wrongTags.isEmpty)
        }
    }

    @Test("row 27: a queue that the broker named: the consumer follows it to its new name")
    func serverNamed() async throws {
        try await MatrixSession.run { session in
            let old = try await session.client.declare(.serverNamed()).name
            let gate = Gate()
            defer { gate.open() }
            let seen = Locked<[String]>([])
            let consumer = try session.client.consume(old, maximumConcurrency: 2) { delivery in
                seen.withLock { $0.append(delivery.text) }
                if delivery.text == "held" { await gate.pass() }
                return .ack
            }
            try await session.client.publish(AMQPMessage("held"), to: .queue(old))
            try await eventually("it is held") { gate.arrivals == 1 }
            await session.proxy.reset()
            try await eventually("it is subscribed again") {
                session.client.health().consumers.first.map { $0.isSubscribed && $0.subscriptionCount == 2 } == true
            }
            await session.client.expectOpen()
            let new = session.client.currentName(ofQueue: old)
            #expect(new != old)
            try await session.client.publish(AMQPMessage("new"), to: .queue(new))
            try await eventually("it is handled") { seen.withLock { $0 } == ["held", "new"] }
            gate.open()
            try await eventually("the late ack is stale") { consumer.counts.stale == 1 }
            #expect(try await session.client.status(ofQueue: new).consumerCount == 1)
            #expect(await consumer.cancel().acked == 1)
            #expect(session.proxy.journal.audit.wrongTags.isEmpty)
        }
    }

    @Test("row 28: a full queue that rejects: deliveries are not touched")
    func rejectPublish() async throws {
        let limited: (String) -> AMQPQueue = { .classic($0, maximumLength: 6, overflow: .rejectPublish) }
        try await MatrixSession.runConsuming(queue: limited) { session in
            let consumer = try await session.consume { configuration in
                configuration.prefetch = .count(UInt16(MatrixSession.heldCount))
            }
            defer { consumer.release() }
            session.expectConfirmed(try await session.publish(as: MatrixConsumer.held, count: MatrixSession.heldCount))
            try await consumer.expectHeld(MatrixSession.heldCount)
            // The prefetch is used up, so that the queue fills and refuses.
            let pending = try await session.enqueue(as: 2, count: 20)
            try await eventually("the queue is full") {
                try await withChannel { try await $0.ready(session.queue) } == 6
            }
            #expect(session.client.health().unconfirmedMessages > 0)
            try await consumer.expectAcks(MatrixSession.heldCount)
            session.expectConfirmed(await session.outcomes(of: pending))
            try await consumer.expectHandled(MatrixSession.heldCount + 20)
            try await session.expectEnd(of: consumer, .none)
        }
    }

    @Test("row 29: messages for no queue: deliveries are not touched")
    func unroutable() async throws {
        try await MatrixSession.runConsuming { session in
            try await session.expectConsumer(.none) {
                for _ in 0..<5 {
                    await expectError(.returned, replyCode: 312) {
                        try await session.client.publish(AMQPMessage("x"), to: .queue(uniqueName("nowhere")))
                    }
                }
            }
        }
    }

    @Test("row 30: a message over the limit for bodies: the consumer ends and says so, others go on")
    func tooLarge() async throws {
        try await MatrixSession.runConsuming(
            configure: { configuration in
                for index in configuration.endpoints.indices {
                    configuration.endpoints[index].maximumInboundBodySize = 10_000
                }
            }
        ) { session in
            let victim = try session.client.consume(session.second) { _ in .ack }
            try await session.expectConsumer(.newConnection) {
                try await session.client.publish(
                    AMQPMessage(body: [UInt8](repeating: 1, count: 10_001)), to: .queue(session.second))
                await expectError(.messageTooLarge) { try await victim.run() }
            }
            // It is still there, for somebody who can take it.
            try await withChannel { channel in
                try await eventually("it is back") { try await channel.ready(session.second) == 1 }
                #expect(try await channel.status(ofQueue: session.second).consumerCount == 0)
            }
        }
    }

    @Test(
        "row 32: a permission that is taken away: comes back as long as it may, ends after three refusals",
        .enabled(if: !Broker.isExternal, Comment(rawValue: Broker.controlUnavailableReason)))
    func revoked() async throws {
        let broker = try await Broker.shared
        let user = uniqueName("reader")
        try await broker.addUser(user, password: "secret")
        try await broker.setPermissions(user)
        let credentials = try AMQPConfiguration(url: broker.url(user: user, password: "secret")).credentials
        try await MatrixSession.runConsuming(
            configure: { configuration in
                for index in configuration.endpoints.indices {
                    configuration.endpoints[index].credentials = credentials
                }
            }
        ) { session in
            try await session.withBusyConsumer { consumer in
                await session.proxy.reset()
                try await consumer.expectStale(MatrixSession.heldCount)
                try await consumer.expectHandled(MatrixSession.heldCount + MatrixSession.handledCount)
                try await session.expectOneConsumer(of: session.queue)

                let events = session.client.events()
                try await broker.setPermissions(user, read: "^$")
                await session.proxy.reset()
                let error = await expectError(.channelException, replyCode: 403) { try await consumer.consumer.run() }
                #expect(error?.text.contains("secret") == false)
                var refusals = 0
                for await event in events {
                    if case .consumerLost(_, _, let error) = event, error.replyCode == 403 { refusals += 1 }
                    if case .consumerEnded = event { break }
                }
                #expect(refusals == 3)
                #expect(session.client.health().consumers.isEmpty)
                // Publishing is allowed, and goes on; nobody takes what comes.
                session.expectConfirmed(try await session.publish(as: 3, count: 5))
                try await withChannel { channel in
                    let status = try await channel.status(ofQueue: session.queue)
                    #expect((status.messageCount, status.consumerCount) == (5, 0))
                }
                session.expectCleanFrames()
            }
        }
        try await broker.deleteUser(user)
    }
}
