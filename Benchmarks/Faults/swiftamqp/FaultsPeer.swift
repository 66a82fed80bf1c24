import Glibc
import SwiftAMQP

/// The fault scenarios over SwiftAMQP, with the supervised client where it takes part: what it reports is printed.
///
///     faults-swiftamqp SCENARIO URL QUEUE
///
/// Words go to the standard output, a line each; a line on the standard input says that the fault has been made.
@main
struct FaultsPeer {
    static func main() async {
        let words = CommandLine.arguments
        guard words.count == 4, let scenario = Scenario(rawValue: words[1]) else {
            say("usage: faults-swiftamqp SCENARIO URL QUEUE")
            exit(64)
        }
        let peer = FaultsPeer(url: words[2], queue: words[3])
        do {
            try await peer.play(scenario)
        } catch {
            say("failed: \(error)")
            exit(1)
        }
    }

    private func play(_ scenario: Scenario) async throws {
        switch scenario {
        case .lostConfirm: try await lostConfirm()
        case .staleAck: try await staleAck()
        case .kill: try await kill()
        case .drain: try await drain()
        case .alarm: try await alarm()
        case .halfOpen: try await halfOpen()
        case .deletedQueue: try await deletedQueue()
        }
    }

    private enum Scenario: String {
        case lostConfirm = "lost-confirm"
        case staleAck = "stale-ack"
        case kill, drain, alarm
        case halfOpen = "half-open"
        case deletedQueue = "deleted-queue"
    }

    let url: String
    let queue: String

    private func awaitCue() { _ = readLine() }

    private func client(_ topology: AMQPTopology = AMQPTopology(), heartbeat: Duration = .seconds(10)) async throws
        -> AMQPClient
    {
        var endpoint = try AMQPConfiguration(url: url)
        endpoint.heartbeat = heartbeat
        let client = try AMQPClient(configuration: AMQPClientConfiguration(endpoint), topology: topology)
        try await client.connect([.publishing])
        return client
    }

    private var durable: AMQPTopology { AMQPTopology(queues: [.classic(queue)]) }

    private func publishOne(_ client: AMQPClient, within deadline: Duration) async {
        let start = ContinuousClock.now
        let how: String
        do {
            let receipt = try await client.publish(AMQPMessage("x"), to: .queue(queue), timeout: deadline)
            how = "confirmed, \(receipt.attempts) attempts"
        } catch {
            how = "error: \(error.outcome.map { "\($0)" } ?? error.text)"
        }
        say("publish \(milliseconds(since: start)) ms \(how)")
    }

    private func lostConfirm() async throws {
        let client = try await client(durable)
        say("ready")
        awaitCue()
        await publishOne(client, within: .seconds(10))
    }

    private func staleAck() async throws {
        let configuration = try AMQPConfiguration(url: url)
        let channel = try await AMQPConnection.connect(configuration).openChannel()
        try await channel.declare(.classic(queue, maximumPriority: 5))
        let deliveries = try await channel.consume(queue, prefetch: 10)
        var iterator = deliveries.makeAsyncIterator()
        try await channel.publish(AMQPMessage("A"), to: .queue(queue))
        guard let first = try await iterator.next() else { return }
        var second = AMQPMessage("B")
        second.properties.priority = 5
        try await channel.publish(second, to: .queue(queue))
        _ = try await iterator.next()
        say("ready")
        awaitCue()
        let next = try await AMQPConnection.connect(configuration).openChannel()
        var again = try await next.consume(queue, prefetch: 10).makeAsyncIterator()
        let texts = [try await again.next()?.text ?? "?", try await again.next()?.text ?? "?"]
        say("redelivered \(texts.joined(separator: " "))")
        do {
            try first.ack()
            say("ack no error")
        } catch {
            say("ack error: \(error)")
        }
        // The ack is on its way before the answer to this is.
        _ = try await next.status(ofQueue: queue)
    }

    private func kill() async throws {
        let client = try await client(durable)
        let publisher = try client.publisher(window: 200)
        let events = client.events()
        // Handed in during the outage, and confirmed as soon as that is possible again.
        let again = Task {
            for await event in events {
                guard case .lost(.publishing, _) = event else { continue }
                _ = try await client.publish(AMQPMessage("20000"), to: .queue(queue), timeout: .seconds(60))
                say("again \(epochMilliseconds())")
                return
            }
        }
        var ended: [String: [Int]] = [:]
        var pending: [(Int, AMQPClientPendingPublish)] = []
        for number in 0..<20_000 {
            if number == 7000 { say("ready") }
            do {
                pending.append((number, try await publisher.enqueue(AMQPMessage("\(number)"), to: .queue(queue))))
            } catch {
                ended["failed", default: []].append(number)
            }
        }
        for (number, publish) in pending {
            do throws(AMQPError) {
                _ = try await publish.receipt()
                ended["confirmed", default: []].append(number)
            } catch {
                let isNack = if case .nacked = error.outcome { true } else { false }
                ended[isNack ? "nacked" : "failed", default: []].append(number)
            }
        }
        try await again.value
        for (outcome, numbers) in ended { say("\(outcome) \(numbers.map(String.init).joined(separator: ","))") }
    }

    private func drain() async throws {
        let channel = try await AMQPConnection.connect(AMQPConfiguration(url: url)).openChannel()
        var found: [String] = []
        while let (delivery, _) = try await channel.get(queue, acknowledgement: .automatic) {
            found.append(delivery.text)
        }
        say("found \(found.joined(separator: ","))")
    }

    private func alarm() async throws {
        let client = try await client(durable)
        say("ready")
        awaitCue()
        await publishOne(client, within: .seconds(5))
        say("closing")
        let start = ContinuousClock.now
        let report = await client.shutdown(deadline: .seconds(5))
        say("close \(milliseconds(since: start)) ms \(report.isTimedOut ? "by its deadline" : "")")
    }

    private func halfOpen() async throws {
        let client = try await client(heartbeat: .seconds(2))
        let events = client.events()
        say("ready")
        for await event in events {
            guard case .lost(_, let error) = event else { continue }
            say("noticed \(epochMilliseconds()) \(error)")
            return
        }
    }

    private func deletedQueue() async throws {
        let channel = try await AMQPConnection.connect(AMQPConfiguration(url: url)).openChannel()
        try await channel.declare(.classic(queue))
        do {
            try await channel.withConsumer(queue) { deliveries in
                say("ready")
                for try await _ in deliveries {}
            }
            say("heard the deliveries end")
        } catch {
            say("heard the deliveries throw \(error)")
        }
    }
}

/// At once, also into a pipe.
private func say(_ line: String) {
    var rest = Array((line + "\n").utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}

private func milliseconds(since start: ContinuousClock.Instant) -> Int64 {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
}

private func epochMilliseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
}
