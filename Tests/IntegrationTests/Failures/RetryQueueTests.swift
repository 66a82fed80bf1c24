import TestSupport
import Testing

@testable import SwiftAMQP

@Suite("Retry queues", .timeLimit(.minutes(2))) struct RetryQueueTests {
    private static let delays = [Duration.milliseconds(100), .milliseconds(300), .milliseconds(200)]

    private static func policy(_ kind: AMQPRetryQueues.Kind) -> AMQPFailurePolicy {
        .retry(AMQPRetryQueues(delays: delays, limit: 5, kind: kind))
    }

    /// A client with a work queue and the queues of the policy, which are gone afterwards.
    private func withWork(
        _ kind: AMQPRetryQueues.Kind, _ body: (AMQPClient, _ queue: String) async throws -> Void
    ) async throws {
        let queue = uniqueName("work")
        var topology = Self.policy(kind).topology(forQueue: queue)
        topology.queues.append(.work(kind, queue))
        try await withClient(topology: topology) { client in
            try await client.connect()
            guard case .open = client.state else {
                Issue.record("\(client.state)")
                return
            }
            do {
                try await body(client, queue)
            } catch {
                await client.delete(topology.queues.map(\.name))
                throw error
            }
            await client.delete(topology.queues.map(\.name))
        }
    }

    @Test(
        "a message that always fails waits in each queue in order, arrives N times, and is parked with its headers",
        arguments: [AMQPRetryQueues.Kind.quorum, .classic])
    func inOrder(kind: AMQPRetryQueues.Kind) async throws {
        try await withWork(kind) { client, queue in
            try await withChannel { channel in
                let other = try await channel.ownQueue()
                let properties = AMQPProperties(
                    headers: ["CC": [.string(other)], "mine": 1], messageID: "m-1", userID: "guest")
                let consumer = FailingConsumer(Self.policy(kind), queue: queue, client: client)
                try await channel.publish(AMQPMessage("poison", properties: properties), to: .queue(queue))
                try await consumer.whileFailing(on: channel) {
                    try await eventually("the message is parked") { consumer.targets.count == 5 }
                }
                #expect(
                    consumer.targets
                        == [100, 300, 200, 200].map { "\(queue).retry.\($0)" } + ["\(queue).parked"])
                #expect(consumer.arrivals.map(\.retryCount) == [0, 1, 2, 3, 4])
                #expect(consumer.arrivals.allSatisfy { $0.text == "poison" && $0.messageID == "m-1" })
                #expect(consumer.arrivals.allSatisfy { !$0.isRedelivered })
                for (index, delay) in (Self.delays + [.milliseconds(200)]).enumerated() {
                    let gap = consumer.arrivals[index + 1].time - consumer.arrivals[index].time
                    #expect(gap >= delay, "retry \(index + 1) came after \(gap)")
                }
                // What was published with CC came to the other queue once, and its copies did not.
                #expect(try await channel.readyInOrder(other) == 1)

                let parked = try #require(try await channel.get("\(queue).parked")).delivery
                #expect(parked.text == "poison")
                #expect(parked.properties.deliveryMode == .persistent)
                #expect(parked.properties.userID == nil)
                let headers = parked.properties.headers
                #expect(headers["mine"] == 1)
                #expect(headers[AMQPMessage.failuresHeader] == 5)
                #expect(headers[AMQPMessage.retriesHeader] == nil)
                #expect(headers[AMQPMessage.errorHeader] == "Broken")
                #expect(headers[AMQPMessage.firstUserIDHeader] == "guest")
                #expect(headers[AMQPMessage.firstCCHeader] == .array([.string(other)]))
                #expect((parked.firstExchange, parked.firstRoutingKey) == ("", queue))
                try parked.ack()
                for name in Self.policy(kind).topology(forQueue: queue).queues.map(\.name) + [queue] {
                    #expect(try await channel.readyInOrder(name) == 0, "\(name) is not empty")
                }
            }
        }
    }

    /// The ack of the original is lost with its connection: the message is there twice, and both say so.
    @Test(
        "a connection that is lost between the confirmed copy and the ack leaves a duplicate and no loss",
        arguments: [AMQPRetryQueues.Kind.quorum, .classic], [true, false])
    func lostAck(kind: AMQPRetryQueues.Kind, isKnown: Bool) async throws {
        let broker = try await Broker.shared
        try await withWork(kind) { client, queue in
            try await ChaosProxy.withProxy(target: broker.port) { proxy in
                try await client.publish(
                    AMQPMessage("once", properties: AMQPProperties(messageID: "m-2")), to: .queue(queue))
                if !isKnown { try await proxy.add("c2s:basic.ack:1:rst") }
                let connection = try await AMQPConnection.connect(AMQPConfiguration(url: proxy.url(to: broker)))
                let channel = try await connection.openChannel()
                let consumer = FailingConsumer(Self.policy(kind), queue: queue, client: client) {
                    guard isKnown else { return }
                    // Between the confirm and the ack.
                    _ = try? await proxy.add("c2s:*:1+:rst")
                    await connection.close()
                }
                await expectLoss { try await consumer.run(on: channel) }
                await consumer.failures.idle()
                #expect(consumer.targets == ["\(queue).retry.100"])
                #expect(consumer.failures.staleCount == (isKnown ? 1 : 0))
                try await withChannel { channel in
                    let both = try await channel.drain(queue, count: 2)
                    #expect(Set(both.map(\.properties.messageID)) == ["m-2"])
                    let original = try #require(both.first { $0.retryCount == 0 })
                    let copy = try #require(both.first { $0.retryCount == 1 })
                    #expect(original.isRedelivered)
                    #expect(!copy.isRedelivered)
                    #expect(try await channel.readyInOrder(queue) == 0)
                }
            }
        }
    }

    private func expectLoss(_ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            #expect(error is AMQPError, "\(error)")
        }
    }

    /// Brokers before 4.0 take a message for caught in a cycle that was dead-lettered from the target queue before.
    @Test(
        "a message that was dead-lettered from its own queue before comes back all the same",
        arguments: [AMQPRetryQueues.Kind.quorum, .classic])
    func deadLetteredBefore(kind: AMQPRetryQueues.Kind) async throws {
        try await withWork(kind) { client, queue in
            let death: AMQPFieldValue = [
                [
                    "queue": .string(queue), "reason": "expired", "count": 1, "exchange": "",
                    "routing-keys": [.string(queue)], "time": .timestamp(AMQPTimestamp(secondsSinceEpoch: 1)),
                ]
            ]
            let properties = AMQPProperties(headers: ["x-death": death])
            try await client.publish(AMQPMessage("again", properties: properties), to: .queue(queue))
            try await withChannel { channel in
                let consumer = FailingConsumer(Self.policy(kind), queue: queue, client: client)
                try await consumer.whileFailing(on: channel) {
                    try await eventually("it is back") { consumer.arrivals.count > 1 }
                }
                #expect(consumer.arrivals.prefix(2).map(\.retryCount) == [0, 1])
            }
        }
    }

    @Test("a copy that no queue takes leaves the message in its own queue")
    func noRetryQueue() async throws {
        try await withWork(.classic) { client, queue in
            try await client.delete(queue: "\(queue).retry.100")
            try await client.publish(AMQPMessage("kept"), to: .queue(queue))
            try await withChannel { channel in
                let consumer = FailingConsumer(Self.policy(.classic), queue: queue, client: client)
                try await consumer.whileFailing(on: channel) {
                    try await eventually("it came again") { consumer.arrivals.count >= 2 }
                }
                #expect(consumer.targets.isEmpty)
                guard case .publishFailed(_, let error, _) = consumer.actions.first else {
                    Issue.record("\(consumer.actions)")
                    return
                }
                #expect(error.code == .returned)
                consumer.failures.requeueHeld()
                #expect(try await channel.drain(queue, count: 1).map(\.text) == ["kept"])
            }
        }
    }
}
