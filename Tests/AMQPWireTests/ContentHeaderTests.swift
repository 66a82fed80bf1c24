import AMQPWire
import Testing

@Suite("Content headers") struct ContentHeaderTests {
    @Test("a header cut short at any byte is refused")
    func truncation() throws {
        let decoder = WireDecoder()
        for properties in Samples.eachProperty + [Samples.allProperties] {
            let header = contentHeader(try publish(properties).properties)
            for count in 0..<header.count {
                withExactBytes(header.prefix(count)) { cut in
                    let error = wireError { _ = try decoder.decodeContentHeader(cut) }
                    #expect(error?.kind == .syntaxError)
                    // With the fixed part there, the rest of the connection is sound.
                    #expect(error?.scope == (count < 14 ? .connection : .message))
                }
            }
            let content = try withExactBytes(header) { try decoder.decodeContentHeader($0).properties }
            #expect(content == properties)
        }
    }

    @Test("a class other than basic is a frame error")
    func classes() {
        withExactBytes(contentHeader(classID: 50, [0, 0])) { header in
            let error = wireError { _ = try WireDecoder().decodeContentHeader(header) }
            #expect(error?.replyCode == 501)
            #expect(error?.scope == .connection)
        }
    }

    @Test("flags that go on are refused for that message alone", arguments: [0x0001, 0x1001, 0xFFFD] as [UInt16])
    func continuation(_ flags: UInt16) throws {
        let header = contentHeader(bodySize: 99, bigEndian(flags) + [2, 0, 0])
        try withExactBytes(header) { header in
            let error = wireError { _ = try WireDecoder().decodeContentHeader(header) }
            #expect(error?.kind == .syntaxError)
            #expect(error?.scope == .message)
            let bodySize = try WireDecoder.bodySize(ofContentHeader: header)
            #expect(bodySize == 99)
        }
    }

    @Test("body size and raw properties come as they were sent")
    func fixedPart() throws {
        let header = contentHeader(bodySize: .max, [0x18, 0, 1, 5, 0xAA])
        try withExactBytes(header) { bytes in
            let content = try WireDecoder().decodeContentHeader(bytes)
            #expect(content.bodySize == .max)
            #expect(content.properties == AMQPProperties(deliveryMode: .transient, priority: 5))
            #expect(Array(content.rawProperties) == [0x18, 0, 1, 5, 0xAA])
        }
    }
}
