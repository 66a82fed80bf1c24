import CSwiftAMQP
import TestSupport
import Testing

@testable import SwiftAMQPFacade

@Suite(
    "What a broker does to a client of C", .timeLimit(.minutes(2)),
    .enabled(if: Broker.canStartNodes, Comment(rawValue: Broker.nodesUnavailableReason)))
struct BrokerControlTests {
    /// A client with an event queue, a publisher whose confirms go there, and a channel.
    private struct Session: @unchecked Sendable {
        let client: OpaquePointer
        let events: OpaquePointer
        let publisher: OpaquePointer
        let channel: OpaquePointer
        /// What was told before something else that was waited for: nothing orders what the client is in and why.
        private let earlier = Locked<[Told]>([])

        struct Told {
            let type: samqp_event_type
            let int: Int32
            let text: String
            let status: samqp_status
            let user: UInt
        }

        init(client: OpaquePointer, events: OpaquePointer, publisher: OpaquePointer, channel: OpaquePointer) {
            self.client = client
            self.events = events
            self.publisher = publisher
            self.channel = channel
        }

        static func open(_ broker: Broker) async throws -> Session {
            let events = Client(handle: try #require(samqp_events_new(0)))
            let user = UnsafeMutableRawPointer(bitPattern: 77)
            let client = try startClient([], at: broker.url, events: events.handle, user: user)
            let made = Locked<Session?>(nil)
            await onThread {
                var publisher: OpaquePointer?
                expectOK { samqp_publisher_open(&publisher, client.handle, nil, events.handle, nil, $0) }
                var channel: OpaquePointer?
                expectOK { samqp_channel_open(&channel, client.handle, 20_000, $0) }
                guard let publisher, let channel else { return }
                let session = Session(
                    client: client.handle, events: events.handle, publisher: publisher, channel: channel)
                made.withLock { $0 = session }
            }
            return try #require(made.withLock { $0 })
        }

        /// The first event of this type and number that nobody has asked for yet.
        func event(_ type: samqp_event_type, _ int: Int32) -> Told? {
            let isIt: (Told) -> Bool = { $0.type == type && $0.int == int }
            if let told = earlier.withLock({ all in all.firstIndex(where: isIt).map { all.remove(at: $0) } }) {
                return told
            }
            for _ in 0..<1000 {
                var event: OpaquePointer?
                guard samqp_events_poll(events, 20_000, &event) == 1 else { return nil }
                defer { samqp_event_free(event) }
                let told = Told(
                    type: samqp_event_get_type(event), int: samqp_event_int(event),
                    text: text(samqp_event_text(event)) ?? "",
                    status: samqp_event_status(event), user: UInt(bitPattern: samqp_event_user(event)))
                if isIt(told) { return told }
                earlier.withLock { $0.append(told) }
            }
            return nil
        }

        func end() {
            expectOK { samqp_client_drain(client, 10_000, nil, $0) }
            samqp_channel_free(channel)
            samqp_publisher_free(publisher)
            samqp_client_free(client)
            samqp_events_free(events)
        }
    }

    @Test("an alarm is told, by events, state and health, and publishes wait until it is over")
    func alarm() async throws {
        try await Broker.withPrivateNode { broker in
            let session = try await Session.open(broker)
            try await broker.setMemoryAlarm(on: true)
            await onThread {
                expectOK { samqp_publish(session.publisher, "amq.fanout", "", nil, "x", 1, 1, nil, nil, $0) }
                let blocked = session.event(SAMQP_EVENT_BLOCKED, 1)
                #expect(blocked?.text.contains("memory") == true && blocked?.user == 77)
                let state = session.event(SAMQP_EVENT_STATE, SAMQP_STATE_BLOCKED)
                #expect(state?.text.contains("memory") == true && state?.status == SAMQP_OK)
                #expect(samqp_client_state(session.client) == SAMQP_STATE_BLOCKED)
                let health = call { samqp_client_health(session.client, $0) }
                #expect(health.status == SAMQP_ERR_BLOCKED && health.message.contains("memory"), "\(health.message)")
                #expect(samqp_client_is_live(session.client, 0) == 1)
                // Usable: what is no publish works.
                expectOK { samqp_client_wait(session.client, 0, $0) }
                expectOK { samqp_channel_check_exchange(session.channel, "amq.fanout", 20_000, $0) }
                let late = call {
                    samqp_publish_wait(session.publisher, "amq.fanout", "", nil, "x", 1, 1, 200, $0)
                }
                #expect(late.status == SAMQP_ERR_NOT_SENT && late.cause == SAMQP_ERR_TIMEOUT, "\(late.message)")
            }
            try await broker.setMemoryAlarm(on: false)
            await onThread {
                let confirmed = session.event(SAMQP_EVENT_CONFIRM, 1)
                #expect(confirmed?.status == SAMQP_OK)
                session.end()
            }
        }
    }

    @Test("a broker that closes the connections gives its reason to what goes with them; the client comes back")
    func closing() async throws {
        try await Broker.withPrivateNode { broker in
            let session = try await Session.open(broker)
            await onThread { expectOK { samqp_client_wait(session.client, 20_000, $0) } }
            try await broker.closeAllConnections(reason: "for a test")
            await onThread {
                var delivery: OpaquePointer?
                let said = call { samqp_channel_get(session.channel, "x", 0, 20_000, &delivery, $0) }
                #expect(said.status == SAMQP_ERR_CONNECTION_EXCEPTION && said.replyCode == 320, "\(said.message)")
                #expect(said.message.contains("for a test") && delivery == nil)
                #expect(samqp_channel_is_open(session.channel) == 0)
                expectOK { samqp_publish_wait(session.publisher, "amq.fanout", "", nil, "x", 1, 1, 20_000, $0) }
                var info = samqp_queue_info.sized
                let missing = call { samqp_queue_status(session.client, "x", &info, 20_000, $0) }
                #expect(missing.replyCode == 404)
                session.end()
            }
        }
    }
}
