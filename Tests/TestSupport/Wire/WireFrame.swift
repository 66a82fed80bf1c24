/// A frame: seven bytes of header, the payload, and 0xCE.
package struct WireFrame: Sendable, Hashable {
    package var type: UInt8
    package var channel: UInt16
    package var payload: [UInt8]

    package static let method: UInt8 = 1
    package static let header: UInt8 = 2
    package static let body: UInt8 = 3
    package static let heartbeat: UInt8 = 8
    package static let end: UInt8 = 0xCE

    /// The eight bytes a client starts with.
    package static let protocolHeader: [UInt8] = Array("AMQP".utf8) + [0, 0, 9, 1]

    package init(type: UInt8, channel: UInt16, payload: [UInt8]) {
        self.type = type
        self.channel = channel
        self.payload = payload
    }

    /// The frame as it goes over the wire.
    package var bytes: [UInt8] {
        var writer = WireWriter()
        writer.u8(type)
        writer.u16(channel)
        writer.longString(payload)
        writer.u8(Self.end)
        return writer.bytes
    }

    /// A METHOD frame.
    package static func method(
        _ channel: UInt16, _ id: WireMethodID, _ arguments: (inout WireWriter) -> Void = { _ in }
    ) -> WireFrame {
        var writer = WireWriter()
        writer.u16(id.classID)
        writer.u16(id.methodID)
        arguments(&writer)
        return WireFrame(type: method, channel: channel, payload: writer.bytes)
    }

    /// A HEADER frame of class basic; `properties` writes what the flags announce.
    package static func header(
        _ channel: UInt16, bodySize: UInt64, flags: UInt16 = 0, classID: UInt16 = 60,
        _ properties: (inout WireWriter) -> Void = { _ in }
    ) -> WireFrame {
        var writer = WireWriter()
        writer.u16(classID)
        writer.u16(0)
        writer.u64(bodySize)
        writer.u16(flags)
        properties(&writer)
        return WireFrame(type: header, channel: channel, payload: writer.bytes)
    }

    package static func body(_ channel: UInt16, _ content: [UInt8]) -> WireFrame {
        WireFrame(type: body, channel: channel, payload: content)
    }

    package static let heartbeatFrame = WireFrame(type: heartbeat, channel: 0, payload: [])

    /// Takes one frame off the front of `bytes`; `nil` while it is not complete.
    package static func take(from bytes: inout ArraySlice<UInt8>) throws(HarnessError) -> WireFrame? {
        guard bytes.count >= 7 else { return nil }
        var reader = WireReader(Array(bytes.prefix(7)))
        let type = try reader.u8()
        let channel = try reader.u16()
        let size = Int(try reader.u32())
        guard [method, header, body, heartbeat].contains(type), size <= 256 << 20 else {
            throw HarnessError(.malformed, "no frame starts with \(Array(bytes.prefix(7)))")
        }
        guard bytes.count >= size + 8 else { return nil }
        let start = bytes.startIndex + 7
        guard bytes[start + size] == end else {
            throw HarnessError(.malformed, "a frame of type \(type) ends with \(bytes[start + size]), not 0xCE")
        }
        defer { bytes = bytes.dropFirst(size + 8) }
        return WireFrame(type: type, channel: channel, payload: Array(bytes[start..<start + size]))
    }
}
