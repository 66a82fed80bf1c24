import SwiftAMQP
import TestSupport
import Testing

extension HostileScript {
    /// Lets a client meet the broker, and expects of it what ``fate`` says: within ``bound``, with nothing left pending
    /// and the socket closed.
    func run(_ watchdog: Watchdog) async throws {
        let ending: [FakeStep]
        switch fate {
        case .connection: ending = [.expectClose]
        case .channel, .consumer, .goesOn: ending = (isPolite && handshake != nil ? politeness : []) + farewell
        }
        let opening = handshake.map { [$0] + pendingOperations } ?? []
        let broker = try FakeBroker.start(opening + steps + ending)
        var configuration = try broker.configuration { $0.credentials = .plain(username: "u", password: Self.password) }
        configure(&configuration)
        let start = ContinuousClock.now
        do {
            let aftermath = try await watchdog.watch(name, within: Self.bound) { [configuration] in
                handshake == nil ? try await self.connect(configuration) : try await self.session(configuration)
            }
            let took = ContinuousClock.now - start
            #expect(took <= Self.bound * Deadline.scale, "\(name): \(took)")
            expect(aftermath)
            check?(aftermath)
        } catch {
            let received = await broker.stop()
            throw SessionFailure(error: error, script: nil, received: received.log)
        }
        // Each script ends with the client closing the socket.
        try await broker.finished()
    }

    /// The connection, or why there is none.
    private func connect(_ configuration: AMQPConfiguration) async throws -> HostileAftermath {
        var aftermath = HostileAftermath()
        do {
            let connection = try await AMQPConnection.connect(configuration)
            if case .connection = fate {
                aftermath.connection = await connection.waitUntilClosed()
            } else {
                await connection.close()
            }
        } catch {
            aftermath.connect = error
        }
        return aftermath
    }

    /// A consumer on channel 1, a publish on channel 2, a request on channel 3: in this order, and none is answered.
    private var pendingOperations: [FakeStep] {
        [
            .openChannel(1), .openChannel(2), .openChannel(3), .answerConsume(1, tag: answeredTag), .confirmSelect(2),
            .expectPublish(channel: 2), .expectMethod(.queueDeclare, channel: 3),
        ]
    }

    /// What a broker owes.
    private var politeness: [FakeStep] {
        var steps: [FakeStep] = []
        if case .channel(2, _, _) = fate {} else { steps.append(.ack(2, 1)) }
        var owesAnswer = true
        if case .channel(3, _, _) = fate { owesAnswer = false }
        if case .answered = request { owesAnswer = false }
        if owesAnswer { steps.append(.send(Hostile.declareOK(3))) }
        return steps
    }

    private func session(_ configuration: AMQPConfiguration) async throws -> HostileAftermath {
        let connection = try await AMQPConnection.connect(configuration)
        let consuming = try await connection.openChannel()
        let publishing = try await connection.openChannel()
        let asking = try await connection.openChannel()
        let deliveries = try await consuming.consume("q", acknowledgement: acknowledgement, consumerTag: "c")
        let taken = Locked<[AMQPDelivery]>([])
        let begin = try FakeSignal()
        if !isConsumerIdle { begin.fire() }
        let consumer = Task {
            try await begin.fired(within: .seconds(60))
            return await amqpError { for try await delivery in deliveries { taken.withLock { $0.append(delivery) } } }
        }
        try await publishing.confirmSelect()
        let pending = try await publishing.enqueue(AMQPMessage("x"), to: .queue("q"), isMandatory: isMandatory)
        let publish = Task { await pending.outcome }
        let request = Task { await amqpError { try await asking.declare(AMQPQueue(name: "q")) } }

        var aftermath = HostileAftermath()
        switch fate {
        case .connection: _ = await connection.waitUntilClosed()
        case .channel, .consumer, .goesOn: break
        }
        aftermath.outcome = await publish.value
        aftermath.request = await request.value
        begin.fire()
        switch fate {
        case .connection: break
        case .channel(1, _, _), .consumer: aftermath.consumer = try await consumer.value
        case .channel, .goesOn:
            try await until("the deliveries") { taken.withLock { $0.count } >= self.deliveries }
        }
        aftermath.channels = [consuming, publishing, asking].map(\.closeReason)
        await connection.close()
        aftermath.connection = await connection.waitUntilClosed()
        let end = try await consumer.value
        if aftermath.consumer == nil { aftermath.consumer = end }
        aftermath.deliveries = taken.withLock { $0 }
        for channel in [consuming, publishing] {
            for await one in channel.returns { aftermath.returns.append(one) }
            aftermath.droppedReturns += channel.returns.droppedCount
        }
        for await event in connection.events { aftermath.events.append(event) }
        aftermath.droppedEvents = connection.events.droppedCount
        return aftermath
    }

    // MARK: What is expected

    private func expect(_ aftermath: HostileAftermath) {
        for error in aftermath.errors {
            var dumped = ""
            dump(error, to: &dumped)
            for text in ["\(error)", String(reflecting: error), dumped] {
                #expect(!text.contains(Self.password), "\(name): an error shows the password")
            }
        }
        guard handshake != nil else { return expectConnect(aftermath) }
        var requestEnd = request
        var published = outcome ?? .confirmed
        switch fate {
        case .connection(let code, let replyCode):
            let error = aftermath.connection
            #expect(error?.code == code, "\(name): \(error as Any)")
            #expect(error?.replyCode == replyCode, "\(name): \(error as Any)")
            #expect(error?.endpoint != nil)
            // What is buffered is still taken before the end is seen.
            #expect(
                aftermath.consumer?.code == consumerEnd ?? code, "\(name): the consumer: \(aftermath.consumer as Any)")
            #expect(
                aftermath.channels.map { $0?.code } == [firstChannelEnd ?? code, code, code],
                "\(name): \(aftermath.channels)")
            if outcome == nil { published = .unknown(reason: .connectionClosed) }
            if case .asTheFateSays = requestEnd { requestEnd = .fails(code) }
        case .channel(let number, let code, let replyCode):
            for (index, error) in aftermath.channels.enumerated() {
                #expect(error?.code == (index + 1 == number ? code : nil), "\(name): channel \(index + 1)")
                #expect(error?.replyCode == (index + 1 == number ? replyCode : nil), "\(name): channel \(index + 1)")
            }
            if number == 1 { #expect(aftermath.consumer?.code == code, "\(name): \(aftermath.consumer as Any)") }
            if number == 2, outcome == nil { published = .unknown(reason: .channelClosed) }
            if number == 3, case .asTheFateSays = requestEnd { requestEnd = .fails(code) }
        case .consumer(let code):
            #expect(aftermath.consumer?.code == code, "\(name): \(aftermath.consumer as Any)")
            expectNoChannelEnded(aftermath)
        case .goesOn:
            // It ends when the program closes the connection.
            #expect(
                aftermath.consumer.map { $0.code == consumerEnd ?? end } ?? true,
                "\(name): \(aftermath.consumer as Any)")
            expectNoChannelEnded(aftermath)
        }
        #expect(aftermath.outcome == published, "\(name): the publish")
        if case .fails(let code) = requestEnd {
            #expect(aftermath.request?.code == code, "\(name): the request: \(aftermath.request as Any)")
        } else {
            #expect(aftermath.request == nil, "\(name): the request: \(aftermath.request as Any)")
        }
        if case .connection = fate { return }
        if countsDeliveries { #expect(aftermath.deliveries.count == deliveries, "\(name): deliveries") }
        #expect(aftermath.connection?.code == end, "\(name): \(aftermath.connection as Any)")
    }

    private func expectNoChannelEnded(_ aftermath: HostileAftermath) {
        if case .fails = request { return }
        #expect(aftermath.channels.allSatisfy { $0 == nil }, "\(name): \(aftermath.channels)")
    }

    private func expectConnect(_ aftermath: HostileAftermath) {
        let error = aftermath.connect ?? aftermath.connection
        guard case .connection(let code, let replyCode) = fate else {
            #expect(error == nil, "\(name): \(error as Any)")
            return
        }
        #expect(error?.code == code, "\(name): \(error as Any)")
        #expect(error?.replyCode == replyCode, "\(name): \(error as Any)")
        #expect(error?.endpoint != nil)
    }
}
