import AMQPWire
import Testing

@Suite("Methods") struct MethodTests {
    @Test("the samples hold every method once")
    func samplesAreComplete() {
        #expect(Samples.methods.map(\.id).count == 66)
        #expect(Set(Samples.methods.map(\.id)) == Set(AMQPMethodID.allCases))
    }

    @Test("a method decodes to what was encoded", arguments: Samples.methods)
    func roundTrip(_ method: AMQPMethod) throws {
        #expect(try decode(method.payload()) == method)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: FrameEncoder.maxEncodedSize(of: method), alignment: 1)
        defer { buffer.deallocate() }
        let size = try FrameEncoder.encode(method, channel: 9, into: buffer, maxFrameSize: 4096)
        #expect(size <= buffer.count)
        let frame = try FrameSplitter(maxFrameSize: 4096, channelMax: 9).next(in: UnsafeRawBufferPointer(buffer))
        #expect(frame?.channel == 9)
        #expect(frame?.type == .method)
        #expect(frame?.totalSize == size)
        // A buffer of exactly the frame's size is enough, and one byte less is refused.
        let exact = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)
        defer { exact.deallocate() }
        #expect(try FrameEncoder.encode(method, channel: 9, into: exact, maxFrameSize: size) == size)
        let short = UnsafeMutableRawBufferPointer(rebasing: exact.dropLast())
        #expect(
            wireError { _ = try FrameEncoder.encode(method, channel: 9, into: short, maxFrameSize: size) }?.kind
                == .bufferTooSmall)
    }

    @Test("a method cut short at any byte is refused", arguments: Samples.methods)
    func truncation(_ method: AMQPMethod) throws {
        let payload = try method.payload()
        for count in 0..<payload.count {
            let error = wireError { _ = try decode(Array(payload.prefix(count))) }
            #expect(error?.kind == .syntaxError, "\(method.name) cut to \(count) of \(payload.count) bytes")
            #expect(error?.isLocal == false)
        }
    }

    @Test("names are those of the specification")
    func names() {
        #expect(AMQPMethodID.queueDeclareOK.name == "queue.declare-ok")
        #expect(AMQPMethodID.basicQoS.name == "basic.qos")
        #expect(AMQPMethodID.basicRecoverAsync.name == "basic.recover-async")
        #expect(AMQPMethodID.connectionUpdateSecretOK.name == "connection.update-secret-ok")
        #expect(AMQPMethodID.exchangeUnbindOK.classID == 40)
        #expect(AMQPMethodID.exchangeUnbindOK.methodID == 51)
        #expect(Set(AMQPMethodID.allCases.map(\.name)).count == 66)
    }

    @Test("only methods of the expected side pass")
    func direction() throws {
        for method in Samples.methods {
            let payload = try method.payload()
            for peer in [Peer.server, .client] {
                let error = wireError { _ = try decode(payload, from: peer) }
                if method.id.mayBeSent(by: peer) {
                    #expect(error == nil)
                } else {
                    #expect(error?.kind == .commandInvalid)
                    #expect(error?.replyCode == 503)
                }
            }
            #expect(method.id.mayBeSent(by: .server) || method.id.mayBeSent(by: .client))
        }
    }

    @Test("text that is not UTF-8 is repaired")
    func repairedText() throws {
        var payload = try AMQPMethod.basicConsumeOK(.init(consumerTag: "abc")).payload()
        payload[6] = 0xFF
        #expect(try decode(payload) == .basicConsumeOK(.init(consumerTag: "a\u{FFFD}c")))
    }

    @Test("short strings of 0 and 255 bytes pass, and 256 are refused", arguments: [0, 1, 254, 255, 256, 70_000])
    func shortStringLengths(_ count: Int) throws {
        let text = String(repeating: "x", count: count)
        let methods: [AMQPMethod] = [
            .basicPublish(.init(exchange: text, routingKey: "k", mandatory: false, immediate: false)),
            .queueDeclare(.init(queue: text)), .basicCancelOK(.init(consumerTag: text)),
            .connectionUpdateSecret(.init(newSecret: Array(text.utf8), reason: text)),
            .channelClose(.init(replyCode: 1, replyText: text, classID: 0, methodID: 0)),
        ]
        for method in methods {
            if count <= 255 {
                #expect(try decode(method.payload()) == method)
            } else {
                let error = wireError { _ = try method.payload() }
                #expect(error?.kind == .shortStringTooLong)
                #expect(error?.isLocal == true)
                #expect(error?.replyCode == nil)
            }
        }
    }

    @Test("the length that counts is the one in UTF-8")
    func utf8Length() throws {
        let fits = AMQPMethod.queueDeclare(.init(queue: String(repeating: "ä", count: 127)))
        #expect(try decode(fits.payload()) == fits)
        let tooLong = AMQPMethod.queueDeclare(.init(queue: String(repeating: "ä", count: 128)))
        #expect(wireError { _ = try tooLong.payload() }?.kind == .shortStringTooLong)
    }
}
