import TestSupport
import Testing

@testable import SwiftAMQP

/// What clients took from the system is given back, in whatever way they end.
///
/// Counts what the whole process has, so no other test may run beside it: `make test` runs them one at a time.
@Suite(.timeLimit(.minutes(2))) struct ClientLeakTests {
    private static let queue = AMQPAddress.queue("q")

    @Test func threadsAndDescriptorsAndObjects() async throws {
        _ = try await Self.cycle(10)
        let before = (threads: try ProcessCounts.threads(), descriptors: try ProcessCounts.descriptors())
        let held = try await Self.cycle(50)
        try await until("the descriptors to be given back") {
            (try? ProcessCounts.descriptors()) ?? .max <= before.descriptors
        }
        try await until("the clients to be let go") { held.allSatisfy { !$0.isAnythingLeft } }
        try await until("the threads to end") { (try? ProcessCounts.threads()) ?? .max <= before.threads }
    }

    private static func cycle(_ count: Int) async throws -> [ShutdownTests.Held] {
        var all: [ShutdownTests.Held] = []
        for number in 0..<count {
            let broker: FakeBroker
            switch number % 5 {
            case 0:
                broker = try FakeBroker.start([.publishingChannel, .expectPublish(), .ack(1, 1), .goodbye])
                all.append(try await shutDownAfterAPublish(broker))
            case 1:
                broker = try FakeBroker.start([.publishingChannel, .expectPublish(), .ack(1, 1), .expectClose])
                all.append(try await letGo(broker))
            case 2:
                broker = try FakeBroker.start([.publishingChannel, .expectPublish(), .reset])
                all.append(try await shutDownWithWaiting(broker) { try await $0.reaches { $0.isRecovering } })
            case 3:
                broker = try FakeBroker.start([.expectProtocolHeader, .expectClose])
                all.append(try await shutDownWithWaiting(broker) { _ in })
            default:
                broker = try FakeBroker.start([.publishingChannel, .expectPublish(), .expectClose])
                all.append(try await shutDownWithWaiting(broker) { try await $0.reaches { $0.isOpen } })
            }
            await broker.stop()
        }
        return all
    }

    private static func shutDownAfterAPublish(_ broker: FakeBroker) async throws -> ShutdownTests.Held {
        let client = try AMQPClient(configuration: .fake(broker))
        try await client.publish(AMQPMessage("x"), to: queue)
        let held = try ShutdownTests.Held(client)
        await client.shutdown()
        return held
    }

    private static func letGo(_ broker: FakeBroker) async throws -> ShutdownTests.Held {
        let client = try AMQPClient(configuration: .fake(broker))
        let publisher = try client.publisher()
        try await publisher.publish(AMQPMessage("x"), to: queue)
        return try ShutdownTests.Held(client)
    }

    private static func shutDownWithWaiting(
        _ broker: FakeBroker, _ wait: (AMQPClient) async throws -> Void
    ) async throws -> ShutdownTests.Held {
        let client = try AMQPClient(configuration: .fake(broker))
        let publisher = try client.publisher(window: 2)
        let publishes = (0..<4).map { number in
            Task { try await publisher.publish(AMQPMessage("\(number)"), to: queue) }
        }
        try await wait(client)
        try await until("the window to fill") { publisher.unconfirmedCount == 2 }
        let held = try ShutdownTests.Held(client)
        await client.shutdown(deadline: .zero)
        for publish in publishes { _ = await amqpError { try await publish.value } }
        return held
    }
}
