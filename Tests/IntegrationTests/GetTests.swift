import SwiftAMQP
import TestSupport
import Testing

@Suite("basic.get", .timeLimit(.minutes(1)))
struct GetTests {
    @Test("messages one at a time, with how many remain; nothing from an empty queue")
    func get() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            #expect(try await channel.get(queue) == nil)
            try await channel.publish(texts: ["a", "b", "c"], to: queue)
            for (text, remaining) in [("a", UInt32(2)), ("b", 1), ("c", 0)] {
                let taken = try #require(try await channel.get(queue))
                #expect(taken.delivery.text == text)
                #expect(taken.remaining == remaining)
                #expect(taken.delivery.routingKey == queue)
                #expect(taken.delivery.exchange == "")
                #expect(taken.delivery.consumerTag == "")
                try taken.delivery.ack()
                await expectError(.alreadySettled) { try taken.delivery.ack() }
            }
            #expect(try await channel.get(queue) == nil)
        }
    }

    @Test("with automatic acknowledgement the message is gone and cannot be settled")
    func automatic() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            try await channel.publish(texts: ["a", "b"], to: queue)
            let first = try #require(try await channel.get(queue, acknowledgement: .automatic))
            await expectError(.alreadySettled) { try first.delivery.ack() }
            let second = try #require(try await channel.get(queue))
            // Tags of automatic deliveries are no gap that multiple stumbles over.
            try second.delivery.ack(multiple: true)
            #expect(try await channel.readyInOrder(queue) == 0)
        }
    }

    @Test("multiple covers what came by get and by a consumer alike")
    func mixed() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            try await channel.publish(texts: ["a", "b", "c"], to: queue)
            let first = try #require(try await channel.get(queue))
            let others = try await channel.take(queue, count: 2)
            try others[1].ack(multiple: true)
            await expectError(.alreadySettled) { try first.delivery.ack() }
            try await channel.recover()
            #expect(try await channel.readyInOrder(queue) == 0)
        }
    }

    @Test("gets from many tasks on one channel give each message once")
    func concurrent() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            try await channel.publish(texts: (0..<200).map { "\($0)" }, to: queue)
            let texts = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        var texts: [String] = []
                        while let (delivery, _) = try await channel.get(queue) {
                            texts.append(delivery.text)
                            try delivery.ack()
                        }
                        return texts
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(texts.count == 200)
            #expect(Set(texts).count == 200)
        }
    }
}
