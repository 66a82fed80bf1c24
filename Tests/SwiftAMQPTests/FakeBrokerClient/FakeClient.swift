import SwiftAMQP
import TestSupport

extension AMQPClientConfiguration {
    /// For a broker in this process: short waits, no deadline that a test does not ask for.
    static func fake(_ brokers: FakeBroker...) throws -> AMQPClientConfiguration {
        var configuration = AMQPClientConfiguration(endpoints: try brokers.map { try $0.configuration() })
        configuration.backoff = AMQPBackoff(initial: .milliseconds(1), maximum: .milliseconds(20))
        configuration.publishing.nackBackoff = AMQPBackoff(initial: .milliseconds(1), maximum: .milliseconds(20))
        return configuration
    }
}

/// Runs `body` with a client of a broker that follows these scripts, one a connection, and gives what the client sent.
///
/// The client is shut down at the end; the last script has to say how that is answered, for example with `.goodbye`.
@discardableResult
func withFakeClient(
    _ scripts: [[FakeStep]], topology: AMQPTopology = AMQPTopology(), observer: (any AMQPClientObserver)? = nil,
    configure: (inout AMQPClientConfiguration) -> Void = { _ in }, _ body: (AMQPClient) async throws -> Void
) async throws -> FakeTranscript {
    let broker = try FakeBroker.start(connections: scripts)
    var configuration = try AMQPClientConfiguration.fake(broker)
    configure(&configuration)
    let client = try AMQPClient(configuration: configuration, topology: topology, observer: observer)
    do {
        try await body(client)
    } catch {
        await client.shutdown(deadline: .zero)
        let transcript = await broker.stop()
        throw SessionFailure(error: error, script: nil, received: transcript.session)
    }
    await client.shutdown(deadline: .seconds(5) * Deadline.scale)
    return try await broker.finished()
}

/// What a script has seen of publishes, for the test to look at.
final class SeenPublishes: Sendable {
    private let all = Locked<[FakePublish]>([])

    var publishes: [FakePublish] { all.withLock { $0 } }
    var texts: [String] { publishes.map { String(decoding: $0.body, as: UTF8.self) } }
    var messageIDs: [String?] { publishes.map { $0.header["messageID"]?.text } }
    /// The numbers of the attempts, as their headers say it; 0 where there is none.
    var attempts: [UInt64] {
        publishes.map { $0.header["headers"]?[AMQPMessage.attemptHeader]?.integer ?? 0 }
    }

    func note(_ publish: FakePublish) { all.withLock { $0.append(publish) } }
}

extension FakeStep {
    /// A connection with a channel in confirm mode, as a client's publisher opens it.
    static let publishingChannel = FakeStep.steps("publisher", [.handshake(), .openChannel(1), .confirmSelect(1)])

    /// A publish, kept for the test.
    static func expectPublish(into seen: SeenPublishes, count: Int = 1) -> FakeStep {
        FakeStep("expect \(count) publishes") { (connection) throws(HarnessError) in
            for _ in 0..<count { seen.note(try connection.expectPublish()) }
        }
    }

    /// The broker ends channel 1 and takes the client's close-ok.
    static func refuse(_ code: UInt16, _ text: String) -> FakeStep {
        .steps("refuse", [.sendChannelClose(1, code, text, causedBy: .basicPublish), .expectMethod(.channelCloseOK)])
    }
}

extension AMQPClient {
    /// Waits until the client is in a state for which `isWanted` holds, and fails past the harness's deadline.
    func reaches(_ isWanted: (AMQPClientState) -> Bool) async throws {
        try await until("a state of the client, which is \(state)") { isWanted(state) }
    }
}

extension AMQPClientState {
    var isOpen: Bool { if case .open = self { true } else { false } }
    var isRecovering: Bool { if case .recovering = self { true } else { false } }
    var isDegraded: Bool { if case .degraded = self { true } else { false } }
    var isBlocked: Bool { if case .blocked = self { true } else { false } }
    var isClosed: Bool { if case .closed = self { true } else { false } }
}

/// Keeps what it was told.
final class EventRecorder: AMQPClientObserver {
    private let seen = Locked<[AMQPClientEvent]>([])
    var names: [String] { seen.withLock { $0 }.map { String("\($0)".prefix { $0 != "(" }) } }
    var attempts: [String] {
        seen.withLock { $0 }.compactMap { if case .connecting(_, let endpoint, _) = $0 { endpoint } else { nil } }
    }
    func client(didReport event: AMQPClientEvent) { seen.withLock { $0.append(event) } }
}
