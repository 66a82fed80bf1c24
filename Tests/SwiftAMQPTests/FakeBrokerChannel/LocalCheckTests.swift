import SwiftAMQP
import TestSupport
import Testing

import struct AMQPWire.AMQPTable

/// What cannot be sent is refused before a frame: the transcript shows that nothing was written, and no tag was taken.
@Suite(.timeLimit(.minutes(2))) struct LocalCheckTests {
    private static let name255 = String(repeating: "n", count: 255)
    private static let name256 = String(repeating: "n", count: 256)

    @Test func namesOf255BytesGoThrough() async throws {
        let transcript = try await withFakeChannel([
            .answerDeclare(1), .confirmSelect(1), .expectPublish(), .ack(1, 1), .closeChannelAndConnection,
        ]) { channel, _ in
            try await channel.declare(AMQPQueue(name: Self.name255))
            try await channel.publish(
                AMQPMessage("x"), to: .exchange(Self.name255, routingKey: String(repeating: "é", count: 127) + "e"))
            await channel.close()
        }
        #expect(transcript.methods.first { $0.name == "queue.declare" }?["queue"]?.text == Self.name255)
    }

    @Test func namesOf256BytesDoNot() async throws {
        let long = Self.name256
        let transcript = try await withFakeChannel([.closeChannelAndConnection]) { channel, _ in
            let calls: [(String, () async throws -> Void)] = [
                ("queue.declare", { try await channel.declare(AMQPQueue(name: long)) }),
                ("queue.bind", { try await channel.bind(queue: "q", to: long) }),
                ("queue.bind key", { try await channel.bind(queue: "q", to: "x", routingKey: long) }),
                ("queue.unbind", { try await channel.unbind(queue: long, from: "x") }),
                ("queue.purge", { try await channel.purge(queue: long) }),
                ("queue.delete", { try await channel.delete(queue: long) }),
                ("exchange.declare", { try await channel.declare(AMQPExchange.direct(long)) }),
                ("exchange.kind", { try await channel.declare(AMQPExchange(name: "x", kind: .init(rawValue: long))) }),
                ("exchange.delete", { try await channel.delete(exchange: long) }),
                ("exchange.bind", { try await channel.bind(exchange: long, to: "x") }),
                ("basic.get", { _ = try await channel.get(long) }),
                ("argument key", { try await channel.declare(AMQPQueue(name: "q", arguments: [long: true])) }),
            ]
            for (name, call) in calls {
                #expect(await amqpError(call)?.code == .invalidArgument, "\(name)")
            }
            #expect(channel.isOpen)
            await channel.close()
        }
        #expect(transcript.session.count == 3)
    }

    /// A refused consumer leaves nothing behind: neither a frame nor a subscription.
    @Test func consumersThatCannotBe() async throws {
        let transcript = try await withFakeChannel([
            .answerConsume(1, tag: "c"), .closeChannelAndConnection,
        ]) { channel, _ in
            #expect(await amqpError { try await channel.consume("q", prefetch: 0) }?.code == .invalidArgument)
            #expect(await amqpError { try await channel.qos(prefetch: 0) }?.code == .invalidArgument)
            _ = try await channel.consume("q", consumerTag: "c")
            #expect(await amqpError { try await channel.consume("q", consumerTag: "c") }?.code == .invalidArgument)
            #expect(await amqpError { try await channel.consume(Self.name256) }?.code == .invalidArgument)
            #expect(
                await amqpError { try await channel.consume("q", consumerTag: Self.name256) }?.code == .invalidArgument)
            await channel.close()
        }
        #expect(transcript.count("basic.consume") == 1)
        #expect(transcript.count("basic.qos") == 1)
    }

    private static func message(headers: AMQPTable) -> AMQPMessage {
        var message = AMQPMessage("x")
        message.properties.headers = headers
        return message
    }

    @Test func publishesThatCannotBe() async throws {
        let bad: [(String, AMQPMessage, AMQPAddress, AMQPError.Code)] = [
            ("exchange", AMQPMessage("x"), .exchange(Self.name256), .invalidArgument),
            ("routing key", AMQPMessage("x"), .queue(Self.name256), .invalidArgument),
            ("uint64 header", Self.message(headers: ["n": .uint64(.max)]), .queue("q"), .invalidArgument),
            ("header key", Self.message(headers: [Self.name256: true]), .queue("q"), .invalidArgument),
            (
                "headers over a frame", Self.message(headers: ["big": .string(String(repeating: "b", count: 5000))]),
                .queue("q"), .messageTooLarge
            ),
            (
                "message id",
                {
                    var message = AMQPMessage("x")
                    message.properties.messageID = Self.name256
                    return message
                }(), .queue("q"), .invalidArgument
            ),
        ]
        let transcript = try await withFakeChannel(
            [.confirmSelect(1), .expectPublish(), .ack(1, 1), .closeChannelAndConnection],
            handshake: .handshake(frameMax: 4096)
        ) { channel, _ in
            for (name, message, address, code) in bad {
                let errors = [
                    await amqpError { try await channel.publish(message, to: address) },
                    await amqpError { try await channel.enqueue(message, to: address) },
                    await amqpError { _ = try channel.tryEnqueue(message, to: address) },
                    await amqpError { try await channel.publishUnconfirmed(message, to: address) },
                    await amqpError {
                        try await channel.withPublisher { try await $0.send(message, to: address) }
                    },
                    await amqpError {
                        try await channel.withPublisher { _ = try $0.trySend(message, to: address) }
                    },
                ]
                for (index, error) in errors.enumerated() {
                    #expect(error?.code == code, "\(name) \(index): \(error as Any)")
                    guard case .notSent = error?.outcome else {
                        Issue.record("\(name) \(index): \(error?.outcome as Any) is not notSent")
                        continue
                    }
                }
            }
            // The tag of the next one is 1: none was taken.
            try await channel.publish(AMQPMessage("good"), to: .queue("q"))
            await channel.close()
        }
        #expect(transcript.count("basic.publish") == 1)
    }

    /// Everything that can fail is checked when the publish is made, not when it gets its turn.
    @Test func publishesThatCannotBeWhileBlocked() async throws {
        let message = Self.message(headers: ["big": .string(String(repeating: "b", count: 5000))])
        try await withFakeChannel(
            [.confirmSelect(1), .blocked("memory"), .closeChannelAndConnection], handshake: .handshake(frameMax: 4096)
        ) { channel, connection in
            var events = connection.events.makeAsyncIterator()
            try await channel.confirmSelect()
            _ = await events.next()
            for address in [AMQPAddress.queue("q"), .queue(Self.name256)] {
                let start = ContinuousClock.now
                let error = await amqpError {
                    try await channel.enqueue(message, to: address, timeout: .seconds(2) * Deadline.scale)
                }
                #expect(error?.code == (address == .queue("q") ? .messageTooLarge : .invalidArgument))
                #expect(ContinuousClock.now - start < .seconds(1) * Deadline.scale)
            }
            await channel.close()
        }
    }
}
