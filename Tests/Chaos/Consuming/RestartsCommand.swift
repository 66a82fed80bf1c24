import ArgumentParser
import SwiftAMQP
import TestSupport

struct RestartsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restarts",
        abstract: "End the subscription of a consumer in every way, and count the consumers at the broker each time.",
        discussion: """
            Connections are reset or closed, consumers cancelled by the deletion of their queue, and also \
            connections lost while the consumer subscribes. After each there is exactly one consumer, and it handles a message.
            """)

    @Option(help: "How many times.")
    var count = 500
    @Option(help: "What the order of the faults is made from.")
    var seed: UInt64 = 1

    private enum Fault: CaseIterable {
        case reset, finish, queueDeleted, closedByBroker, whileSubscribing
    }

    func run() async throws {
        try await Tally.conclude {
            try await Broker.withPrivateNode { broker in
                try await ChaosProxy.withProxy(target: broker.port, journalLimit: 0) { proxy in
                    try await run(broker, proxy)
                }
            }
        }
    }

    private func run(_ broker: Broker, _ proxy: ChaosProxy) async throws -> Tally {
        let queue = "restarts"
        var configuration = try AMQPClientConfiguration(AMQPConfiguration(url: proxy.url(to: broker)))
        // Connections that are lost right after they came about are made again with ever longer waits otherwise.
        configuration.backoff = AMQPBackoff(initial: .milliseconds(5), maximum: .milliseconds(50))
        let client = try AMQPClient(
            configuration: configuration, topology: AMQPTopology(queues: [.classic(queue)]))
        let handled = Locked(Set<String>())
        let consumer = try client.consume(queue, prefetch: 10, maximumConcurrency: 4) { delivery in
            handled.withLock { _ = $0.insert(delivery.text) }
            return .ack
        }
        var tally = Tally()
        var generator = SeededGenerator(seed: seed)
        // Not through the proxy. Supervised, because the broker closes its connection, too.
        let observer = try AMQPClient(configuration: AMQPClientConfiguration(AMQPConfiguration(url: broker.url)))
        try await client.connect()
        for number in 0..<count {
            var fault = Fault.allCases.randomElement(using: &generator) ?? .reset
            // It takes a third of a second each time.
            if fault == .closedByBroker, number % 5 != 0 { fault = .reset }
            try await cause(fault, broker, proxy, observer, queue)
            try await publish(number, client, queue)
            let deadline = Deadline.after(.seconds(10))
            while !handled.withLock({ $0.contains("\(number)") }), !deadline.hasPassed {
                try await Task.sleep(for: .milliseconds(1))
            }
            var failures: [String] = []
            if !handled.withLock({ $0.contains("\(number)") }) { failures.append("the message was not handled") }
            if let problem = try await problem(observer, queue) { failures.append(problem) }
            tally.take(
                "restart \(number), \(fault)", failures, replay: "chaos restarts --count \(count) --seed \(seed)")
        }
        await observer.shutdown(deadline: .seconds(5))
        say("\(client.health().consumers.first?.subscriptionCount ?? 0) subscriptions; \(consumer.counts)")
        await client.shutdown(deadline: .seconds(5))
        return tally
    }

    private func cause(
        _ fault: Fault, _ broker: Broker, _ proxy: ChaosProxy, _ observer: AMQPClient, _ queue: String
    ) async throws {
        switch fault {
        case .reset: await proxy.reset()
        case .finish: await proxy.finish()
        case .queueDeleted: try await observer.delete(queue: queue)
        case .closedByBroker: try await broker.closeAllConnections(reason: "restarts")
        case .whileSubscribing:
            // The next consume-ok is lost with its connection.
            let rule = try await proxy.add("s2c:60.21:1:rst")
            await proxy.reset()
            try await rule.fired(within: .seconds(10))
            await proxy.remove(rule)
        }
    }

    /// While a queue that was deleted is not back, the broker returns what is published to it.
    private func publish(_ number: Int, _ client: AMQPClient, _ queue: String) async throws {
        let deadline = Deadline.after(.seconds(10))
        while true {
            do throws(AMQPError) {
                try await client.publish(AMQPMessage("\(number)"), to: .queue(queue))
                return
            } catch {
                guard error.code == .returned, !deadline.hasPassed else { throw error }
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// What is wrong with the number of consumers, once those of lost connections have gone.
    private func problem(_ observer: AMQPClient, _ queue: String) async throws -> String? {
        let deadline = Deadline.after(.seconds(10))
        var count: UInt32?
        while !deadline.hasPassed {
            count = try? await observer.status(ofQueue: queue).consumerCount
            if count == 1 { return nil }
            try await Task.sleep(for: .milliseconds(2))
        }
        return "there are \(count.map(String.init) ?? "no") consumers instead of one"
    }
}
