import SwiftAMQP
import TestSupport
import Testing

@Suite("Returned messages", .timeLimit(.minutes(2)))
struct ReturnTests {
    @Test("an unroutable mandatory message is returned, with what the broker says")
    func returned() async throws {
        try await withChannel { channel in
            let missing = uniqueName("missing")
            let error = await expectError(.returned, replyCode: 312) {
                try await channel.publish(AMQPMessage("x"), to: .queue(missing))
            }
            #expect(error?.outcome == .returned(replyCode: 312, replyText: "NO_ROUTE"))
            #expect(error?.text.contains(missing) == true)
            #expect(error?.isRetriable == false)
            await expectError(.returned, replyCode: 312) {
                try await channel.publish(AMQPMessage("x"), to: .exchange("amq.topic", routingKey: missing))
            }
            #expect(channel.isOpen)
        }
    }

    @Test("an unroutable message that is not mandatory is confirmed and dropped")
    func notMandatory() async throws {
        try await withChannel { channel in
            try await channel.publish(AMQPMessage("x"), to: .queue(uniqueName("missing")), isMandatory: false)
        }
    }

    /// What is equal and what differs in the messages of ``interleaved(_:)``.
    enum Bodies: CaseIterable { case identical, distinct, large, withHeaders }

    @Test("each of 10,000 publishes, every tenth unroutable, gets its own outcome", arguments: Bodies.allCases)
    func interleaved(_ bodies: Bodies) async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            let missing = uniqueName("missing")
            let count = bodies == .large ? 200 : 10_000
            var pending: [AMQPPendingPublish] = []
            for number in 0..<count {
                let message =
                    switch bodies {
                    case .identical: AMQPMessage("same")
                    case .distinct: AMQPMessage("\(number)")
                    case .large: AMQPMessage(body: Array(repeating: UInt8(number % 250), count: 150_000))
                    case .withHeaders:
                        AMQPMessage(
                            "same",
                            properties: .init(
                                headers: ["n": .int64(Int64(number)), "t": .table(["a": [1, 2.5, nil]])],
                                deliveryMode: .persistent, messageID: "\(number)"))
                    }
                pending.append(
                    try await channel.enqueue(message, to: .queue(number % 10 == 9 ? missing : queue)))
            }
            var wrong: [Int] = []
            for (number, publish) in pending.enumerated() {
                let outcome = await publish.outcome
                let expected: AMQPPublishOutcome =
                    number % 10 == 9 ? .returned(replyCode: 312, replyText: "NO_ROUTE") : .confirmed
                if outcome != expected { wrong.append(number) }
            }
            #expect(wrong.isEmpty)
            #expect(try await channel.ready(queue) == count / 10 * 9)
            // All of them found their publish.
            #expect(channel.returns.droppedCount == 0)
        }
    }

    @Test("messages that differ in their properties alone are told apart")
    func differInProperties() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            let name = uniqueName("headers")
            try await channel.declare(AMQPExchange(name: name, kind: .headers, durable: false, autoDelete: true))
            try await channel.bind(queue: queue, to: name, arguments: ["route": true])
            var pending: [(isRouted: Bool, publish: AMQPPendingPublish)] = []
            for number in 0..<3000 {
                let isRouted = number % 3 != 0
                let message = AMQPMessage("same", properties: .init(headers: ["route": .bool(isRouted)]))
                pending.append((isRouted, try await channel.enqueue(message, to: .exchange(name))))
            }
            var wrong = 0
            for (isRouted, publish) in pending where await publish.outcome.isReturned == isRouted { wrong += 1 }
            #expect(wrong == 0)
        }
    }

    @Test("a return whose BCC header the broker took away is still the publish's")
    func blindCopy() async throws {
        try await withChannel { channel in
            let missing = uniqueName("missing")
            let message = AMQPMessage("x", properties: .init(headers: ["BCC": .array([.string(missing)]), "k": 1]))
            await expectError(.returned, replyCode: 312) {
                try await channel.publish(message, to: .queue(missing))
            }
        }
    }

    @Test("returned and nacked publishes of one channel do not mix")
    func withNacks() async throws {
        try await withChannel { channel in
            let full = try await channel.ownQueue(arguments: [
                "x-max-length": .int32(1), "x-overflow": "reject-publish",
            ])
            let queue = try await channel.ownQueue()
            let missing = uniqueName("missing")
            try await channel.publish(AMQPMessage("same"), to: .queue(full))
            var pending: [AMQPPendingPublish] = []
            for number in 0..<3000 {
                pending.append(
                    try await channel.enqueue(AMQPMessage("same"), to: .queue([full, queue, missing][number % 3])))
            }
            let expected: [AMQPPublishOutcome] = [
                .nacked, .confirmed, .returned(replyCode: 312, replyText: "NO_ROUTE"),
            ]
            var wrong = 0
            for (number, publish) in pending.enumerated() where await publish.outcome != expected[number % 3] {
                wrong += 1
            }
            #expect(wrong == 0)
        }
    }
}
