import SwiftAMQP
import TestSupport
import Testing

/// A quorum queue forgets acks that the broker's channel has not passed on when it is closed
/// (https://github.com/rabbitmq/rabbitmq-server/issues/10327). Each test does so several times, because it is not forgotten
/// each time; what was forgotten comes again in the next round, flagged.
@Suite("What was settled before the end stays settled", .timeLimit(.minutes(2)))
struct SettledBeforeCloseTests {
    static let rounds = 6

    private func withQuorumQueue(_ body: (AMQPConnection, AMQPChannel, String) async throws -> Void) async throws {
        try await withConnection { connection in
            try await connection.withChannel { channel in
                let queue = uniqueName("settled")
                try await channel.declare(.quorum(queue))
                try await body(connection, channel, queue)
                try await channel.delete(queue: queue)
            }
        }
    }

    /// Backwards, so that each ack is one of its own.
    private func ackBackwards(_ deliveries: [AMQPDelivery]) throws {
        for delivery in deliveries.reversed() { try delivery.ack() }
    }

    @Test("a channel that is closed right after its acks", arguments: [true, false])
    func channel(consumes: Bool) async throws {
        try await withQuorumQueue { connection, other, queue in
            for round in 0..<Self.rounds {
                try await other.publish(texts: (0..<100).map(String.init), to: queue)
                try await connection.withChannel { channel in
                    var taken: [AMQPDelivery] = []
                    if consumes {
                        taken = try await channel.take(queue, count: 100)
                    } else {
                        while let (delivery, _) = try await channel.get(queue) { taken.append(delivery) }
                    }
                    #expect(taken.count(where: \.isRedelivered) == 0, "round \(round)")
                    #expect(taken.count == 100)
                    try ackBackwards(taken)
                }
            }
        }
    }

    @Test("a connection that is closed right after its acks")
    func connection() async throws {
        try await withQuorumQueue { _, other, queue in
            for round in 0..<Self.rounds {
                try await other.publish(texts: (0..<100).map(String.init), to: queue)
                try await withConnection { connection in
                    let channel = try await connection.openChannel()
                    let taken = try await channel.take(queue, count: 100)
                    #expect(taken.count(where: \.isRedelivered) == 0, "round \(round)")
                    try ackBackwards(taken)
                    await connection.close()
                }
            }
        }
    }

    /// Hundreds of deliveries go back one by one, because those before them are being handled.
    @Test("a consumer that is cancelled while it handles some of many")
    func consumer() async throws {
        try await withQuorumQueue { _, channel, queue in
            var handled: Set<String> = []
            var next = 0
            for round in 0..<Self.rounds {
                // As many as the prefetch are there: those that came back, and new ones.
                let texts = (0..<(round == 0 ? 400 : 8)).map { String(next + $0) }
                next += texts.count
                try await channel.publish(texts: texts, to: queue)
                let gate = Gate()
                let seen = Locked<[String]>([])
                try await withClient { client in
                    let consumer = try client.consume(queue, prefetch: 400, maximumConcurrency: 8) { delivery in
                        seen.withLock { $0.append(delivery.text) }
                        await gate.pass()
                        return .ack
                    }
                    try await eventually("eight are being handled") { gate.arrivals == 8 }
                    async let isInTime = consumer.cancel(within: .seconds(20))
                    try await eventually("it is unsubscribed") { client.health().consumers.isEmpty }
                    gate.open()
                    #expect(await isInTime)
                }
                let now = seen.withLock { $0 }
                #expect(now.count == 8)
                #expect(handled.isDisjoint(with: now), "round \(round): \(handled.intersection(now)) were forgotten")
                handled.formUnion(now)
            }
        }
    }

    @Test("what a consumer was never handed goes back with all others at once, and counts as one delivery")
    func buffered() async throws {
        try await withQuorumQueue { connection, other, queue in
            try await other.publish(texts: (0..<300).map(String.init), to: queue)
            try await connection.withChannel { channel in
                let deliveries = try await channel.consume(queue, prefetch: 300)
                var iterator = deliveries.makeAsyncIterator()
                let first = try #require(await iterator.next())
                try first.ack()
                try await eventually("all are on their way") { try await other.ready(queue) == 0 }
                await channel.cancel(deliveries)
            }
            let rest = try await other.drain(queue, count: 299)
            #expect(rest.map(\.text) == (1..<300).map(String.init))
            #expect(rest.allSatisfy { $0.properties.headers["x-delivery-count"]?.integer == 1 })
        }
    }
}
