import SwiftAMQP
import TestSupport

/// Publishers that go on until they are told to stop: three that await each confirm, three with windows, two that hand in
/// bursts and look for the outcomes later. Each has a queue of its own.
struct Load: Sendable {
    let client: AMQPClient
    let recorder: Recorder
    let run: UInt64
    /// Counts the processes that publish to the same queues one after the other: each has publishers of its own.
    var generation: UInt32 = 0
    /// Messages a second, over all publishers.
    let rate: Int
    let timeout: Duration
    let isStopping = Locked(false)

    static let publishers = UInt32(1)...8

    static var queues: [String] { publishers.map(queue) }

    static func queue(_ publisher: UInt32) -> String { "chaos-\(publisher)" }

    /// Where the order is looked at, one consumer is active at a time: the broker gives half of the messages to that of a
    /// connection which is gone, as long as it has not noticed that.
    static var topology: AMQPTopology {
        AMQPTopology(
            queues: publishers.map {
                .classic(
                    queue($0),
                    arguments: Consumers.inOrder.contains($0) ? ["x-single-active-consumer": .bool(true)] : [:])
            })
    }

    func stop() { isStopping.withLock { $0 = true } }

    /// Returns when everything that was published has its outcome.
    func publish() async {
        await withDiscardingTaskGroup { group in
            for publisher in Self.publishers {
                group.addTask {
                    switch publisher {
                    case 1...3: await single(publisher)
                    case 4...6: await windowed(publisher, window: 64, burst: 16)
                    default: await windowed(publisher, window: 1000, burst: 200)
                    }
                }
            }
        }
    }

    private var goesOn: Bool { !isStopping.withLock { $0 } }

    private func single(_ publisher: UInt32) async {
        var pace = Pace(rate: rate, of: Self.publishers.count)
        var sequence: UInt64 = 0
        while goesOn {
            await pace.wait(for: 1)
            await recorder.record(id(publisher, sequence), size: size(sequence), timeout: timeout) {
                message throws(AMQPError) in
                try await client.publish(message, to: .queue(Self.queue(publisher)), timeout: timeout)
            }
            sequence += 1
        }
    }

    private func windowed(_ number: UInt32, window: Int, burst: Int) async {
        let publisher: AMQPClientPublisher
        do throws(AMQPError) {
            publisher = try client.publisher(window: window)
        } catch {
            recorder.oddities.withLock { $0.append("no publisher: \(error)") }
            return
        }
        var pace = Pace(rate: rate, of: Self.publishers.count)
        await withDiscardingTaskGroup { group in
            var sequence: UInt64 = 0
            while goesOn {
                await pace.wait(for: burst)
                for _ in 0..<burst {
                    await recorder.recordLater(
                        id(number, sequence), size: size(sequence), timeout: timeout, in: &group
                    ) { message throws(AMQPError) in
                        try await publisher.enqueue(message, to: .queue(Self.queue(number)), timeout: timeout)
                    }
                    sequence += 1
                }
            }
        }
        await recorder.watchdog.watch("close of publisher \(number)", within: timeout) { await publisher.close() }
    }

    private func id(_ publisher: UInt32, _ sequence: UInt64) -> MessageID {
        MessageID(run: run, publisher: generation * 100 + publisher, sequence: sequence)
    }

    /// Small ones for the most part; some of several frames.
    private func size(_ sequence: UInt64) -> Int {
        switch sequence % 200 {
        case 199: 200_000
        case 100: 20_000
        default: 64
        }
    }
}

/// Keeps a publisher to its share of a rate. What was missed while it could not publish is not caught up with.
private struct Pace {
    private let interval: Duration
    private var next = ContinuousClock.now

    init(rate: Int, of publishers: Int) { interval = .seconds(1) * publishers / max(rate, 1) }

    mutating func wait(for count: Int) async {
        let now = ContinuousClock.now
        if next > now { try? await Task.sleep(until: next) } else { next = now }
        next = next.advanced(by: interval * count)
    }
}
