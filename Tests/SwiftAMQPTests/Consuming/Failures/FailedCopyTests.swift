import Testing

@testable import AMQPWire
@testable import SwiftAMQP

@Suite struct FailedCopyTests {
    private static func copy(
        _ original: AMQPMessage, _ count: FailedCopy.Count = .retries(1), error: String? = "E",
        maximumFrameSize: Int = 131_072
    ) -> AMQPMessage? {
        FailedCopy(
            address: .exchange("events", routingKey: "order.created"), count: count, error: error,
            maximumFrameSize: maximumFrameSize
        ).message(of: original)
    }

    @Test func bodyAndPropertiesAreKept() throws {
        var properties = AMQPProperties(
            contentType: "application/json", contentEncoding: "gzip", headers: ["a": 1, "b": ["c": "d"]],
            deliveryMode: .transient, priority: 7, correlationID: "c", replyTo: "r", messageID: "m",
            timestamp: AMQPTimestamp(secondsSinceEpoch: 5), type: "t", appID: "app")
        let copy = try #require(Self.copy(AMQPMessage(body: [0, 255, 1], properties: properties)))
        #expect(copy.body == [0, 255, 1])
        properties.deliveryMode = .persistent
        properties.headers[AMQPMessage.retriesHeader] = 1
        properties.headers[AMQPMessage.firstExchangeHeader] = "events"
        properties.headers[AMQPMessage.firstRoutingKeyHeader] = "order.created"
        properties.headers[AMQPMessage.errorHeader] = "E"
        #expect(copy.properties == properties)
    }

    @Test func whatIsInTheWayBecomesAHeader() throws {
        let death = AMQPFieldValue.array([["queue": "q", "reason": "expired"]])
        let properties = AMQPProperties(
            headers: ["CC": ["x"], "BCC": ["y"], "x-death": death, "x-delivery-count": 3], expiration: "500",
            userID: "alice")
        let copy = try #require(Self.copy(AMQPMessage("x", properties: properties)))
        #expect(copy.properties.userID == nil)
        #expect(copy.properties.expiration == nil)
        let headers = copy.properties.headers
        for gone in ["CC", "BCC", "x-death", "x-delivery-count"] { #expect(headers[gone] == nil, "\(gone)") }
        #expect(headers[AMQPMessage.firstUserIDHeader] == "alice")
        #expect(headers[AMQPMessage.firstExpirationHeader] == "500")
        #expect(headers[AMQPMessage.firstCCHeader] == ["x"])
        #expect(headers[AMQPMessage.firstBCCHeader] == ["y"])
        #expect(headers[AMQPMessage.firstDeathHeader] == death)
    }

    /// The second copy is made of the first one, which came through the default exchange, dead-lettered.
    @Test func theFirstAddressStays() throws {
        var message = try #require(Self.copy(AMQPMessage("x")))
        for failures in 2...9 {
            message.properties.headers["x-death"] = .array([["queue": "q.retry.1000", "reason": "expired"]])
            let maker = FailedCopy(
                address: .queue("q"), count: .retries(failures), error: "E\(failures)", maximumFrameSize: 131_072)
            message = try #require(maker.message(of: message))
        }
        let headers = message.properties.headers
        #expect(headers[AMQPMessage.firstExchangeHeader] == "events")
        #expect(headers[AMQPMessage.firstRoutingKeyHeader] == "order.created")
        #expect(headers[AMQPMessage.retriesHeader] == 9)
        #expect(headers[AMQPMessage.errorHeader] == "E9")
        #expect(headers.count == 4, "headers do not grow: \(headers.map(\.key))")
    }

    @Test func aParkedMessageBeginsAnew() throws {
        let first = try #require(Self.copy(AMQPMessage("x"), .retries(4)))
        let parked = try #require(Self.copy(first, .failures(5)))
        #expect(parked.properties.headers[AMQPMessage.failuresHeader] == 5)
        #expect(parked.properties.headers[AMQPMessage.retriesHeader] == nil)
        #expect(parked.properties.retryCount == 0)
    }

    @Test func theErrorGoesFirstWhereHeadersAreTooLarge() throws {
        func message(_ filler: Int) -> AMQPMessage {
            AMQPMessage("x", properties: AMQPProperties(headers: ["f": .string(String(repeating: "f", count: filler))]))
        }
        var without = 0
        var refused = 0
        for filler in 3500...4200 {
            guard
                let copy = Self.copy(
                    message(filler), error: String(repeating: "e", count: 200), maximumFrameSize: 4096)
            else {
                refused += 1
                continue
            }
            #expect(refused == 0, "what is larger fits again: \(filler)")
            if copy.properties.headers[AMQPMessage.errorHeader] == nil { without += 1 } else { #expect(without == 0) }
            var raw = [UInt8](repeating: 0, count: 16_384)
            let prefix = try raw.withUnsafeMutableBytes { buffer in
                try FrameEncoder.encodePublishPrefix(
                    channel: 1, exchange: "", routingKey: "q.retry.1000", mandatory: true, immediate: false,
                    properties: copy.properties, bodySize: 1, maxFrameSize: 4096, into: buffer)
            }
            #expect(prefix.byteCount > 0)
        }
        #expect(without > 150 && refused > 100)
    }

    @Test func whatRabbitMQCannotReadHasNoCopy() {
        let properties = AMQPProperties(headers: ["n": .uint64(.max)])
        #expect(Self.copy(AMQPMessage("x", properties: properties)) == nil)
    }

    @Test func accessors() {
        for (value, count) in [
            (nil, 0), (3, 3), (.int32(4), 4), (-1, 0), ("5", 0), (.int64(.max), 1_000_000),
        ] as [(AMQPFieldValue?, Int)] {
            var properties = AMQPProperties()
            if let value { properties.headers[AMQPMessage.retriesHeader] = value }
            #expect(properties.retryCount == count)
        }
        for (value, count) in [(nil, nil), (0, nil), (-2, nil), (2, 2)] as [(AMQPFieldValue?, Int?)] {
            var properties = AMQPProperties()
            if let value { properties.headers["x-delivery-count"] = value }
            #expect(properties.returnCount == count)
        }
    }
}

@Suite struct HandlerFailureTests {
    private struct Broken: Error, CustomStringConvertible { var description: String }

    @Test func isOneShortLine() {
        let failure = AMQPHandlerFailure(Broken(description: "a\r\nb\u{0}c\u{85}" + String(repeating: "ü", count: 999)))
        #expect(failure.kind == "Broken")
        #expect(failure.text.hasPrefix("a b c"))
        #expect((511...512).contains(failure.text.utf8.count))
        #expect(failure.text.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }

    /// By default a copy says nothing of what the error says: it may hold anything.
    @Test func theHeaderHoldsTheKindOnly() {
        let failure = AMQPHandlerFailure(Broken(description: "password is hunter2"))
        #expect(failure.header(AMQPRetryQueues().errorDetail) == "Broken")
        #expect(failure.header(.none) == nil)
        #expect(failure.header(.text) == "Broken: password is hunter2")
        let long = AMQPHandlerFailure(Broken(description: String(repeating: "x", count: 999)))
        #expect(long.header(.text)?.utf8.count == 255)
        #expect(AMQPHandlerFailure(AMQPError(.timeout, "t")).header(.kind) == "AMQPError.timeout")
    }
}
