import SwiftAMQP
import TestSupport
import Testing

extension BrokerFaults {
    /// What a supervised consumer does when its broker suffers.
    @Suite("Fault matrix: brokers of a consumer", .serialized, .timeLimit(.minutes(2)))
    struct ConsumerBrokerRowTests {
        @Test(
            "the stream goes on, what was not settled comes again where the connection went",
            arguments: BrokerRowTests.Row.all)
        func consuming(row: BrokerRowTests.Row) async throws {
            let broker = try await FaultNode.shared
            try await MatrixSession.runConsuming(broker, heartbeat: row.heartbeat) { session in
                try await session.expectConsumer(
                    row.endsConnections ? .newConnection : .none, fault: { try await row.fault(broker) },
                    relief: { try await row.relief(broker) })
            }
        }

        @Test("row 18: an alarm: a connection that only consumes goes on, acks count")
        func alarm() async throws {
            let broker = try await FaultNode.shared
            try await MatrixSession.runConsuming(broker) { session in
                try await session.withBusyConsumer { consumer in
                    let pending = try await session.enqueueBlocked(as: 3, by: broker)
                    // What is tested is that nothing happens meanwhile.
                    try await Task.sleep(for: .seconds(2))
                    try await consumer.expectAcks(MatrixSession.heldCount)
                    let before = MatrixSession.heldCount + MatrixSession.handledCount
                    try await eventually("the acks arrive") {
                        try await broker.listQueues().first { $0.name == session.queue }?.messages == 0
                    }
                    #expect(consumer.handled.count == before)
                    #expect(session.client.health().consumers.first?.isSubscribed == true)
                    try await broker.setMemoryAlarm(on: false)
                    session.expectConfirmed(await session.outcomes(of: pending))
                    try await consumer.expectHandled(before + 20)
                    try await session.expectEnd(of: consumer, .none)
                }
            }
        }

        @Test(
            "row 19: a connection that is lost while the other one is blocked: the consumer is back before the alarm ends"
        )
        func lostWhileBlocked() async throws {
            let broker = try await FaultNode.shared
            try await MatrixSession.runConsuming(broker) { session in
                try await session.withBusyConsumer { consumer in
                    let pending = try await session.enqueueBlocked(as: 3, by: broker)
                    await session.proxy.reset()
                    try await consumer.expectStale(MatrixSession.heldCount)
                    #expect(pending.allSatisfy { $0.publish.outcomeIfKnown == nil })
                    try await broker.setMemoryAlarm(on: false)
                    session.expectConfirmed(await session.outcomes(of: pending))
                    try await consumer.expectHandled(MatrixSession.heldCount + MatrixSession.handledCount + 20)
                    try await session.expectEnd(of: consumer, .newConnection)
                }
            }
        }

        /// The broker ends a channel whose deliveries are not settled in time, by default after half an hour.
        @Test(
            "row 31: consumer_timeout: a warning and a cancelled handler before it, a new channel after it, stale acks")
        func consumerTimeout() async throws {
            let broker = try await FaultNode.shared
            // Each channel takes the timeout over when it is opened, and looks at it with each tick.
            try await broker.eval(
                "application:set_env(rabbit, consumer_timeout, 2000), application:set_env(rabbit, channel_tick_interval, 200)"
            )
            try await expectTimeout(broker)
            try await broker.eval(
                "application:set_env(rabbit, consumer_timeout, 1800000), "
                    + "application:set_env(rabbit, channel_tick_interval, 60000)")
        }

        private func expectTimeout(_ broker: Broker) async throws {
            try await MatrixSession.runConsuming(broker) { session in
                let events = session.client.events()
                let (cancelled, warned) = (Gate(), Gate())
                cancelled.open()
                warned.open()
                let consumer = try await session.consume { configuration in
                    configuration.deadlines.consumerTimeout = .seconds(2)
                    configuration.deadlines.warningShare = 0.5
                } onHold: { arrival in
                    // Told to stop, it goes on nevertheless.
                    if arrival.number == 1 {
                        while !Task.isCancelled { try? await Task.sleep(for: .seconds(10)) }
                        await cancelled.pass()
                    }
                }
                defer { consumer.release() }
                session.expectConfirmed(
                    try await session.publish(as: MatrixConsumer.held, count: MatrixSession.heldCount))
                var overdue = 0
                var lost: AMQPError?
                for await event in events {
                    switch event {
                    case .acknowledgementOverdue: overdue += 1
                    case .consumerLost(_, _, let error): lost = error
                    default: break
                    }
                    if lost != nil { break }
                }
                #expect(overdue == MatrixSession.heldCount)
                #expect(cancelled.arrivals == MatrixSession.heldCount)
                #expect(lost?.code == .channelException && lost?.replyCode == 406, "\(String(describing: lost))")
                session.expectConfirmed(try await session.publish(as: 3, count: 20))
                try await consumer.expectStale(MatrixSession.heldCount)
                try await consumer.expectHandled(MatrixSession.heldCount + 20)
                try await session.expectEnd(of: consumer, .newChannel)
            }
        }
    }
}
