import CSwiftAMQP
import SwiftAMQP
import TestSupport
import Testing

@testable import SwiftAMQPFacade

@Suite("Plain channels of C", .timeLimit(.minutes(1)))
struct ChannelTests {
    /// A channel and an empty queue of the client's own.
    private static func withChannel(
        _ body: @escaping @Sendable (Client, OpaquePointer, String) -> Void
    ) async throws {
        try await withClient { client in
            var info = samqp_queue_info.sized
            expectOK { samqp_declare_queue(client.handle, nil, SAMQP_EXCLUSIVE, nil, &info, 10_000, $0) }
            var channel: OpaquePointer?
            expectOK { samqp_channel_open(&channel, client.handle, 10_000, $0) }
            if let channel { body(client, channel, info.text) }
            samqp_channel_free(channel)
        }
    }

    private static func get(
        _ channel: OpaquePointer, _ queue: String, _ flags: UInt32 = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> AMQPDelivery? {
        var delivery = OpaquePointer(bitPattern: 1)
        let result = samqp_channel_get(channel, queue, flags, 10_000, &delivery, nil)
        #expect(result == (delivery == nil ? 0 : 1), sourceLocation: sourceLocation)
        let got = Handle.get(delivery, as: DeliveryObject.self)?.delivery
        Handle.free(delivery, as: DeliveryObject.self)
        return got
    }

    @Test("what is published is confirmed, and got with its properties")
    func publishAndGet() async throws {
        try await Self.withChannel { _, channel, queue in
            #expect(Self.get(channel, queue) == nil)
            let described = PropertiesObject(AMQPProperties(contentType: "text/plain", deliveryMode: .transient))
            var properties = samqp_properties()
            properties.struct_size = MemoryLayout<samqp_properties>.size
            #expect(described.fill(&properties) == SAMQP_OK)
            expectOK { samqp_channel_publish(channel, "", queue, &properties, "one", 3, 0, 10_000, $0) }
            withExtendedLifetime(described) {}
            expectOK { samqp_channel_publish(channel, nil, queue, nil, "two", 3, SAMQP_PUBLISH_ONCE, -1, $0) }
            var info = samqp_queue_info.sized
            expectOK { samqp_channel_check_queue(channel, queue, &info, 10_000, $0) }
            #expect(info.messages == 2 && info.text == queue)

            let one = Self.get(channel, queue)
            #expect(one?.text == "one" && one?.properties.contentType == "text/plain")
            #expect(one?.properties.deliveryMode == .transient)
            // Nobody settles it: it comes again.
            expectOK { samqp_channel_recover(channel, 10_000, $0) }
            #expect(Self.get(channel, queue, SAMQP_AUTO_ACK)?.isRedelivered == true)
            #expect(Self.get(channel, queue, SAMQP_AUTO_ACK)?.properties == .persistent)
            #expect(Self.get(channel, queue) == nil)

            let returned = call { samqp_channel_publish(channel, "", "no-such-queue", nil, "x", 1, 0, 10_000, $0) }
            #expect(returned.status == SAMQP_ERR_RETURNED && returned.cause == SAMQP_ERR_RETURNED)
            expectOK {
                samqp_channel_publish(
                    channel, "", "no-such-queue", nil, "x", 1, SAMQP_PUBLISH_UNROUTABLE_OK, 10_000, $0)
            }
            let late = call { samqp_channel_publish(channel, "", queue, nil, "x", 1, 0, 0, $0) }
            #expect(late.status == SAMQP_ERR_NOT_SENT && late.cause == SAMQP_ERR_TIMEOUT)
            #expect(Self.get(channel, queue) == nil)
        }
    }

    @Test("a delivery can be settled after the handles of its channel and its client are gone")
    func deliveryOutlivesItsChannel() async throws {
        let queue = uniqueName("outlives")
        try await withClient { client in
            expectOK { samqp_declare_queue(client.handle, queue, SAMQP_DURABLE, nil, nil, 10_000, $0) }
            var channel: OpaquePointer?
            expectOK { samqp_channel_open(&channel, client.handle, 10_000, $0) }
            expectOK { samqp_channel_publish(channel, "", queue, nil, "one", 3, 0, 10_000, $0) }
            var delivery: OpaquePointer?
            let result = samqp_channel_get(channel, queue, 0, 10_000, &delivery, nil)
            #expect(result == 1)
            samqp_channel_free(channel)
            #expect(throws: Never.self) { try Handle.get(delivery, as: DeliveryObject.self)?.delivery.ack() }
            Handle.free(delivery, as: DeliveryObject.self)
            var messages: UInt64 = 9
            expectOK { samqp_delete_queue(client.handle, queue, 0, &messages, 10_000, $0) }
            #expect(messages == 0)
        }
    }

    @Test("a channel keeps its client going when nobody else holds that")
    func clientOutlivesItsHandle() async throws {
        let client = try startClient([], at: try await Broker.shared.url)
        await onThread {
            var channel: OpaquePointer?
            expectOK { samqp_channel_open(&channel, client.handle, 10_000, $0) }
            samqp_client_free(client.handle)
            for _ in 0..<3 { expectOK { samqp_channel_check_exchange(channel, "amq.fanout", 10_000, $0) } }
            let open = samqp_channel_is_open(channel)
            #expect(open == 1)
            samqp_channel_free(channel)
        }
    }

    @Test("transactions publish at the commit, and not after a rollback")
    func transactions() async throws {
        try await Self.withChannel { client, channel, queue in
            expectOK { samqp_channel_tx_select(channel, 10_000, $0) }
            expectOK { samqp_channel_publish(channel, "", queue, nil, "dropped", 7, 0, 10_000, $0) }
            expectOK { samqp_channel_tx_rollback(channel, 10_000, $0) }
            expectOK { samqp_channel_publish(channel, "", queue, nil, "kept", 4, 0, 10_000, $0) }
            var info = samqp_queue_info.sized
            expectOK { samqp_queue_status(client.handle, queue, &info, 10_000, $0) }
            #expect(info.messages == 0)
            expectOK { samqp_channel_tx_commit(channel, 10_000, $0) }
            expectOK { samqp_queue_status(client.handle, queue, &info, 10_000, $0) }
            #expect(info.messages == 1)
            #expect(Self.get(channel, queue)?.text == "kept")

            var other: OpaquePointer?
            expectOK { samqp_channel_open(&other, client.handle, 10_000, $0) }
            expectOK { samqp_channel_publish(other, "", queue, nil, "x", 1, 0, 10_000, $0) }
            let said = call { samqp_channel_tx_select(other, 10_000, $0) }
            #expect(said.status == SAMQP_ERR_INVALID_ARGUMENT && said.message.contains("confirms"))
            samqp_channel_free(other)
        }
    }

    @Test("what the broker refuses ends the channel, and no other")
    func exceptions() async throws {
        try await Self.withChannel { client, channel, queue in
            expectOK { samqp_channel_check_exchange(channel, "amq.fanout", 10_000, $0) }
            #expect(samqp_channel_is_open(channel) == 1)
            let said = call { samqp_channel_check_exchange(channel, "no-such-exchange", 10_000, $0) }
            #expect(said.status == SAMQP_ERR_CHANNEL_EXCEPTION && said.replyCode == 404)
            #expect(samqp_channel_is_open(channel) == 0)
            let after = call { samqp_channel_recover(channel, 10_000, $0) }
            #expect(after.status == SAMQP_ERR_CHANNEL_EXCEPTION)
            expectOK { samqp_channel_close(channel, 10_000, $0) }
            expectOK { samqp_channel_close(channel, 0, $0) }

            var other: OpaquePointer?
            expectOK { samqp_channel_open(&other, client.handle, -1, $0) }
            let missing = call { samqp_channel_check_queue(other, "no-such-queue", nil, 10_000, $0) }
            #expect(missing.replyCode == 404)
            samqp_channel_free(other)
            expectOK { samqp_channel_open(&other, client.handle, 10_000, $0) }
            expectOK { samqp_channel_check_queue(other, queue, nil, 10_000, $0) }
            expectOK { samqp_channel_close(other, 10_000, $0) }
            #expect(samqp_channel_is_open(other) == 0)
            let closed = call { samqp_channel_check_queue(other, queue, nil, 10_000, $0) }
            #expect(closed.status == SAMQP_ERR_CLOSED)
            samqp_channel_free(other)
        }
    }

    @Test("without time nothing is done; NULL and flags that mean nothing are refused")
    func refused() async throws {
        try await Self.withChannel { client, channel, queue in
            var (out, delivery) = (OpaquePointer(bitPattern: 1), OpaquePointer(bitPattern: 1))
            let late = [
                call { samqp_channel_open(&out, client.handle, 0, $0) },
                call { samqp_channel_get(channel, queue, 0, 0, &delivery, $0) },
                call { samqp_channel_check_queue(channel, queue, nil, 0, $0) },
                call { samqp_channel_check_exchange(channel, queue, 0, $0) },
                call { samqp_channel_recover(channel, 0, $0) }, call { samqp_channel_tx_select(channel, 0, $0) },
                call { samqp_channel_tx_commit(channel, 0, $0) }, call { samqp_channel_tx_rollback(channel, 0, $0) },
                call { samqp_channel_close(channel, 0, $0) },
            ]
            #expect(late.map(\.status) == [samqp_status](repeating: SAMQP_ERR_TIMEOUT, count: late.count))
            #expect(out == nil && delivery == nil && samqp_channel_is_open(channel) == 1)
            let bad = [
                call { samqp_channel_open(nil, client.handle, 1, $0) }, call { samqp_channel_open(&out, nil, 1, $0) },
                call { samqp_channel_get(nil, queue, 0, 1, &delivery, $0) },
                call { samqp_channel_get(channel, nil, 0, 1, &delivery, $0) },
                call { samqp_channel_get(channel, queue, 0, 1, nil, $0) },
                call { samqp_channel_get(channel, queue, 2, 1, &delivery, $0) },
                call { samqp_channel_get(channel, longText, 0, 1, &delivery, $0) },
                call { samqp_channel_publish(nil, "", queue, nil, "x", 1, 0, 1, $0) },
                call { samqp_channel_publish(channel, "", queue, nil, nil, 1, 0, 1, $0) },
                call { samqp_channel_publish(channel, "", queue, nil, "x", -1, 0, 1, $0) },
                call { samqp_channel_publish(channel, "", queue, nil, "x", 1, 4, 1, $0) },
                call { samqp_channel_publish(channel, badText, queue, nil, "x", 1, 0, 1, $0) },
                call { samqp_channel_publish(channel, "", longText, nil, "x", 1, 0, 1, $0) },
                call { samqp_channel_check_queue(nil, queue, nil, 1, $0) },
                call { samqp_channel_check_queue(channel, nil, nil, 1, $0) },
                call { samqp_channel_check_exchange(nil, queue, 1, $0) },
                call { samqp_channel_check_exchange(channel, nil, 1, $0) },
                call { samqp_channel_recover(nil, 1, $0) }, call { samqp_channel_tx_select(nil, 1, $0) },
                call { samqp_channel_tx_commit(nil, 1, $0) }, call { samqp_channel_tx_rollback(nil, 1, $0) },
                call { samqp_channel_close(nil, 1, $0) },
            ]
            #expect(bad.map(\.status) == [samqp_status](repeating: SAMQP_ERR_INVALID_ARGUMENT, count: bad.count))
            #expect(samqp_channel_is_open(nil) == 0 && samqp_channel_is_open(channel) == 1)
            samqp_channel_free(nil)
            Self.expectDeadlock(client, channel)
        }
    }

    private static func expectDeadlock(_ client: Client, _ channel: OpaquePointer) {
        Callback.run(.event(nil)) {
            #expect(samqp_channel_recover(channel, 10_000, nil) == SAMQP_ERR_WOULD_DEADLOCK)
            var out: OpaquePointer?
            let opened = samqp_channel_open(&out, client.handle, 10_000, nil)
            #expect(opened == SAMQP_ERR_WOULD_DEADLOCK)
            #expect(samqp_declare_queue(client.handle, nil, 0, nil, nil, 10_000, nil) == SAMQP_ERR_WOULD_DEADLOCK)
        }
    }

    @Test("a client that gets no connection gives the time out, and says what it waited for")
    func noConnection() async throws {
        let client = try startClient([("client.first_connect_ms", "none")], at: "amqp://127.0.0.1:1")
        await onThread {
            var channel: OpaquePointer?
            let said = call { samqp_channel_open(&channel, client.handle, 20, $0) }
            #expect(said.status == SAMQP_ERR_TIMEOUT && said.message.contains("no connection"), "\(said.message)")
            let declared = call { samqp_declare_queue(client.handle, "q", 0, nil, nil, 20, $0) }
            #expect(declared.status == SAMQP_ERR_TIMEOUT && declared.message.contains("no connection"))
        }
        await onThread {
            expectOK { samqp_client_close(client.handle, $0) }
            var channel: OpaquePointer?
            let said = call { samqp_channel_open(&channel, client.handle, 10_000, $0) }
            #expect(said.status == SAMQP_ERR_CLOSED)
            samqp_client_free(client.handle)
        }
    }
}
