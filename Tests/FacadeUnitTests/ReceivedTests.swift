import CSwiftAMQP
import TestSupport
import Testing

@testable import SwiftAMQPFacade

/// What a broker may send and no honest publisher would.
@Suite("What comes from a broker, in C", .timeLimit(.minutes(1)))
struct ReceivedTests {
    /// Gives `body` a delivery with such properties and such an exchange, and frees it.
    private static func withDelivery(
        flags: UInt16, properties: [UInt8], exchange: [UInt8] = [120],
        _ body: @escaping @Sendable (Client) -> Void
    ) async throws {
        let script: [FakeStep] = [.handshake(), .answerGets(flags: flags, properties: properties, exchange: exchange)]
        // A client has two connections.
        let broker = try FakeBroker.start(connections: [script, script])
        let client = try startClient([("connection.heartbeat_ms", "0")], at: broker.url())
        await onThread {
            var channel: OpaquePointer?
            expectOK { samqp_channel_open(&channel, client.handle, 20_000, $0) }
            var delivery: OpaquePointer?
            let count = call { samqp_channel_get(channel, "q", 0, 20_000, &delivery, $0) }
            #expect(count.status == 1, "\(count.message)")
            if let delivery { body(Client(handle: delivery)) }
            samqp_delivery_free(delivery)
            samqp_channel_free(channel)
            expectOK { samqp_client_drain(client.handle, 10_000, nil, $0) }
            samqp_client_free(client.handle)
        }
        try await broker.finished()
    }

    private static func body(of delivery: Client) -> [UInt8] {
        var length = 77
        let bytes = samqp_delivery_body(delivery.handle, &length)
        return [UInt8](UnsafeRawBufferPointer(start: bytes, count: length))
    }

    @Test("properties that cannot be read are an error and nothing else: the struct is empty, the body whole")
    func unreadableProperties() async throws {
        // A content type, and a header of a kind that there is none of.
        let bytes: [UInt8] = [3, 97, 47, 98, 0, 0, 0, 3, 1, 97, 90]
        try await Self.withDelivery(flags: 0x8000 | 0x2000, properties: bytes) { delivery in
            var properties = samqp_properties()
            properties.struct_size = MemoryLayout<samqp_properties>.size
            properties.priority = 77
            properties.app_id = samqp_version_string()
            #expect(samqp_delivery_properties(delivery.handle, &properties) == SAMQP_ERR_PROTOCOL)
            #expect(properties.content_type == nil && properties.headers == nil && properties.app_id == nil)
            #expect(properties.priority == 0 && properties.has_priority == 0)
            #expect(properties.struct_size == MemoryLayout<samqp_properties>.size)
            #expect(Self.body(of: delivery) == [1, 2, 3])
            #expect(samqp_delivery_redelivered(delivery.handle) == 1)
            #expect(samqp_delivery_ack(delivery.handle, 0) == SAMQP_OK)
        }
    }

    @Test("a text ends at its first zero byte, and bytes that are not UTF-8 are replaced")
    func texts() async throws {
        // "a", zero, "b" as the content type.
        try await Self.withDelivery(flags: 0x8000, properties: [3, 97, 0, 98], exchange: [120, 0xFF, 121]) { delivery in
            var properties = samqp_properties()
            properties.struct_size = MemoryLayout<samqp_properties>.size
            #expect(samqp_delivery_properties(delivery.handle, &properties) == SAMQP_OK)
            #expect(text(properties.content_type) == "a")
            #expect(text(samqp_delivery_exchange(delivery.handle)) == "x\u{FFFD}y")
            #expect(text(samqp_delivery_routing_key(delivery.handle)) == "key")
            #expect(samqp_delivery_ack(delivery.handle, 0) == SAMQP_OK)
        }
    }
}

extension FakeStep {
    /// Opens channels and answers every `basic.get` with the same message, until the client closes the connection.
    fileprivate static func answerGets(flags: UInt16, properties: [UInt8], exchange: [UInt8]) -> FakeStep {
        FakeStep("answer gets") { (connection) throws(HarnessError) in
            while let frame = try connection.nextFrame() {
                let method = try WireMethod(payload: frame.payload)
                switch method.id {
                case .channelOpen: try connection.send(.method(frame.channel, .channelOpenOK) { $0.longString("") })
                case .channelClose: try connection.send(.method(frame.channel, .channelCloseOK))
                case .basicGet:
                    try connection.send(
                        .method(frame.channel, .basicGetOK) {
                            $0.u64(1)
                            $0.bits(true)
                            $0.raw([UInt8(exchange.count)] + exchange)
                            $0.shortString("key")
                            $0.u32(0)
                        })
                    try connection.send(.header(frame.channel, bodySize: 3, flags: flags) { $0.raw(properties) })
                    try connection.send(.body(frame.channel, [1, 2, 3]))
                case .basicAck: break
                case .connectionClose:
                    try connection.send(.method(0, .connectionCloseOK))
                    return try connection.expectClose()
                default: throw HarnessError(.script, "\(method.name) is not in the script")
                }
            }
        }
    }
}
