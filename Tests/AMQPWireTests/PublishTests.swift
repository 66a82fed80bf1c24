import AMQPWire
import Testing

@Suite("Publish") struct PublishTests {
    @Test("names, flags and body size arrive", arguments: [0, 1, 255])
    func roundTrip(_ length: Int) throws {
        let exchange = String(repeating: "e", count: length)
        let routingKey = String(repeating: "k", count: 255 - length)
        for (mandatory, immediate) in [(false, false), (true, false), (false, true), (true, true)] {
            let encoded = try publish(
                exchange: exchange, routingKey: routingKey, mandatory: mandatory, immediate: immediate,
                bodySize: Int(Int32.max))
            #expect(
                encoded.method
                    == .basicPublish(
                        .init(exchange: exchange, routingKey: routingKey, mandatory: mandatory, immediate: immediate)))
            #expect(encoded.bodySize == UInt64(Int32.max))
        }
    }

    @Test("names over 255 bytes and a negative body are refused")
    func refused() {
        let tooLong = String(repeating: "x", count: 256)
        #expect(wireError { _ = try publish(exchange: tooLong) }?.kind == .shortStringTooLong)
        #expect(wireError { _ = try publish(routingKey: tooLong) }?.kind == .shortStringTooLong)
        #expect(wireError { _ = try publish(bodySize: -1) }?.kind == .invalidArgument)
    }

    @Test(
        "the bound holds and a buffer of any smaller size is refused",
        arguments: [
            AMQPProperties(), AMQPProperties(deliveryMode: .persistent, priority: 1), Samples.allProperties,
        ])
    func buffers(_ properties: AMQPProperties) throws {
        let size = try publish(properties).bytes.count
        #expect(try publish(properties, bufferSize: size).bytes.count == size)
        for shorter in 0..<size {
            #expect(wireError { _ = try publish(properties, bufferSize: shorter) }?.kind == .bufferTooSmall)
        }
    }

    @Test("a string that was built from pieces is as good as a literal")
    func builtStrings() throws {
        let pieces = (0..<40).map { "piece \($0)" }.joined(separator: "/")
        let key = String(pieces.dropFirst(3).prefix(200))
        let encoded = try publish(routingKey: key)
        #expect(
            encoded.method
                == .basicPublish(.init(exchange: "e", routingKey: key, mandatory: false, immediate: false)))
    }
}
