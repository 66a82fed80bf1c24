import SwiftAMQP
import TestSupport

/// What a program does next to publishing: declares and deletes all the time, and asks and answers over queues. Whatever
/// happens, each call has to end by its deadline.
struct Calls: Sendable {
    let client: AMQPClient
    let watchdog: Watchdog
    let isStopping = Locked(false)
    /// How many calls ended well, and how many requests were answered.
    let succeeded = Locked(0)
    let answered = Locked(0)

    private static let timeout: Duration = .seconds(10)
    private static let pairs = 2

    static var topology: AMQPTopology {
        AMQPTopology(queues: (1...pairs).flatMap { [.classic(requests($0)), .classic(replies($0))] })
    }

    private static func requests(_ pair: Int) -> String { "chaos-requests-\(pair)" }
    private static func replies(_ pair: Int) -> String { "chaos-replies-\(pair)" }

    func stop() { isStopping.withLock { $0 = true } }

    private var goesOn: Bool { !isStopping.withLock { $0 } }

    /// Begins to answer requests; for the life of the client.
    func answer() throws(AMQPError) {
        for pair in 1...Self.pairs {
            try client.consume(Self.requests(pair)) { request in
                guard let to = request.properties.replyTo else { return .reject }
                var properties = AMQPProperties.persistent
                properties.correlationID = request.properties.correlationID
                try await client.publish(
                    AMQPMessage(body: request.body, properties: properties), to: .queue(to), timeout: Self.timeout)
                return .ack
            }
            try client.consume(Self.replies(pair)) { reply in
                if let id = reply.properties.correlationID, Self.waiting.withLock({ $0.remove(id) }) != nil {
                    answered.withLock { $0 += 1 }
                }
                return .ack
            }
        }
    }

    /// Requests without an answer so far.
    private static let waiting = Locked<Set<String>>([])

    /// Returns soon after ``stop()``.
    func run() async {
        await withDiscardingTaskGroup { group in
            for number in 1...Self.pairs {
                group.addTask { await churn(number) }
                group.addTask { await ask(number) }
            }
        }
    }

    private func churn(_ number: Int) async {
        var round = 0
        while goesOn {
            round += 1
            let name = "chaos-churn-\(number)-\(round)"
            await call("declare \(name)") { () throws(AMQPError) in
                try await client.declare(.classic(name, expires: .seconds(120)), timeout: Self.timeout)
            }
            await call("declare exchange \(name)") { () throws(AMQPError) in
                try await client.declare(.fanout(name), timeout: Self.timeout)
            }
            await call("bind \(name)") { () throws(AMQPError) in
                try await client.bind(.queue(name, to: name), timeout: Self.timeout)
            }
            await call("status \(name)") { () throws(AMQPError) in
                _ = try await client.status(ofQueue: name, timeout: Self.timeout)
            }
            await call("delete \(name)") { () throws(AMQPError) in
                try await client.delete(queue: name, timeout: Self.timeout)
            }
            await call("delete exchange \(name)") { () throws(AMQPError) in
                try await client.delete(exchange: name, timeout: Self.timeout)
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private func ask(_ pair: Int) async {
        var number = 0
        while goesOn {
            number += 1
            let id = "\(pair)-\(number)"
            Self.waiting.withLock { _ = $0.insert(id) }
            var properties = AMQPProperties.persistent
            properties.correlationID = id
            properties.replyTo = Self.replies(pair)
            await call("request \(id)") { () throws(AMQPError) in
                try await client.publish(
                    AMQPMessage("request", properties: properties), to: .queue(Self.requests(pair)),
                    timeout: Self.timeout)
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    private func call(_ name: String, _ body: () async throws(AMQPError) -> Void) async {
        await watchdog.watch(name, within: Self.timeout) {
            do throws(AMQPError) {
                try await body()
                succeeded.withLock { $0 += 1 }
            } catch {
                // It may fail while everything breaks; it must end.
            }
        }
    }
}
