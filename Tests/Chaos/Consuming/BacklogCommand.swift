import ArgumentParser
import SwiftAMQP
import TestSupport

struct BacklogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backlog",
        abstract: "Put messages behind a handler that does not come back, and watch connection and memory.",
        discussion: """
            The handler blocks its thread as well. The connection stays up over many heartbeat intervals, memory grows by \
            the prefetch and 16 MiB at most, and everything is handled once the handler goes on.
            """)

    @Option(help: "How many messages wait.")
    var count = 1_000_000
    @Option(help: "The size of their bodies.")
    var size = 1024
    @Option(help: "How long the handler stalls, in heartbeat timeouts of one second.")
    var intervals = 10

    private static let prefetch = 64
    private static let allowance = 16 << 20

    func run() async throws {
        try await Tally.conclude { try await Broker.withPrivateNode { broker in try await run(broker) } }
    }

    private func run(_ broker: Broker) async throws -> Tally {
        let queue = "backlog"
        var endpoint = try AMQPConfiguration(url: broker.url)
        endpoint.heartbeat = .seconds(1)
        // A client of its own fills the queue, so that what it keeps of that is not measured.
        try await fill(queue, endpoint)
        let before = try ProcessCounts.resident()
        let client = try AMQPClient(configuration: AMQPClientConfiguration(endpoint))
        let isStalled = Locked(true)
        let stalls = Duration.seconds(intervals)
        let consumer = try client.consume(queue, prefetch: .count(UInt16(Self.prefetch))) { _ in
            if isStalled.withLock({ $0 }) {
                blockThread(for: stalls)
                isStalled.withLock { $0 = false }
            }
            return .ack
        }
        let start = ContinuousClock.now
        var peak = 0
        while ContinuousClock.now - start < stalls {
            try await Task.sleep(for: .milliseconds(100))
            peak = max(peak, try ProcessCounts.resident())
        }
        let connections = client.health().consuming?.connectionCount ?? 0
        while consumer.counts.acked < count, client.state.isUsable {
            try await Task.sleep(for: .milliseconds(100))
            peak = max(peak, try ProcessCounts.resident())
        }
        let time = ContinuousClock.now - start
        let growth = peak - before
        say(
            "\(consumer.counts.acked) of \(count) acknowledged after \(time.inMilliseconds) ms, the first stalled for "
                + "\(stalls); memory \(before >> 10) KiB before, \(growth >> 10) KiB more at most; \(connections) connection(s)"
        )
        await client.shutdown(deadline: .seconds(10))
        var tally = Tally()
        let limit = Self.prefetch * size + Self.allowance
        tally.take("memory", growth <= limit ? [] : ["it grew by \(growth) bytes; \(limit) are allowed"])
        tally.take("no connection was lost", connections == 1 ? [] : ["there were \(connections)"])
        tally.take("everything was handled", consumer.counts.acked == count ? [] : ["\(consumer.counts)"])
        return tally
    }

    private func fill(_ queue: String, _ endpoint: AMQPConfiguration) async throws {
        try await AMQPConnection.withConnection(endpoint) { connection in
            try await connection.withChannel { channel in
                try await channel.declare(.classic(queue))
                let body = [UInt8](repeating: 7, count: size)
                try await channel.withPublisher(window: 1024) { publisher in
                    for _ in 0..<count { try await publisher.send(AMQPMessage(body: body), to: .queue(queue)) }
                }
            }
        }
    }
}
