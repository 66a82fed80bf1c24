import SwiftAMQP
import TestSupport
import Testing

@Suite("A client whose connections are lost", .timeLimit(.minutes(2)))
struct LostConnectionTests {
    /// Each task publishes its own numbers, one after the other confirmed; the connections are reset all the while.
    @Test("loses nothing, keeps the order and flags what it sends again", arguments: [1, 7])
    func resets(seed: UInt64) async throws {
        let broker = try await Broker.shared
        let queue = uniqueName("lost")
        try await ChaosProxy.withProxy(target: broker.port, seed: seed) { proxy in
            try await withClient(port: proxy.port, topology: AMQPTopology(queues: [.classic(queue)])) { client in
                let counts = [1500, 1500, 1500]
                let done = Locked(0)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (publisher, count) in counts.enumerated() {
                        group.addTask {
                            for number in 0..<count {
                                try await client.publish(AMQPMessage("\(publisher) \(number)"), to: .queue(queue))
                                done.withLock { $0 += 1 }
                            }
                        }
                    }
                    group.addTask {
                        for round in 1...8 {
                            while done.withLock({ $0 }) < round * 450 {
                                try await Task.sleep(for: .milliseconds(1))
                            }
                            await proxy.reset()
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(client.publishCounts.confirmed == 4500)
                let total = Int(try await client.status(ofQueue: queue).messageCount)
                try await withChannel { channel in
                    let taken = try await channel.drain(queue, count: total)
                    for (publisher, count) in counts.enumerated() {
                        let own = taken.filter { $0.message.text.hasPrefix("\(publisher) ") }
                        var next = 0
                        for delivery in own {
                            let number = Int(delivery.message.text.split(separator: " ")[1]) ?? -1
                            if number == next { next += 1; continue }
                            #expect(number < next, "\(number) came before \(next)")
                        }
                        #expect(next == count)
                    }
                }
                try await client.delete(queue: queue)
            }
        }
    }
}
