import ArgumentParser
import SwiftAMQP
import TestSupport

struct AlarmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alarm",
        abstract: "Offer more than a blocked broker takes, and watch this process's memory.",
        discussion: """
            Messages are offered at a steady rate while the broker has a memory alarm. The publisher holds what fits into \
            its 16 MiB and refuses the rest. Memory may grow by those 16 MiB and 16 MiB more.
            """)

    @Option(help: "How long the alarm lasts.")
    var seconds = 60
    @Option(help: "Messages a second that are offered.")
    var rate = 10_000
    @Option(help: "The size of their bodies.")
    var size = 1024

    private static let cap = 16 << 20
    private static let allowance = 16 << 20

    func run() async throws {
        try await Tally.conclude { try await Broker.withPrivateNode { broker in try await run(broker) } }
    }

    private func run(_ broker: Broker) async throws -> Tally {
        var endpoint = try AMQPConfiguration(url: broker.url)
        // Several of them pass while the alarm lasts.
        endpoint.heartbeat = .seconds(2)
        var configuration = AMQPClientConfiguration(endpoint)
        configuration.publishing.maximumBytes = Self.cap
        let queue = "alarm"
        let client = try AMQPClient(
            configuration: configuration, topology: AMQPTopology(queues: [.classic(queue, maximumLength: 100_000)]))
        try await client.connect()
        let publisher = try client.publisher()
        // The same without the alarm, so that what the allocator keeps anyway is there before.
        _ = try await offer(for: .seconds(5), publisher, queue)
        await publisher.flush()
        let before = try ProcessCounts.resident()

        try await broker.setMemoryAlarm(on: true)
        let offered = try await offer(for: .seconds(seconds), publisher, queue)
        let state = client.state
        let connections = client.health().publishing?.connectionCount ?? 0
        try await broker.setMemoryAlarm(on: false)
        let start = ContinuousClock.now
        let after: Duration? =
            (try? await client.publish(AMQPMessage("after"), to: .queue(queue), timeout: .seconds(20)))
            .map { _ in .now - start }
        await publisher.flush()
        let counts = client.publishCounts
        let report = await client.shutdown(deadline: .seconds(10))

        let growth = offered.peak - before
        say(
            "\(offered.count) offered in \(seconds) s, \(offered.taken) taken; memory \(before >> 10) KiB before, "
                + "\(offered.peak >> 10) KiB at most: \(growth >> 10) KiB more; a publish \(after?.inMilliseconds ?? -1) ms "
                + "after the alarm; \(counts); \(report)")
        var tally = Tally()
        let limit = Self.cap + Self.allowance
        tally.take("memory", growth <= limit ? [] : ["it grew by \(growth) bytes; \(limit) are allowed"])
        if case .blocked = state {
            tally.take("the client says that it is blocked", [])
        } else {
            tally.take("the client says that it is blocked", ["it was \(state)"])
        }
        tally.take("no connection was lost", connections == 1 ? [] : ["there were \(connections)"])
        tally.take("publishes go on afterwards", after == nil ? ["the first one was not confirmed"] : [])
        return tally
    }

    private struct Offered {
        var count = 0
        var taken = 0
        /// The most memory that this process had meanwhile.
        var peak = 0
    }

    private func offer(
        for duration: Duration, _ publisher: AMQPClientPublisher, _ queue: String
    ) async throws -> Offered {
        var offered = Offered()
        let start = ContinuousClock.now
        while ContinuousClock.now - start < duration {
            let due = Int(Double((ContinuousClock.now - start).inMilliseconds) * Double(rate) / 1000)
            while offered.count < due {
                offered.count += 1
                // Each has memory of its own, as a program's messages do.
                let message = AMQPMessage(
                    body: [UInt8](repeating: UInt8(truncatingIfNeeded: offered.count), count: size))
                if (try? publisher.tryEnqueue(message, to: .queue(queue))) != nil { offered.taken += 1 }
            }
            offered.peak = max(offered.peak, try ProcessCounts.resident())
            try? await Task.sleep(for: .milliseconds(10))
        }
        return offered
    }
}
