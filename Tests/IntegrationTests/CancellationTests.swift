import SwiftAMQP
import TestSupport
import Testing

@Suite("Cancelled tasks", .timeLimit(.minutes(2)))
struct CancellationTests {
    /// How long a cancelled call may take to return.
    private static let bound = Duration.milliseconds(50)

    /// Runs `operation` in a task and cancels it after some turns of the scheduler. Whatever it ends with must be its
    /// value or a cancellation.
    private func cancel(
        afterYields yields: Int, _ operation: @escaping @Sendable () async throws -> Void
    ) async {
        let task = Task { try await operation() }
        for _ in 0..<yields { await Task.yield() }
        task.cancel()
        do {
            try await task.value
        } catch let error as AMQPError {
            #expect(error.code == .cancelled, "\(error)")
        } catch {
            Issue.record(error)
        }
    }

    @Test("1,000 random cancellations leave no channel id taken and the connection working")
    func random() async throws {
        try await withConnection { connection in
            let keeper = try await connection.openChannel()
            let queue = try await keeper.ownQueue()
            let shared = try await connection.openChannel()
            await withTaskGroup(of: Void.self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        var random = SeededGenerator(seed: UInt64(worker))
                        for _ in 0..<125 {
                            let yields = Int.random(in: 0..<40, using: &random)
                            switch Int.random(in: 0..<7, using: &random) {
                            case 0:
                                await cancel(afterYields: yields) {
                                    try await shared.publish(AMQPMessage("p"), to: .queue(queue))
                                }
                            case 1: await cancel(afterYields: yields) { _ = try await shared.ready(queue) }
                            case 2:
                                await cancel(afterYields: yields) {
                                    try await connection.openChannel().publish(AMQPMessage("c"), to: .queue(queue))
                                }
                            case 3:
                                await cancel(afterYields: yields) {
                                    try await shared.withConsumer(queue, prefetch: 5) { deliveries in
                                        for try await delivery in deliveries { try delivery.nack(requeue: true) }
                                    }
                                }
                            case 4:
                                await cancel(afterYields: yields) {
                                    try await shared.withPublisher(window: 4) { publisher in
                                        for _ in 0..<20 {
                                            try await publisher.send(AMQPMessage("w"), to: .queue(queue))
                                        }
                                    }
                                }
                            case 5:
                                await cancel(afterYields: yields) {
                                    if let taken = try await shared.get(queue) {
                                        try taken.delivery.nack(requeue: true)
                                    }
                                }
                            default:
                                await cancel(afterYields: yields) {
                                    let publish = try await shared.enqueue(AMQPMessage("e"), to: .queue(queue))
                                    _ = await publish.outcome
                                }
                            }
                        }
                    }
                }
            }
            #expect(shared.isOpen, "\(String(describing: shared.closeReason))")
            // Consumers whose subscribing was cancelled are taken back in the background.
            try await eventually("no consumer is left") {
                try await keeper.status(ofQueue: queue).consumerCount == 0
            }
            try await shared.recover()
            try await shared.publish(AMQPMessage("last"), to: .queue(queue))
            let count = try await keeper.ready(queue)
            #expect(try await keeper.drain(queue, count: count).contains { $0.text == "last" })
            try await eventually("every id but two is free again") {
                let channels = [try await connection.openChannel(), try await connection.openChannel()]
                let ids = channels.map(\.id)
                for channel in channels { await channel.close() }
                return ids == [3, 4]
            }
        }
    }

    @Test("a cancelled get that the broker answers loses nothing")
    func get() async throws {
        try await withConnection { connection in
            let channel = try await connection.openChannel()
            let queue = try await channel.ownQueue()
            try await channel.publish(texts: (0..<100).map { "\($0)" }, to: queue)
            for yields in 0..<100 {
                await cancel(afterYields: yields % 20) {
                    if let taken = try await channel.get(queue) { try taken.delivery.nack(requeue: true) }
                }
            }
            #expect(channel.isOpen)
            // What was answered to nobody is unsettled until the channel goes, and comes back at the latest then.
            await channel.close()
            let other = try await connection.openChannel()
            let texts = try await other.drain(queue, count: 100).map(\.text)
            #expect(Set(texts) == Set((0..<100).map { "\($0)" }))
        }
    }

    @Test("a cancelled wait returns at once")
    func prompt() async throws {
        // The best of ten: other tests keep the machine busy, and a wait that ends by a timer is never this fast.
        var best = Duration.seconds(60)
        for _ in 0..<10 { best = min(best, try await timeOfCancellation()) }
        #expect(best <= Self.bound)
    }

    private func timeOfCancellation() async throws -> Duration {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            let waiting = try FakeSignal()
            let task = Task {
                try await channel.withConsumer(queue) { deliveries in
                    waiting.fire()
                    do {
                        _ = try await deliveries.first { _ in true }
                        Issue.record("there is nothing to take")
                    } catch {
                        return ContinuousClock.now
                    }
                    return ContinuousClock.now
                }
            }
            try await waiting.fired()
            let start = ContinuousClock.now
            task.cancel()
            let end = try await task.value
            #expect(try await channel.status(ofQueue: queue).consumerCount == 0)
            return end - start
        }
    }

    @Test("events stop for a cancelled reader and go on for the next")
    func events() async throws {
        try await withConnection { connection in
            let task = Task { await connection.events.first { _ in true } }
            task.cancel()
            #expect(await task.value == nil)
            await connection.close()
            guard case .closed(nil)? = await connection.events.first(where: { _ in true }) else {
                Issue.record("the end of the connection was not told")
                return
            }
        }
    }
}
