@testable import AMQPWire

extension FuzzTarget {
    /// Every method of every class, from either side: decode, and what was decoded encodes to the same again.
    static let methods = FuzzTarget(
        name: "methods", maxLength: 2048,
        run: { input in
            var choices = ByteChoices(input)
            let peer = choices.pick([Peer.server, .client, .either])
            let payload = choices.rest
            let decoder = WireDecoder()
            let method: AMQPMethod
            do throws(WireError) {
                method = try decoder.decodeMethod(payload, from: peer)
            } catch {
                try hold(!error.isLocal && error.replyCode != nil, "\(error) is no error of the peer")
                try hold(error.scope == .connection, "\(error) is confined to a message")
                return
            }
            try hold(WireDecoder.peekMethodID(payload) == method.id.rawValue, "decoded another method: \(method.name)")
            try hold(method.id.mayBeSent(by: peer), "\(method.name) from the \(peer)")
            try checkHot(method, payload)
            try checkStable(method, inputSize: payload.count)
        },
        seeds: {
            let written = try Samples.methods.map { method in
                [method.id.mayBeSent(by: .server) ? 0 : 1] + (try Seeds.payload(of: method))
            }
            return written + Seeds.shortestPayloads.map { [2] + $0 }
        })

    /// The decoders of the methods that come most often say the same as the general one.
    private static func checkHot(_ method: AMQPMethod, _ payload: UnsafeRawBufferPointer) throws {
        let decoder = WireDecoder()
        switch method {
        case .basicDeliver(let deliver):
            let view = try decoder.decodeDeliver(payload)
            let copied = AMQPMethod.BasicDeliver(
                consumerTag: String(decoding: view.consumerTag, as: UTF8.self), deliveryTag: view.deliveryTag,
                redelivered: view.redelivered, exchange: String(decoding: view.exchange, as: UTF8.self),
                routingKey: String(decoding: view.routingKey, as: UTF8.self))
            try hold(copied == deliver, "two readings of basic.deliver: \(copied), \(deliver)")
        case .basicAck(let ack):
            let view = try decoder.decodeAck(payload)
            try hold(
                view == SettleView(deliveryTag: ack.deliveryTag, multiple: ack.multiple, requeue: false),
                "two readings of basic.ack: \(view), \(ack)")
        case .basicNack(let nack):
            let view = try decoder.decodeNack(payload)
            try hold(
                view == SettleView(deliveryTag: nack.deliveryTag, multiple: nack.multiple, requeue: nack.requeue),
                "two readings of basic.nack: \(view), \(nack)")
        default: break
        }
    }

    /// Encode, decode, encode: the same bytes, in the space that was promised, and in proportion to the input.
    private static func checkStable(_ method: AMQPMethod, inputSize: Int) throws {
        let limit = 1 << 20
        let frame: [UInt8]
        do throws(WireError) {
            frame = try FrameEncoder.frame(method, channel: 1, maxFrameSize: limit)
        } catch {
            // U+FFFD in place of a byte that is no UTF-8 makes a text longer.
            try hold(
                [.shortStringTooLong, .tableKeyTooLong].contains(error.kind), "\(method.name) does not encode: \(error)"
            )
            return
        }
        try hold(frame.count <= FrameEncoder.maxEncodedSize(of: method), "\(method.name) is larger than its bound")
        try hold(frame.count <= 64 + 3 * inputSize, "\(inputSize) bytes became \(frame.count)")
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: frame.count, alignment: 1)
        defer { buffer.deallocate() }
        let size = try FrameEncoder.encode(method, channel: 1, into: buffer, maxFrameSize: frame.count)
        try hold(size == frame.count && buffer.elementsEqual(frame), "two encodings of \(method.name)")
        let again = try withExactBytes(frame.dropFirst(7).dropLast()) {
            try WireDecoder().decodeMethod($0, from: .either)
        }
        // Compared as bytes: a NaN does not equal itself.
        let bytes = try FrameEncoder.frame(again, channel: 1, maxFrameSize: limit)
        try hold(bytes == frame, "\(method) became \(again)")
    }
}
