import TestSupport

@testable import SwiftAMQP

/// Runs `body` with a source of the deliveries of a fake broker's queue "q", which holds so many messages.
func withSource(
    messages: Int, _ body: (DeliverySource, AMQPChannel, FakeQueues) async throws -> Void
) async throws {
    let queues = FakeQueues(["q"], messages: messages)
    let broker = try FakeBroker.start(connections: [queues.session()], timeout: .seconds(30))
    do {
        try await AMQPConnection.withConnection(try broker.configuration()) { connection in
            let channel = try await connection.openChannel()
            try await body(
                DeliverySource {
                } gaveBack: { _ in
                }, channel, queues)
        }
    } catch {
        await broker.stop()
        throw error
    }
    try await broker.finished()
    if let complaint = queues.complaint { throw HarnessError(.script, complaint) }
}

extension DeliverySource {
    /// Subscribes to queue "q" and takes what comes.
    @discardableResult
    func subscribe(
        _ channel: AMQPChannel, prefetch: AMQPPrefetch = .unlimited, acknowledgement: AMQPAcknowledgement = .manual
    ) async throws -> AMQPDeliveries {
        let deliveries = try await channel.consume(
            "q", prefetch: prefetch, acknowledgement: acknowledgement, consumerTag: "c")
        attach(deliveries.consumer)
        return deliveries
    }
}

extension AMQPDelivery {
    /// The number that the message is.
    var number: Int { Int(text) ?? -1 }
}

/// Closed at first; whoever passes waits until it is opened, also when cancelled.
final class TestGate: Sendable {
    private let state = Locked<(isOpen: Bool, arrivals: Int, waiting: [CheckedContinuation<Void, Never>])>(
        (false, 0, []))

    var arrivals: Int { state.withLock { $0.arrivals } }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                state.arrivals += 1
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let woken = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in woken { continuation.resume() }
    }
}
