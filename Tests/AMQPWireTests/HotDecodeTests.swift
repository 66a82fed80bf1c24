import AMQPWire
import Testing

@Suite("Hot decoders") struct HotDecodeTests {
    @Test("deliver")
    func deliver() throws {
        let method = AMQPMethod.BasicDeliver(
            consumerTag: "tag", deliveryTag: 77, redelivered: true, exchange: "", routingKey: "key")
        let decoder = WireDecoder()
        let payload = try AMQPMethod.basicDeliver(method).payload()
        try withExactBytes(payload) { payload in
            #expect(WireDecoder.peekMethodID(payload) == AMQPMethodID.basicDeliver.rawValue)
            for _ in 0..<1000 {
                let view = try decoder.decodeDeliver(payload)
                #expect(String(decoding: view.consumerTag, as: UTF8.self) == "tag")
                #expect(view.exchange.isEmpty)
                #expect(String(decoding: view.routingKey, as: UTF8.self) == "key")
                #expect(view.deliveryTag == 77)
                #expect(view.redelivered)
            }
        }
        for count in 0..<payload.count {
            withExactBytes(payload.prefix(count)) { cut in
                #expect(wireError { _ = try decoder.decodeDeliver(cut) }?.isLocal == false)
            }
        }
    }

    @Test("acks and nacks")
    func settles() throws {
        let decoder = WireDecoder()
        let ack = try AMQPMethod.basicAck(.init(deliveryTag: .max, multiple: true)).payload()
        let nack = try AMQPMethod.basicNack(.init(deliveryTag: 3, multiple: false, requeue: true)).payload()
        #expect(
            try withExactBytes(ack) { try decoder.decodeAck($0) }
                == SettleView(deliveryTag: .max, multiple: true, requeue: false))
        #expect(
            try withExactBytes(nack) { try decoder.decodeNack($0) }
                == SettleView(deliveryTag: 3, multiple: false, requeue: true))
        for count in 0..<ack.count {
            withExactBytes(ack.prefix(count)) { cut in #expect(wireError { _ = try decoder.decodeAck(cut) } != nil) }
            withExactBytes(nack.prefix(count)) { cut in #expect(wireError { _ = try decoder.decodeNack(cut) } != nil) }
        }
        withExactBytes(nack) { nack in
            #expect(wireError { _ = try decoder.decodeAck(nack) }?.kind == .unexpectedFrame)
        }
    }

    @Test("peeking needs four bytes")
    func peek() {
        for count in 0..<4 {
            withExactBytes([UInt8](repeating: 1, count: count)) { #expect(WireDecoder.peekMethodID($0) == nil) }
        }
        withExactBytes([0, 60, 0, 80]) { #expect(WireDecoder.peekMethodID($0) == 0x003C_0050) }
    }
}
