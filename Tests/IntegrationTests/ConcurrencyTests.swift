import SwiftAMQP
import TestSupport
import Testing

@Suite("Many tasks on one connection", .timeLimit(.minutes(2)))
struct ConcurrencyTests {
    /// What one task believes of its queue, against which the broker is checked.
    private func randomOperations(_ connection: AMQPConnection, seed: UInt64, count: Int) async throws {
        var random = SeededGenerator(seed: seed)
        var channel = try await connection.openChannel()
        let queue = try await channel.ownQueue()
        var expected: [String] = []
        for step in 0..<count {
            switch Int.random(in: 0..<9, using: &random) {
            case 0, 1:
                try await channel.publish(AMQPMessage("\(step)"), to: .queue(queue))
                expected.append("\(step)")
            case 2:
                let burst = Int.random(in: 1...50, using: &random)
                try await channel.publish(texts: (0..<burst).map { "\(step).\($0)" }, to: queue)
                expected += (0..<burst).map { "\(step).\($0)" }
            case 3:
                let number = min(expected.count, Int.random(in: 1...20, using: &random))
                let texts = try await channel.drain(queue, count: number, prefetch: 7).map(\.text)
                #expect(texts == Array(expected.prefix(number)), "seed \(seed), step \(step)")
                expected.removeFirst(number)
            case 4:
                let taken = try await channel.get(queue)
                #expect(taken?.delivery.text == expected.first, "seed \(seed), step \(step)")
                if Bool.random(using: &random) {
                    try taken?.delivery.nack(requeue: true)
                } else if let taken {
                    try taken.delivery.ack()
                    expected.removeFirst()
                }
            case 5: #expect(try await channel.readyInOrder(queue) == expected.count, "seed \(seed), step \(step)")
            case 6:
                await expectError(.returned, replyCode: 312) {
                    try await channel.publish(AMQPMessage("\(step)"), to: .queue(queue + "-missing"))
                }
            case 7:
                await channel.close()
                channel = try await connection.openChannel()
            default:
                let failing = try await connection.openChannel()
                await expectError(.channelException, replyCode: 404) {
                    try await failing.status(ofQueue: queue + "-missing")
                }
            }
        }
        #expect(try await channel.drain(queue, count: expected.count).map(\.text) == expected, "seed \(seed)")
        await channel.close()
    }

    @Test("16 tasks with random operations, one channel each")
    func randomOperations() async throws {
        try await withConnection { connection in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for seed in 0..<16 {
                    group.addTask { try await randomOperations(connection, seed: UInt64(seed), count: 60) }
                }
                try await group.waitForAll()
            }
            try await eventually("every id is free again") {
                let channel = try await connection.openChannel()
                defer { withExtendedLifetime(channel) {} }
                return channel.id == 1
            }
        }
    }

    @Test("RPCs of many tasks on one channel get each its own answer")
    func sharedChannel() async throws {
        try await withChannel { channel in
            var queues: [String] = []
            for count in 0..<20 {
                let queue = try await channel.ownQueue()
                try await channel.publish(texts: (0..<count).map { "\($0)" }, to: queue)
                queues.append(queue)
            }
            let names = queues
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<100 {
                    group.addTask {
                        for step in 0..<10 {
                            let index = (task * 7 + step * 3) % names.count
                            let status = try await channel.status(ofQueue: names[index])
                            #expect(status.name == names[index])
                            #expect(Int(status.messageCount) == index)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("100 channels publish and consume next to each other")
    func manyChannels() async throws {
        try await withConnection { connection in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<100 {
                    group.addTask {
                        try await connection.withChannel { channel in
                            let queue = try await channel.ownQueue()
                            try await channel.publish(texts: (0..<100).map { "\(task)/\($0)" }, to: queue)
                            let texts = try await channel.drain(queue, count: 100, prefetch: 10).map(\.text)
                            #expect(texts == (0..<100).map { "\(task)/\($0)" })
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
