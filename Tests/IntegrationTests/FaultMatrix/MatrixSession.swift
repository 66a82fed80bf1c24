import ClientTestSupport
import SwiftAMQP
import TestSupport
import Testing

/// A supervised client behind a proxy of its own, with two queues, and a checker that follows what it publishes to the
/// first of them.
struct MatrixSession: Sendable {
    let broker: Broker
    /// One before each node that the client knows.
    let proxies: [ChaosProxy]
    let client: AMQPClient
    let queue: String
    /// Deadline of the publishes: far more than any fault here lasts.
    let timeout: Duration
    let log: CheckLog
    /// The one publisher, so that a fault meets a channel that is in use. Made when it is first needed.
    private let stream = Locked<AMQPClientPublisher?>(nil)

    private init(
        broker: Broker, proxies: [ChaosProxy], client: AMQPClient, queue: String, timeout: Duration, log: CheckLog
    ) {
        self.broker = broker
        self.proxies = proxies
        self.client = client
        self.queue = queue
        self.timeout = timeout
        self.log = log
    }

    /// The one that the client tries first.
    var proxy: ChaosProxy { proxies[0] }

    /// Deadline of the publishes: far more than any fault here lasts, also where a node takes 20 s to start because the
    /// machine has other work.
    static let timeout: Duration = .seconds(60)
    /// What a shutdown may take beyond its deadline.
    static let shutdownTolerance: Duration = .milliseconds(250) * Deadline.scale

    typealias Outcome = Result<AMQPPublishReceipt, AMQPError>

    /// The queue that nothing is published to.
    var second: String { queue + "-second" }

    /// Gives `body` a connected client, shuts it down, empties the queue and checks that every publish ended as it was
    /// said to, once and in time, and in order, unless the broker refused some.
    ///
    /// - Parameters:
    ///   - others: Further nodes of the broker's cluster, which the client knows, each behind a proxy of its own.
    ///   - place: Where the proxies listen.
    ///   - isOrdered: Whether to look at the order. Not where there are consumers and connections are lost: what the broker
    ///     gave to the connection before comes back when it finds out, which may be after later messages.
    static func run(
        _ broker: Broker? = nil, others: [Broker] = [], at place: ProxyPlace = .loopback,
        heartbeat: Duration = .seconds(1), timeout: Duration = Self.timeout,
        queue: (String) -> AMQPQueue = { .classic($0) }, second: (String) -> AMQPQueue = { .classic($0) },
        connects: Bool = true, isOrdered: Bool = true,
        configure: (inout AMQPClientConfiguration) -> Void = { _ in },
        _ body: (MatrixSession) async throws -> Void
    ) async throws {
        let broker = if let broker { broker } else { try await Broker.shared }
        let name = uniqueName("matrix")
        let log = CheckLog(run: 1)
        let topology = AMQPTopology(queues: [queue(name), second(name + "-second")])
        let wasRefused = try await withProxies(before: [broker] + others, at: place) { proxies in
            try await withClient(
                to: broker, port: proxies[0].port, topology: topology,
                configure: { configuration in
                    for proxy in proxies.dropFirst() {
                        configuration.endpoints.append(configuration.endpoints[0])
                        configuration.endpoints[configuration.endpoints.count - 1].port = proxy.port
                    }
                    for index in configuration.endpoints.indices {
                        configuration.endpoints[index].host = place.host
                        configuration.endpoints[index].heartbeat = heartbeat
                        configuration.endpoints[index].rpcTimeout = .seconds(5)
                        configuration.endpoints[index].publishTimeout = timeout
                    }
                    configuration.attemptTimeout = .seconds(1) * Deadline.scale
                    configuration.topologyRetryInterval = .milliseconds(200)
                    configure(&configuration)
                }
            ) { client in
                if connects { try await client.connect() }
                try await body(
                    MatrixSession(
                        broker: broker, proxies: proxies, client: client, queue: name, timeout: timeout, log: log))
            }
            // What is sent again because it was refused comes later than what was not.
            return proxies.contains { proxy in
                proxy.journal.records.contains { $0.event == .frame(.method(.basicNack)) }
            }
        }
        try await withChannel(to: broker) { channel in
            for delivery in try await channel.drain(name, count: try await channel.ready(name)) {
                log.delivered(delivery)
            }
            try await channel.delete(queue: name)
            try await channel.delete(queue: name + "-second")
        }
        let report = try log.report()
        #expect(report.isClean(ordered: isOrdered && !wasRefused), "\(report.fullDescription)")
    }

    private static func withProxies<Value>(
        before brokers: [Broker], at place: ProxyPlace, _ proxies: [ChaosProxy] = [],
        _ body: ([ChaosProxy]) async throws -> Value
    ) async throws -> Value {
        guard proxies.count < brokers.count else { return try await body(proxies) }
        return try await ChaosProxy.withProxy(target: brokers[proxies.count].port, at: place) { proxy in
            try await withProxies(before: brokers, at: place, proxies + [proxy], body)
        }
    }

    // MARK: Publishing

    /// What was handed in and has no outcome yet.
    struct Pending: Sendable {
        var id: MessageID
        var publish: AMQPClientPendingPublish
    }

    /// Hands messages in, in order; the checker knows each number as a publisher of its own.
    func enqueue(
        as publisher: UInt32, count: Int, size: Int = 64, timeout: Duration? = nil
    ) async throws -> [Pending] {
        let timeout = timeout ?? self.timeout
        let stream = try stream.withLock { stream throws(AMQPError) in
            if let stream { return stream }
            let new = try client.publisher()
            stream = new
            return new
        }
        var pending: [Pending] = []
        for number in 0..<UInt64(count) {
            let id = MessageID(run: 1, publisher: publisher, sequence: number)
            log.intent(id, deadline: timeout)
            let publish = try await stream.enqueue(
                AMQPMessage(body: CheckedMessage.body(id, size: size)), to: .queue(queue), timeout: timeout)
            pending.append(Pending(id: id, publish: publish))
        }
        return pending
    }

    /// Waits for the outcomes.
    func outcomes(of pending: [Pending]) async -> [Outcome] {
        var outcomes: [Outcome] = []
        for each in pending {
            let outcome: Outcome
            do throws(AMQPError) {
                outcome = .success(try await each.publish.receipt())
            } catch {
                outcome = .failure(error)
            }
            if log.ended(each.id, outcome) == nil { Issue.record("a publish ended without an outcome: \(outcome)") }
            outcomes.append(outcome)
        }
        return outcomes
    }

    /// Publishes and waits for the outcomes.
    @discardableResult
    func publish(as publisher: UInt32, count: Int, size: Int = 64) async throws -> [Outcome] {
        await outcomes(of: try await enqueue(as: publisher, count: count, size: size))
    }

    // MARK: Consuming

    /// Consumes from the queue with manual acks until the client ends. What was handled is told to the checker first.
    func consume(_ gate: Gate) throws {
        try client.consume(queue, prefetch: 10) { delivery in
            await gate.pass()
            log.delivered(delivery)
            return .ack
        }
    }

    /// Everything that was published is handled, and the consumer goes on.
    func expectConsumed(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually(within: .seconds(30), "everything is handled and settled", sourceLocation: sourceLocation)
        {
            guard let consumer = client.health().consumers.first, consumer.isSubscribed else { return false }
            return try await broker.listQueues().first { $0.name == queue }?.messages == 0
        }
        #expect(try log.report().deliveries > 0, sourceLocation: sourceLocation)
    }

    // MARK: Expectations

    /// All were confirmed; gives the most attempts that one of them took.
    @discardableResult
    func expectConfirmed(_ outcomes: [Outcome], sourceLocation: SourceLocation = #_sourceLocation) -> Int {
        var most = 0
        for outcome in outcomes {
            switch outcome {
            case .success(let receipt): most = max(most, receipt.attempts)
            case .failure(let error): Issue.record("not confirmed: \(error)", sourceLocation: sourceLocation)
            }
        }
        return most
    }

    /// Shuts down, on time, and every publish has its outcome then.
    @discardableResult
    func expectShutdown(
        within deadline: Duration, of pending: [Pending], sourceLocation: SourceLocation = #_sourceLocation
    ) async -> AMQPShutdownReport {
        let start = ContinuousClock.now
        let report = await client.shutdown(deadline: deadline)
        let time = ContinuousClock.now - start
        #expect(time <= deadline + Self.shutdownTolerance, sourceLocation: sourceLocation)
        #expect(pending.allSatisfy { $0.publish.outcomeIfKnown != nil }, sourceLocation: sourceLocation)
        _ = await outcomes(of: pending)
        return report
    }

    /// Deletes the second queue behind the client's back, on a connection that no fault is on the way of.
    func deleteSecond() async throws {
        _ = try await withChannel(to: broker) { channel in try await channel.delete(queue: second) }
    }

    /// How many connections the client has had for publishing.
    var connectionCount: UInt64 { client.health().publishing?.connectionCount ?? 0 }

    /// The client is open again, has put back what was deleted, and declares what is new.
    func expectRestored(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let state = await client.state { if case .open = $0 { true } else { false } }
        guard case .open = state else {
            Issue.record("the client is \(state)", sourceLocation: sourceLocation)
            return
        }
        #expect(try await client.status(ofQueue: second).messageCount == 0, sourceLocation: sourceLocation)
        let new = queue + "-new"
        try await client.declare(.classic(new))
        try await client.delete(queue: new)
    }
}
