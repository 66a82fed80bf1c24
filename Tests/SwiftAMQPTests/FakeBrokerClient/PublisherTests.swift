import SwiftAMQP
import TestSupport
import Testing

/// The publishers of a client: their channels, and what they do when they are full.
@Suite(.timeLimit(.minutes(2))) struct PublisherTests {
    private static let queue = AMQPAddress.queue("q")

    @Test func onesThatAreLetGoGiveTheirChannelBack() async throws {
        let closed = try FakeSignal()
        try await withFakeClient([
            [.publishingChannel, .expectPublish(), .ack(1, 1), .channelCloseOK(1), .fire(closed), .goodbye]
        ]) { client in
            try await client.publisher().publish(AMQPMessage("a"), to: Self.queue)
            try await closed.fired()
        }
    }

    /// Closed while it has no channel: none is opened for it any more.
    @Test func closedWhileRecovering() async throws {
        let broker = try FakeBroker.start([.publishingChannel, .expectPublish(), .ack(1, 1), .reset])
        let client = try AMQPClient(configuration: .fake(broker))
        let publisher = try client.publisher()
        try await publisher.publish(AMQPMessage("a"), to: Self.queue)
        try await client.reaches { $0.isRecovering }
        await publisher.close()
        let error = await amqpError { try await publisher.publish(AMQPMessage("b"), to: Self.queue) }
        #expect(error?.code == .closed)
        await client.shutdown(deadline: .zero)
        try await broker.finished()
    }

    /// The broker never answers confirm.select: another channel, after the deadline of an RPC, and somebody is told.
    @Test func aConfirmSelectWithoutAnAnswer() async throws {
        let recorder = EventRecorder()
        try await withFakeClient(
            [
                [
                    .handshake(), .openChannel(1), .expectMethod(.confirmSelect), .expectMethod(.channelClose),
                    .openChannel(2), .confirmSelect(2), .expectPublish(), .ack(2, 1), .goodbye,
                ]
            ], observer: recorder, configure: { $0.endpoints[0].rpcTimeout = .milliseconds(100) }
        ) { client in
            try await client.publish(AMQPMessage("x"), to: Self.queue)
            #expect(recorder.names.contains("publisherChannelLost"))
        }
    }

    /// A broker that ends the channel for whatever is published is not given a new one in a tight loop.
    @Test func aChannelThatEndsAgainAndAgain() async throws {
        let refuseAll = FakeStep("refuse all") { (connection) throws(HarnessError) in
            while let frame = try connection.nextFrame() {
                if frame.type == WireFrame.body {
                    try FakeStep.sendChannelClose(frame.channel, 541, "INTERNAL_ERROR").run(connection)
                }
                guard frame.type == WireFrame.method else { continue }
                switch try WireMethod(payload: frame.payload).id {
                case .channelOpen: try connection.send(.method(frame.channel, .channelOpenOK) { $0.longString("") })
                case .confirmSelect: try connection.send(.method(frame.channel, .confirmSelectOK))
                case .connectionClose:
                    try connection.send(.method(0, .connectionCloseOK))
                    return try connection.expectClose()
                default: break
                }
            }
        }
        let transcript = try await withFakeClient([[.handshake(), refuseAll]]) { client in
            let error = await amqpError {
                try await client.publish(AMQPMessage("x"), to: Self.queue, timeout: .milliseconds(500))
            }
            #expect(error?.outcome == .unknown(reason: .timeout))
        }
        #expect((2..<30).contains(transcript.count("channel.open")))
    }

    // MARK: Full

    @Test func fullAndFailing() async throws {
        let refused = try FakeSignal()
        try await withFakeClient(
            [[.publishingChannel, .expectPublish(), .hold(until: refused), .ack(1, 1), .goodbye]],
            configure: {
                $0.publishing.whenFull = .fail
                $0.publishing.maximumMessages = 1
            }
        ) { client in
            async let first = client.publish(AMQPMessage("a"), to: Self.queue)
            try await until("the first") { client.health().unconfirmedMessages == 1 }
            let error = await amqpError { try await client.publish(AMQPMessage("b"), to: Self.queue) }
            #expect(error?.outcome == .notSent(reason: .dropped))
            #expect(error?.code == .wouldBlock)
            refused.fire()
            _ = try await first
        }
    }

    /// While nobody listens the youngest stay.
    @Test func fullAndDroppingTheOldest() async throws {
        let broker = try FakeBroker.start([.expectProtocolHeader, .expectClose])
        var configuration = try AMQPClientConfiguration.fake(broker)
        configuration.publishing.whenFull = .dropOldest
        let client = try AMQPClient(configuration: configuration)
        let publisher = try client.publisher(window: 2)
        var pending: [AMQPClientPendingPublish] = []
        for number in 0..<5 {
            pending.append(try publisher.tryEnqueue(AMQPMessage("\(number)"), to: Self.queue))
        }
        for (number, one) in pending.enumerated() {
            let outcome = one.outcomeIfKnown
            if number < 3 {
                let error = await amqpError { try await one.receipt() }
                #expect(error?.outcome == .notSent(reason: .dropped))
            } else {
                #expect(outcome == nil)
            }
        }
        #expect(publisher.unconfirmedCount == 2)
        await client.shutdown(deadline: .zero)
        await broker.stop()
    }

    /// A large one that has no room beside what is on its way throws nothing away.
    @Test func droppingNothingInVain() async throws {
        let arrived = try FakeSignal()
        let over = try FakeSignal()
        let broker = try FakeBroker.start([
            .publishingChannel, .expectPublish(), .blocked("memory"), .fire(arrived), .silence(until: over),
        ])
        var configuration = try AMQPClientConfiguration.fake(broker)
        configuration.publishing.whenFull = .dropOldest
        configuration.publishing.maximumBytes = 8192
        let client = try AMQPClient(configuration: configuration)
        let publisher = try client.publisher()
        var pending = [try await publisher.enqueue(AMQPMessage("flying"), to: Self.queue)]
        try await arrived.fired()
        try await client.reaches { $0.isBlocked }
        for _ in 0..<4 { pending.append(try publisher.tryEnqueue(AMQPMessage("small"), to: Self.queue)) }
        let error = await amqpError {
            try await publisher.publish(AMQPMessage(body: [UInt8](repeating: 0, count: 16_384)), to: Self.queue)
        }
        #expect(error?.outcome == .notSent(reason: .dropped))
        #expect(publisher.unconfirmedCount == 5)
        #expect(pending.allSatisfy { $0.outcomeIfKnown == nil })
        await client.shutdown(deadline: .zero)
        over.fire()
        try await broker.finished()
    }

    /// One that backs off after a nack is taken back at once, and still counts as nacked.
    @Test func cancelledWhileItBacksOff() async throws {
        try await withFakeClient(
            [[.publishingChannel, .expectPublish(), .nack(1, 1), .expectPublish(), .ack(1, 2), .goodbye]],
            configure: {
                $0.publishing.nackBackoff = AMQPBackoff(initial: .seconds(3600), maximum: .seconds(3600))
            }
        ) { client in
            let publish = Task { try await client.publish(AMQPMessage("a"), to: Self.queue) }
            // Younger ones need not wait for it: when this one is confirmed, the first has been nacked.
            try await until("the first") { client.health().unconfirmedMessages == 1 }
            try await client.publish(AMQPMessage("b"), to: Self.queue)
            let start = ContinuousClock.now
            publish.cancel()
            let error = await amqpError { try await publish.value }
            #expect(ContinuousClock.now - start <= .milliseconds(50) * Deadline.scale)
            #expect(error?.outcome == .nacked)
        }
    }

    // MARK: On its way or not

    /// Blocked and unblocked again and again while publishes are taken back: one that is said to be not sent was never
    /// seen.
    @Test func takenBackAtTheMomentOfBeingSent() async throws {
        let rounds = 100
        let go = try (0..<rounds).map { _ in try FakeSignal() }
        let done = try (0..<rounds).map { _ in try FakeSignal() }
        let script = (0..<rounds).flatMap { round -> [FakeStep] in
            [.blocked("memory"), .silence(until: go[round]), .unblocked, .silence(until: done[round])]
        }
        var random = SeededGenerator(seed: 5)
        let notSent = Locked<Set<String>>([])
        let transcript = try await withFakeClient([[.publishingChannel] + script + [.goodbyeAfterPublishes]]) {
            client in
            let publisher = try client.publisher()
            for round in 0..<rounds {
                try await client.reaches { $0.isBlocked }
                let publish = Task { try await publisher.publish(AMQPMessage("\(round)"), to: Self.queue) }
                try await until("the publish to wait") { publisher.unconfirmedCount == 1 }
                go[round].fire()
                while !client.state.isOpen, Int.random(in: 0..<200, using: &random) > 0 { await Task.yield() }
                publish.cancel()
                let error = await amqpError { try await publish.value }
                if case .notSent = error?.outcome { notSent.withLock { _ = $0.insert("\(round)") } }
                try await client.reaches { $0.isOpen }
                done[round].fire()
            }
        }
        let seen = Set(
            transcript.frames.filter { $0.type == WireFrame.body }.map { String(decoding: $0.payload, as: UTF8.self) })
        #expect(notSent.withLock { $0 }.isDisjoint(with: seen))
    }
}

extension FakeStep {
    /// As `goodbye`, after publishes that have no answer: closing waits for it.
    fileprivate static let goodbyeAfterPublishes = FakeStep("goodbye") { (connection) throws(HarnessError) in
        let ackAll = FakeStep.ack(1, 0, multiple: true)
        try ackAll.run(connection)
        while let frame = try connection.nextFrame() {
            if frame.type == WireFrame.body { try ackAll.run(connection) }
            guard frame.type == WireFrame.method else { continue }
            switch try WireMethod(payload: frame.payload).id {
            case .channelClose: try connection.send(.method(frame.channel, .channelCloseOK))
            case .connectionClose:
                try connection.send(.method(0, .connectionCloseOK))
                return try connection.expectClose()
            default: break
            }
        }
    }
}
