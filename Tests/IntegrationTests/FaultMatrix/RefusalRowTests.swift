import SwiftAMQP
import TestSupport
import Testing

/// What a supervised publisher does when the broker refuses something, or something is not there any more.
@Suite("Fault matrix: refusals", .timeLimit(.minutes(2)))
struct RefusalRowTests {
    @Test("row 23: a channel exception caused by one publish: an error for it, not for its neighbours")
    func channelException() async throws {
        try await MatrixSession.run { session in
            let publisher = try session.client.publisher()
            let first = try await session.enqueue(as: 1, count: 10)
            // On one channel: the good ones before and after the culprit share its fate.
            let good = try await publisher.enqueue(AMQPMessage("1"), to: .queue(session.second))
            let culprit = try await publisher.enqueue(
                AMQPMessage("2"), to: .exchange(uniqueName("nowhere"), routingKey: "k"))
            let next = try await publisher.enqueue(AMQPMessage("3"), to: .queue(session.second))
            #expect(try await good.receipt().attempts <= 2)
            let error = await expectError(.channelException, replyCode: 404) { try await culprit.receipt() }
            // Where its first attempt shared the channel with others, only the second shows that it was the culprit.
            #expect([.unknown(reason: .rejected), .notSent(reason: .rejected)].contains(error?.outcome))
            _ = try await next.receipt()
            session.expectConfirmed(await session.outcomes(of: first))
            #expect(session.connectionCount == 1)
            #expect(try await session.client.status(ofQueue: session.second).messageCount >= 2)
            await expectError(.channelException, replyCode: 406) {
                try await session.client.declare(.classic(session.queue, maximumLength: 7))
            }
            let report = await session.client.shutdown(deadline: .seconds(5))
            #expect(!report.isTimedOut)
        }
    }

    @Test("row 24: a queue that is deleted: messages are returned, and it is back after the next connection")
    func queueDeleted() async throws {
        try await MatrixSession.run { session in
            try await session.client.publish(AMQPMessage("1"), to: .queue(session.second))
            try await session.deleteSecond()
            let error = await expectError(.returned, replyCode: 312) {
                try await session.client.publish(AMQPMessage("2"), to: .queue(session.second))
            }
            #expect(error?.outcome?.isReturned == true)
            await session.proxy.reset()
            try await session.client.publish(AMQPMessage("3"), to: .queue(session.second))
            #expect(try await session.client.status(ofQueue: session.second).messageCount == 1)
        }
    }

    @Test("row 25: a queue that others made with other arguments: degraded, by name, until it can be declared")
    func otherArguments() async throws {
        try await MatrixSession.run { session in
            try await session.deleteSecond()
            try await withChannel { channel in try await channel.declare(.classic(session.second, maximumLength: 9)) }
            await session.proxy.reset()
            guard
                case .degraded(let failures) = await session.client.state(where: {
                    if case .degraded = $0 { true } else { false }
                })
            else {
                Issue.record("the client is \(session.client.state)")
                return
            }
            #expect(failures.map(\.entity) == [.queue(session.second)])
            #expect(failures.first?.error.replyCode == 406)
            // The rest works, and so does what is there.
            session.expectConfirmed(try await session.publish(as: 1, count: 5))
            try await session.client.publish(AMQPMessage("x"), to: .queue(session.second))
            // A new client connects all the same.
            let topology = AMQPTopology(queues: [.classic(session.second)])
            try await withClient(topology: topology) { client in
                try await client.connect()
                #expect(client.health().failures.count == 1)
            }
            try await session.deleteSecond()
            try await session.expectRestored()
        }
    }

    @Test("row 26: an exclusive queue that another connection still holds: degraded until it is free")
    func lockedQueue() async throws {
        let name = uniqueName("locked")
        let topology = AMQPTopology(queues: [AMQPQueue(name: name, exclusive: true)])
        let holder = try await AMQPConnection.connect(AMQPConfiguration(url: try await Broker.shared.url))
        _ = try await holder.openChannel().declare(AMQPQueue(name: name, exclusive: true))
        try await withClient(topology: topology, configure: { $0.topologyRetryInterval = .milliseconds(100) }) {
            client in
            try await client.connect()
            #expect(client.health().failures.first?.error.replyCode == 405)
            await holder.close()
            _ = await client.state { if case .open = $0 { true } else { false } }
            try await client.publish(AMQPMessage("x"), to: .queue(name))
        }
    }

    @Test("row 27: a queue that the broker named comes back under another name")
    func serverNamed() async throws {
        try await MatrixSession.run { session in
            let old = try await session.client.declare(.serverNamed()).name
            try await session.client.publish(AMQPMessage("1"), to: .queue(old))
            await session.proxy.reset()
            session.expectConfirmed(try await session.publish(as: 1, count: 1))
            _ = await session.client.state { if case .open = $0 { true } else { false } }
            let new = session.client.currentName(ofQueue: old)
            #expect(new != old)
            try await session.client.publish(AMQPMessage("2"), to: .queue(new))
            await expectError(.returned, replyCode: 312) {
                try await session.client.publish(AMQPMessage("3"), to: .queue(old))
            }
        }
    }

    @Test("row 28: a full queue that rejects: sent again, nacked if it stays so")
    func rejectPublish() async throws {
        let limited: (String) -> AMQPQueue = { .classic($0, maximumLength: 1, overflow: .rejectPublish) }
        try await MatrixSession.run(queue: limited) { session in
            session.expectConfirmed(try await session.publish(as: 1, count: 1))
            let error = await expectError(.nacked) {
                try await session.client.publish(
                    AMQPMessage("no"), to: .queue(session.queue), timeout: .milliseconds(500))
            }
            #expect(error?.outcome == .nacked)
            let pending = try await session.enqueue(as: 2, count: 1)
            while session.client.health().unconfirmedMessages == 0 { await Task.yield() }
            try await withChannel { channel in
                for delivery in try await channel.drain(session.queue, count: 1) {
                    session.log.delivered(delivery.body, redelivered: delivery.isRedelivered)
                }
            }
            session.expectConfirmed(await session.outcomes(of: pending))
            let last = try await session.enqueue(as: 3, count: 3)
            await session.expectShutdown(within: .milliseconds(500), of: last)
        }
    }

    @Test("row 29: a mandatory message for no queue is returned, also when connections are lost")
    func unroutable() async throws {
        try await MatrixSession.run { session in
            for isLost in [false, true] {
                if isLost {
                    // An attempt that was lost would make it unknown: it may have been routed then.
                    await session.proxy.reset()
                    _ = await session.client.state { $0.isUsable && session.connectionCount == 2 }
                }
                let error = await expectError(.returned, replyCode: 312) {
                    try await session.client.publish(AMQPMessage("x"), to: .queue(uniqueName("nowhere")))
                }
                #expect(error?.outcome?.isReturned == true)
            }
        }
    }

    @Test(
        "row 32: a user who is deleted: the client gives up after its tolerance, publishes end, a new one fails fast",
        .enabled(if: !Broker.isExternal, Comment(rawValue: Broker.controlUnavailableReason)))
    func deletedUser() async throws {
        let broker = try await Broker.shared
        let user = uniqueName("user")
        try await broker.addUser(user, password: "secret")
        try await broker.setPermissions(user)
        var endpoint = try AMQPConfiguration(url: broker.url(user: user, password: "secret"))
        try await ChaosProxy.withProxy(target: broker.port) { proxy in
            endpoint.host = "127.0.0.1"
            endpoint.port = proxy.port
            var configuration = AMQPClientConfiguration(endpoint)
            configuration.refusalTolerance = .milliseconds(500)
            let queue = uniqueName("deleted")
            let topology = AMQPTopology(queues: [.classic(queue, expires: .seconds(60))])
            let client = try AMQPClient(configuration: configuration, topology: topology)
            try await client.publish(AMQPMessage("1"), to: .queue(queue))
            try await broker.deleteUser(user)
            await proxy.reset()
            let error = await expectError(.authenticationFailed, replyCode: 403) {
                try await client.publish(AMQPMessage("2"), to: .queue(queue))
            }
            #expect(error?.outcome?.isConfirmed == false)
            _ = await client.state { if case .closed = $0 { true } else { false } }
            let late = await expectError(.authenticationFailed, replyCode: 403) {
                try await client.publish(AMQPMessage("3"), to: .queue(queue))
            }
            #expect(late?.outcome == .notSent(reason: .connectionClosed))
            let time = await elapsed { await client.shutdown(deadline: .seconds(10)) }
            #expect(time <= .milliseconds(250) * Deadline.scale)
            let new = try AMQPClient(configuration: configuration)
            let other = await expectError(.authenticationFailed, replyCode: 403) { try await new.connect() }
            #expect(other?.text.contains("secret") == false)
            let fresh = try AMQPClient(configuration: configuration)
            let first = await expectError(.authenticationFailed, replyCode: 403) {
                try await fresh.publish(AMQPMessage("4"), to: .queue(queue))
            }
            #expect(first?.outcome?.isNotSent == true)
        }
    }

    @Test("row 35: a peer that is no AMQP broker: the first connect fails fast, and says why")
    func otherProtocol() async throws {
        try await MatrixSession.run(connects: false) { session in
            try await withClient { client in try await client.declare(.classic(session.queue)) }
            try await withClient { client in try await client.declare(.classic(session.second)) }
            try await session.proxy.add("s2c:connection.start:1+:corrupt=0")
            let error = await expectError(.protocolMismatch) { try await session.client.connect() }
            #expect(error?.underlying == nil)
        }
    }

    @Test("row 39: cancelled tasks return at once, with an outcome, and take nothing along")
    func cancelled() async throws {
        try await MatrixSession.run { session in
            await session.proxy.shape(.serverToClient) { $0.hole = .stall }
            let publishing = Task {
                try await session.client.publish(AMQPMessage("x"), to: .queue(session.second))
            }
            let declaring = Task { try await session.client.declare(.classic(session.second)) }
            while session.client.health().unconfirmedMessages == 0 { await Task.yield() }
            publishing.cancel()
            declaring.cancel()
            let time = await elapsed {
                let error = await expectError(.cancelled) { try await publishing.value }
                #expect(error?.outcome?.isConfirmed == false)
                await expectError(.cancelled) { _ = try await declaring.value }
            }
            #expect(time <= .milliseconds(50) * Deadline.scale)
            await session.proxy.shape(.serverToClient) { $0.hole = nil }
            session.expectConfirmed(try await session.publish(as: 1, count: 5))
        }
        try await ChaosProxy.withProxy(target: try await Broker.shared.port) { proxy in
            await proxy.setAcceptance(.silence)
            let client = try AMQPClient(
                configuration: AMQPClientConfiguration(AMQPConfiguration(host: "127.0.0.1", port: proxy.port)))
            let connecting = Task { try await client.connect() }
            try await proxy.accepted(1)
            connecting.cancel()
            let time = await elapsed { await expectError(.cancelled) { try await connecting.value } }
            #expect(time <= .milliseconds(50) * Deadline.scale)
            let end = await elapsed { await client.shutdown(deadline: .zero) }
            #expect(end <= .milliseconds(250) * Deadline.scale)
            try await proxy.wait(for: "the end of the attempts") { $0.live.isEmpty }
        }
    }

    @Test("row 40: a name that does not resolve: the next endpoint is tried")
    func unresolvable() async throws {
        try await MatrixSession.run(
            connects: false,
            configure: { configuration in
                var other = configuration.endpoints[0]
                other.host = "no-such-host.invalid"
                configuration.endpoints.insert(other, at: 0)
            }
        ) { session in
            try await session.client.connect()
            session.expectConfirmed(try await session.publish(as: 1, count: 5))
            await session.proxy.reset()
            session.expectConfirmed(try await session.publish(as: 2, count: 5))
        }
    }
}

extension AMQPPublishOutcome {
    fileprivate var isConfirmed: Bool { if case .confirmed = self { true } else { false } }
}
