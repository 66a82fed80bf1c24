@testable import AMQPWire

/// Valid traffic, for fuzzing to begin with.
enum Seeds {
    static func payload(of method: AMQPMethod) throws -> [UInt8] {
        Array(try FrameEncoder.frame(method, channel: 1, maxFrameSize: 8192).dropFirst(7).dropLast())
    }

    static func frames(_ methods: [AMQPMethod], channel: UInt16 = 0) throws -> [UInt8] {
        try methods.flatMap { try FrameEncoder.frame($0, channel: channel, maxFrameSize: 8192) }
    }

    /// For each method the shortest payload of zeros behind its id that is one.
    static var shortestPayloads: [[UInt8]] {
        AMQPMethodID.allCases.compactMap { id in
            (0..<64).lazy.map { bigEndian(id.rawValue) + [UInt8](repeating: 0, count: $0) }
                .first { bytes in
                    (try? withExactBytes(bytes) { try WireDecoder().decodeMethod($0, from: .either) }) != nil
                }
        }
    }

    /// The frames of a message: the method that announces it, its header, its body in pieces.
    static func message(
        _ method: AMQPMethod, _ properties: AMQPProperties = AMQPProperties(), body: [UInt8], channel: UInt16 = 1,
        pieces: Int = 1
    ) throws -> [UInt8] {
        let bound = FrameEncoder.publishPrefixBound(exchange: "", routingKey: "", properties: properties)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bound, alignment: 1)
        defer { memory.deallocate() }
        let prefix = try FrameEncoder.encodePublishPrefix(
            channel: channel, exchange: "", routingKey: "", mandatory: false, immediate: false, properties: properties,
            bodySize: body.count, maxFrameSize: 8192, into: memory)
        // Behind basic.publish with two empty names, which is 17 bytes long.
        var bytes = try frames([method], channel: channel) + memory[17..<prefix.byteCount]
        var rest = body[...]
        for piece in 0..<pieces where !rest.isEmpty {
            let part = rest.prefix(rest.count / (pieces - piece))
            rest = rest.dropFirst(part.count)
            bytes += [3] + bigEndian(channel) + bigEndian(UInt32(part.count)) + part + [0xCE]
        }
        return bytes
    }

    /// What a server sends until a connection is open.
    static func handshake() throws -> [UInt8] { try frames([Samples.start, Samples.tune, .connectionOpenOK]) }

    /// What it may send then on channel 1, which ``FuzzedConnection`` has.
    static func channelTraffic() throws -> [[UInt8]] {
        let returned = AMQPMethod.basicReturn(
            .init(replyCode: 312, replyText: "NO_ROUTE", exchange: "e", routingKey: "k"))
        let close = AMQPMethod.channelClose(
            .init(replyCode: 404, replyText: "NOT_FOUND", classID: 50, methodID: 10))
        return [
            try message(Samples.deliver(1), body: []),
            try message(Samples.deliver(1), Samples.allProperties, body: Array("hello".utf8)),
            try (1...3).flatMap {
                try message(Samples.deliver($0), AMQPProperties(deliveryMode: .persistent), body: [1, 2, 3], pieces: 2)
            },
            try message(Samples.deliver(1), body: [UInt8](repeating: 7, count: 600), pieces: 3),
            try message(Samples.deliver(1, to: "auto"), body: [1]),
            try message(Samples.getOK(1), AMQPProperties(headers: Samples.death), body: [1, 2]),
            try message(returned, body: Array("body".utf8))
                + frames([.basicAck(.init(deliveryTag: 1, multiple: false))], channel: 1),
            try frames(
                [
                    .basicAck(.init(deliveryTag: 2, multiple: true)),
                    .basicNack(.init(deliveryTag: 3, multiple: false, requeue: false)),
                ], channel: 1),
            try frames(
                [
                    .queueDeclareOK(.init(queue: "q", messageCount: 1, consumerCount: 2)), .basicGetEmpty,
                    .basicCancelOK(.init(consumerTag: "c")),
                ], channel: 1),
            try frames([.channelFlow(.init(active: false)), .channelFlow(.init(active: true))], channel: 1),
            try frames([.basicCancel(.init(consumerTag: "c", noWait: false)), close], channel: 1),
            try frames([.channelCloseOK], channel: 1),
            try frames([.connectionBlocked(.init(reason: "memory")), .connectionUnblocked])
                + FrameEncoder.heartbeatFrame,
            try frames([.connectionClose(.init(replyCode: 320, replyText: "bye", classID: 0, methodID: 0))]),
        ]
    }

    static func traffic() throws -> [[UInt8]] {
        [try handshake(), FrameEncoder.heartbeatFrame] + (try channelTraffic())
    }
}
