import Glibc
import SwiftAMQP
import TestSupport
import Testing

/// What a supervised consumer does when its own process suffers.
@Suite("Fault matrix: the process of a consumer", .timeLimit(.minutes(2)))
struct ConsumerProcessRowTests {
    /// Ten heartbeat timeouts in which one handler blocks a thread, one hangs, one is slow and one throws again and again.
    @Test(
        "row 37: handlers that hang, block, throw or are slow: reported, held against the prefetch, never disconnected")
    func handlers() async throws {
        try await MatrixSession.runConsuming { session in
            let events = session.client.events()
            let blocked = Gate()
            blocked.open()
            let start = ContinuousClock.now
            let consumer = try await session.consume { configuration in
                configuration.prefetch = 5
                configuration.deadlines.handlerDeadline = .milliseconds(500)
                let backoff = AMQPBackoff(initial: .milliseconds(100), maximum: .milliseconds(200))
                configuration.failures = .requeue(backoff: backoff, limit: 19)
            } onHold: { arrival in
                switch arrival.id.sequence {
                case 0:
                    // No thread of the pool should be blocked; this one is.
                    await blocked.pass()
                    usleep(10_500_000)
                case 1: try? await Task.sleep(for: .seconds(1))
                case 2: if arrival.number <= 5 { throw Broken() }
                default: break
                }
            }
            defer { consumer.release() }
            // Five: the last two hang until they are told.
            session.expectConfirmed(try await session.publish(as: MatrixConsumer.held, count: 5))
            let waiting = try await session.publish(as: 2, count: 5)
            session.expectConfirmed(waiting)
            consumer.again.open()
            var (overdue, failed) = (0, 0)
            for await event in events {
                if case .handlerOverdue = event { overdue += 1 }
                if case .deliveryFailed(let failure) = event {
                    #expect(failure.error.kind == "Broken")
                    if case .requeued = failure.action { failed += 1 }
                }
                if overdue == 4, failed == 5 { break }
            }
            #expect(blocked.arrivals == 1)
            // All but the one that threw hold their place of the prefetch, so one goes through after the other.
            try await consumer.expectHandled(6)
            #expect(session.client.health().consumers.first?.handling == 4)
            // What is tested is that nothing happens meanwhile.
            try await Task.sleep(until: start + .seconds(10.2), clock: .continuous)
            #expect(session.client.health().consuming?.connectionCount == 1)
            #expect(session.client.health().consumers.first?.handling == 4)
            consumer.first.open()
            // The acks of those that hung count.
            try await consumer.expectHandled(10)
            #expect(consumer.heldFirst.filter { $0.id.sequence != 2 }.allSatisfy { $0.end == .acked })
            let thrown = consumer.all.filter { $0.id.publisher == MatrixConsumer.held && $0.id.sequence == 2 }
            #expect(thrown.count == 6)
            #expect(thrown.dropFirst().allSatisfy { $0.delivery.isRedelivered })
            #expect(consumer.consumer.counts.stale == 0)
            #expect(session.client.health().consumers.first?.subscriptionCount == 1)
            try await session.expectOneConsumer(of: session.queue)
            consumer.expectSound()
            try await session.expectEnd(of: consumer, prefetch: 5)
        }
    }

    private struct Broken: Error {}

    @Test("row 39: cancelled tasks: the consumers end without an error, what is not settled goes back")
    func cancelled() async throws {
        try await MatrixSession.runConsuming { session in
            let consumer = try await session.consume()
            defer { consumer.release() }
            let running = Task { try await consumer.consumer.run() }
            session.expectConfirmed(try await session.publish(as: MatrixConsumer.held, count: MatrixSession.heldCount))
            try await consumer.expectHeld(MatrixSession.heldCount)
            let taken = Gate()
            taken.open()
            try await session.client.publish(AMQPMessage("x"), to: .queue(session.second))
            let iterating = Task {
                try await session.client.withConsumer(session.second) { deliveries in
                    for try await _ in deliveries { await taken.pass() }
                }
            }
            try await eventually("it has the message") { taken.arrivals == 1 }
            iterating.cancel()
            await expectError(.cancelled) { try await iterating.value }
            running.cancel()
            // Its handlers come to their end; what they say counts.
            try await eventually("it takes nothing more") { session.client.health().consumers.isEmpty }
            session.expectConfirmed(try await session.publish(as: 3, count: 5))
            try await consumer.expectAcks(MatrixSession.heldCount)
            try await running.value
            #expect(consumer.consumer.counts.handled == UInt64(MatrixSession.heldCount))
            // Nothing of it comes to whoever takes its place.
            let next = try await session.consume()
            session.expectConfirmed(try await session.publish(as: 4, count: 1))
            try await next.expectHandled(6)
            try await withChannel { channel in
                try await eventually("what was not settled is back") { try await channel.ready(session.second) == 1 }
                #expect(try await channel.ready(session.queue) == 0)
                #expect(try await channel.status(ofQueue: session.second).consumerCount == 0)
            }
            try await session.expectOneConsumer(of: session.queue)
            next.expectNothingRedelivered()
            session.expectCleanFrames()
        }
    }

    @Test("row 39: a deadline that passes with handlers at work: their messages go back at once")
    func hasty() async throws {
        try await MatrixSession.runConsuming { session in
            let consumer = try await session.consume()
            defer { consumer.release() }
            session.expectConfirmed(try await session.publish(as: MatrixConsumer.held, count: MatrixSession.heldCount))
            try await consumer.expectHeld(MatrixSession.heldCount)
            await consumer.consumer.cancel(deadline: .zero)
            try await withChannel { channel in
                try await eventually("they are back") {
                    try await channel.ready(session.queue) == MatrixSession.heldCount
                }
            }
            consumer.first.open()
            try await eventually("the handlers are back") { consumer.heldFirst.allSatisfy { $0.end == .stale } }
            let next = try await session.consume()
            defer { next.release() }
            try await next.expectHeld(MatrixSession.heldCount)
            #expect(next.all.allSatisfy { $0.delivery.isRedelivered })
            next.first.open()
            try await next.expectHandled(MatrixSession.heldCount)
            session.expectCleanFrames()
        }
    }

    @Test("row 40: out of descriptors: the consumer is back when there are some again")
    func outOfDescriptors() async throws {
        try await MatrixSession.runConsuming { session in
            try await session.expectConsumer(.newConnection) {
                let reason = try await session.resetWithoutDescriptors(of: .consuming)
                #expect(reason?.systemErrno == EMFILE, "\(String(describing: reason))")
            }
        }
    }

    @Test("row 40: a name that does not resolve: the consumer goes on at the next endpoint")
    func unresolvable() async throws {
        try await MatrixSession.runConsuming(
            configure: { configuration in
                var other = configuration.endpoints[0]
                other.host = "no-such-host.invalid"
                configuration.endpoints.insert(other, at: 0)
            }
        ) { session in
            try await session.expectConsumer(.newConnection) { await session.proxy.reset() }
        }
    }
}
