import ClientTestSupport
import SwiftAMQP
import TestSupport

/// What a program does with a supervised client, from its beginning to its end, over a proxy, with every wait bounded.
///
/// Run without a fault it gives the frames of a sweep; run with one it says what of the promises did not hold.
struct SweepSession: Sendable {
    let broker: Broker
    let proxy: ChaosProxy
    let run: UInt64
    let watchdog: Watchdog

    static let heartbeat: Duration = .seconds(1)
    /// Longer than it takes to notice that a connection is dead (twice the heartbeat) and to get another.
    static let publishTimeout: Duration = .seconds(4)
    static let callTimeout: Duration = .seconds(4)
    static let shutdownDeadline: Duration = .seconds(2)
    /// What a shutdown may take beyond its deadline.
    static let shutdownTolerance: Duration = .milliseconds(250) * Deadline.scale

    struct Result: Sendable {
        /// What did not hold.
        var failures: [String] = []
        var report: CheckReport?
        /// Why the client gave up, where it did.
        var closed: AMQPError?
    }

    private var queue: String { "sweep-\(run)" }
    private var exchange: String { "sweep-x-\(run)" }

    func play() async -> Result {
        var result = Result()
        let recorder = Recorder(log: CheckLog(run: run), watchdog: watchdog)
        do {
            try await play(recorder, &result)
        } catch {
            result.failures.append("\(error)")
        }
        result.failures += recorder.oddities.withLock { $0 }
        // Whatever the connections still hold goes no further.
        await proxy.stop()
        do {
            try await recorder.log.drain([queue], of: broker)
            try await withChannel { channel in try await channel.delete(exchange: exchange) }
            result.failures += try recorder.log.failures()
            result.report = try recorder.log.report()
        } catch {
            result.failures.append("the queue could not be drained: \(error)")
        }
        return result
    }

    private func play(_ recorder: Recorder, _ result: inout Result) async throws {
        // The queue is there whatever becomes of the client, so that it can be looked into afterwards.
        try await withChannel { channel in
            try await channel.declare(.classic(queue))
            try await channel.declare(AMQPExchange.direct(exchange))
        }
        let client = try AMQPClient(configuration: configuration(), topology: topology)
        await watchdog.watch("connect", within: .seconds(10)) {
            do throws(AMQPError) { try await client.connect() } catch { result.closed = error }
        }
        if case .closed = client.state {
        } else {
            // Few at a time, so that there are acks in between, and one after the other, so that the order is that of the queue.
            try client.consume(queue, prefetch: 3) { delivery in
                recorder.log.delivered(delivery)
                return .ack
            }
        }
        await publish(client, recorder)
        await call(client)
        if await !isServed(client, recorder) {
            if case .closed(let error) = client.state {
                result.closed = error
            } else {
                result.failures.append("the client does not come back: it is \(client.state), \(client.health())")
            }
        }
        let start = ContinuousClock.now
        await watchdog.watch("shutdown", within: Self.shutdownDeadline) {
            _ = await client.shutdown(deadline: Self.shutdownDeadline)
        }
        let time = ContinuousClock.now - start
        if time > Self.shutdownDeadline * Deadline.scale + Self.shutdownTolerance {
            result.failures.append("the shutdown took \(time)")
        }
        if client.health().unconfirmedMessages != 0 {
            result.failures.append("\(client.health().unconfirmedMessages) publishes are left after the shutdown")
        }
    }

    /// Awaited one by one, unroutable, in a window, and never to be sent twice.
    private func publish(_ client: AMQPClient, _ recorder: Recorder) async {
        for number in UInt64(0)..<3 {
            await recorder.record(id(1, number), timeout: Self.publishTimeout) { message throws(AMQPError) in
                try await client.publish(
                    message, to: .exchange(exchange, routingKey: "k"), timeout: Self.publishTimeout)
            }
        }
        await recorder.record(id(2, 0), timeout: Self.publishTimeout) { message throws(AMQPError) in
            try await client.publish(
                message, to: .exchange(exchange, routingKey: "nowhere"), timeout: Self.publishTimeout)
        }
        await recorder.record(id(3, 0), timeout: Self.publishTimeout) { message throws(AMQPError) in
            try await client.publish(message, to: .queue(queue), policy: .once, timeout: Self.publishTimeout)
        }
        guard let publisher = try? client.publisher(window: 3) else { return }
        await withDiscardingTaskGroup { group in
            for number in UInt64(0)..<6 {
                await recorder.recordLater(id(4, number), timeout: Self.publishTimeout, in: &group) {
                    message throws(AMQPError) in
                    try await publisher.enqueue(message, to: .queue(queue), timeout: Self.publishTimeout)
                }
            }
        }
        await watchdog.watch("close of a publisher", within: Self.publishTimeout) { await publisher.close() }
    }

    /// Calls may fail here; they must end.
    private func call(_ client: AMQPClient) async {
        let other = "sweep-other-\(run)"
        await watchdog.watch("status", within: Self.callTimeout) {
            _ = try? await client.status(ofQueue: queue, timeout: Self.callTimeout)
        }
        await watchdog.watch("declare", within: Self.callTimeout) {
            _ = try? await client.declare(.classic(other, expires: .seconds(60)), timeout: Self.callTimeout)
        }
        await watchdog.watch("delete", within: Self.callTimeout) {
            _ = try? await client.delete(queue: other, timeout: Self.callTimeout)
        }
    }

    /// Whether a publish is confirmed. The fault may be one of its own frames, such as a confirm that is dropped on a
    /// connection that is otherwise well; then the next one has to be.
    private func isServed(_ client: AMQPClient, _ recorder: Recorder) async -> Bool {
        for number in UInt64(0)..<2 {
            let outcome = await recorder.record(id(5, number), timeout: .seconds(6)) { message throws(AMQPError) in
                try await client.publish(message, to: .queue(queue), timeout: .seconds(6))
            }
            if outcome == .confirmed { return true }
        }
        return false
    }

    private func id(_ publisher: UInt32, _ sequence: UInt64) -> MessageID {
        MessageID(run: run, publisher: publisher, sequence: sequence)
    }

    private var topology: AMQPTopology {
        AMQPTopology(
            exchanges: [.direct(exchange)], queues: [.classic(queue)],
            bindings: [.queue(queue, to: exchange, routingKey: "k")])
    }

    private func configuration() throws -> AMQPClientConfiguration {
        var endpoint = try AMQPConfiguration(url: proxy.url(to: broker))
        endpoint.heartbeat = Self.heartbeat
        endpoint.rpcTimeout = .seconds(2)
        endpoint.publishTimeout = Self.publishTimeout
        endpoint.closeTimeout = .seconds(1)
        var configuration = AMQPClientConfiguration(endpoint)
        configuration.attemptTimeout = .seconds(1) * Deadline.scale
        configuration.firstConnect = .within(.seconds(8))
        configuration.topologyRetryInterval = .milliseconds(200)
        return configuration
    }

    /// A channel that no fault is on the way of.
    private func withChannel(_ body: (AMQPChannel) async throws -> Void) async throws {
        try await AMQPConnection.withConnection(AMQPConfiguration(url: broker.url)) { connection in
            try await connection.withChannel { channel in try await body(channel) }
        }
    }
}
