import AMQPWire
import Testing

@Suite("Frames") struct FrameSplitterTests {
    let splitter = FrameSplitter(maxFrameSize: 4096, channelMax: 10)

    func next(_ bytes: [UInt8], _ splitter: FrameSplitter? = nil) throws -> (FrameType, UInt16, [UInt8], Int)? {
        try withExactBytes(bytes) { bytes in
            try (splitter ?? self.splitter).next(in: bytes).map {
                ($0.type, $0.channel, Array($0.payload), $0.totalSize)
            }
        }
    }

    @Test("a stream chopped at every byte gives the same frames")
    func chopped() throws {
        let frames: [[UInt8]] = [
            try FrameEncoder.frame(.channelOpenOK, channel: 10, maxFrameSize: 4096), FrameEncoder.heartbeatFrame,
            [2, 0, 1, 0, 0, 0, 2, 5, 6, 0xCE], [3, 0, 1, 0, 0, 0, 0, 0xCE], [3, 0, 1, 0, 0, 0, 1, 0xCE, 0xCE],
        ]
        let stream = frames.flatMap { $0 }
        for cut in 0...stream.count {
            var pending = Array(stream[..<cut])
            var rest = Array(stream[cut...])
            var found: [[UInt8]] = []
            while true {
                if let frame = try next(pending) {
                    found.append(Array(pending[..<frame.3]))
                    pending.removeFirst(frame.3)
                } else if !rest.isEmpty {
                    pending += rest
                    rest = []
                } else {
                    break
                }
            }
            #expect(found == frames)
            #expect(pending.isEmpty)
        }
    }

    @Test("every prefix of a frame needs more")
    func prefixes() throws {
        let frame: [UInt8] = [1, 0, 10, 0, 0, 0, 4, 0, 10, 0, 51, 0xCE]
        for count in 0..<frame.count { #expect(try next(Array(frame.prefix(count))) == nil) }
        let found = try #require(try next(frame + [1, 2, 3]))
        #expect(found.0 == .method)
        #expect(found.1 == 10)
        #expect(found.2 == [0, 10, 0, 51])
        #expect(found.3 == 12)
    }

    @Test("a body frame is known by its header, with what has come of it")
    func unfinished() throws {
        let frame: [UInt8] = [3, 0, 10, 0, 0, 0, 4, 1, 2, 3, 4, 0xCE]
        for count in 0..<frame.count {
            try withExactBytes(Array(frame.prefix(count))) { bytes in
                let found = try splitter.unfinishedBody(in: bytes)
                #expect((found != nil) == (count >= 7))
                guard let found else { return }
                #expect(found.channel == 10)
                #expect(found.size == 4)
                #expect(Array(found.payload) == Array(frame[7..<max(7, min(count, 11))]))
            }
        }
        for type in [1, 2] as [UInt8] {
            let other = [type] + frame[1..<9]
            #expect(try withExactBytes(other) { try splitter.unfinishedBody(in: $0) == nil })
        }
        #expect(
            wireError {
                _ = try withExactBytes([3, 0, 10] + bigEndian(UInt32(4089)) + [1]) {
                    try splitter.unfinishedBody(in: $0)?.size
                }
            }?.replyCode == 501)
        for octet in UInt8.min...UInt8.max where octet != 0xCE {
            #expect(wireError { try FrameSplitter.checkEnd(octet) }?.replyCode == 501)
        }
        try FrameSplitter.checkEnd(0xCE)
    }

    @Test("an unknown type is refused at its first byte")
    func types() {
        for type in UInt8.min...UInt8.max where ![1, 2, 3, 8].contains(type) {
            #expect(wireError { _ = try next([type]) }?.replyCode == 501)
        }
    }

    @Test("a size at the limit waits, one over it is refused with the header alone")
    func sizes() throws {
        #expect(try next([3, 0, 1] + bigEndian(UInt32(4088))) == nil)
        #expect(wireError { _ = try next([3, 0, 1] + bigEndian(UInt32(4089))) }?.replyCode == 501)
        #expect(wireError { _ = try next([3, 0, 1] + bigEndian(UInt32.max)) }?.replyCode == 501)
        let payload = [UInt8](repeating: 7, count: 4088)
        #expect(try next([3, 0, 1] + bigEndian(UInt32(4088)) + payload + [0xCE])?.3 == 4096)
        let unlimited = FrameSplitter(maxFrameSize: .max, channelMax: 1)
        #expect(try next([3, 0, 1] + bigEndian(UInt32.max), unlimited) == nil)
        let nothing = FrameSplitter(maxFrameSize: .min, channelMax: 1)
        #expect(try next([3, 0, 1, 0, 0, 0, 0, 0xCE], nothing) != nil)
        #expect(wireError { _ = try next([3, 0, 1, 0, 0, 0, 1], nothing) }?.replyCode == 501)
    }

    @Test("a channel over the maximum is refused")
    func channels() throws {
        #expect(try next([3, 0, 10, 0, 0, 0, 0, 0xCE]) != nil)
        #expect(wireError { _ = try next([3, 0, 11, 0, 0, 0, 0]) }?.replyCode == 504)
    }

    @Test("the checks come in their order: type, size, channel, heartbeat, end")
    func order() {
        #expect(wireError { _ = try next([9, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]) }?.text.contains("type") == true)
        #expect(wireError { _ = try next([8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]) }?.text.contains("bytes") == true)
        #expect(wireError { _ = try next([8, 0xFF, 0xFF, 0, 0, 0, 1]) }?.kind == .channelError)
        #expect(wireError { _ = try next([8, 0, 1, 0, 0, 0, 0]) }?.text.contains("heartbeat") == true)
        #expect(wireError { _ = try next([8, 0, 0, 0, 0, 0, 1]) }?.text.contains("heartbeat") == true)
    }

    @Test("any end octet but 206 is refused")
    func corruptedEnd() {
        for end in UInt8.min..<0xCE {
            #expect(wireError { _ = try next([3, 0, 1, 0, 0, 0, 1, 5, end]) }?.replyCode == 501)
        }
    }

    @Test("the protocol header of another version is told from a frame")
    func protocolHeader() {
        func header(_ bytes: [UInt8]) -> FrameSplitter.ProtocolHeader? {
            withExactBytes(bytes) { FrameSplitter.protocolHeader(in: $0) }
        }
        let bytes: [UInt8] = [0x41, 0x4D, 0x51, 0x50, 3, 1, 0, 0]
        #expect(header([]) == nil)
        for count in 1..<8 { #expect(header(Array(bytes.prefix(count))) == .incomplete) }
        #expect(header(bytes) == .version(protocolID: 3, major: 1, minor: 0, revision: 0))
        #expect(header(bytes + [9]) == .version(protocolID: 3, major: 1, minor: 0, revision: 0))
        #expect(header([0x41, 0x4D, 0x51, 0x51]) == nil)
        #expect(header([1, 0, 0, 0]) == nil)
        #expect(header(Array("HTTP/1.1".utf8)) == nil)
    }

    @Test("no bytes at all")
    func empty() throws {
        #expect(try splitter.next(in: UnsafeRawBufferPointer(start: nil, count: 0)) == nil)
    }
}
