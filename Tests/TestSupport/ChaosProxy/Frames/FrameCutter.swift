/// A frame in one piece, with its bytes as they came.
struct CutFrame: Sendable {
    var kind: FrameKind
    var channel: UInt16
    var bytes: ArraySlice<UInt8>

    /// What a method carries behind its numbers, or the content of another frame.
    var content: ArraySlice<UInt8> {
        switch kind {
        case .protocolHeader: bytes
        case .method: bytes.dropFirst(11).dropLast()
        case .header, .body, .heartbeat: bytes.dropFirst(7).dropLast()
        }
    }
}

/// Cuts one direction of a connection into frames.
///
/// A frame comes out when it is complete, so the proxy passes no half of one before the stream ends. What is no frame
/// makes it give up for good: a proxy in front of a hostile broker has to pass everything.
struct FrameCutter: Sendable {
    /// A frame that announces more is not waited for.
    static let longestFrame = 16 << 20

    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtStart = true
    /// Whether the stream is no AMQP (any more), so that it comes out of ``rest()`` only.
    private(set) var hasGivenUp = false

    /// Bytes of a frame that is not complete.
    var pending: Int { buffer.count - start }

    mutating func append(_ bytes: some Sequence<UInt8>) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        } else if start > 256 * 1024 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer += bytes
    }

    /// The next complete frame.
    mutating func next() -> CutFrame? {
        if hasGivenUp { return nil }
        let here = buffer[start...]
        if isAtStart, let first = here.first {
            isAtStart = false
            // Type bytes of frames are small numbers, so an A can only start a protocol header.
            if first == UInt8(ascii: "A") {
                guard here.count >= 8 else {
                    isAtStart = true
                    return nil
                }
                return take(8, kind: .protocolHeader, channel: 0)
            }
        }
        guard let type = here.first else { return nil }
        guard [WireFrame.method, WireFrame.header, WireFrame.body, WireFrame.heartbeat].contains(type) else {
            return giveUp()
        }
        guard here.count >= 7 else { return nil }
        let channel = UInt16(here[start + 1]) << 8 | UInt16(here[start + 2])
        let size = here[(start + 3)..<(start + 7)].reduce(0) { $0 << 8 | Int($1) }
        guard size <= Self.longestFrame, type != WireFrame.method || size >= 4 else { return giveUp() }
        guard here.count >= size + 8 else { return nil }
        guard here[start + 7 + size] == WireFrame.end else { return giveUp() }
        let kind: FrameKind =
            switch type {
            case WireFrame.method:
                .method(
                    WireMethodID(
                        UInt16(here[start + 7]) << 8 | UInt16(here[start + 8]),
                        UInt16(here[start + 9]) << 8 | UInt16(here[start + 10])))
            case WireFrame.header: .header
            case WireFrame.body: .body
            default: .heartbeat
            }
        return take(size + 8, kind: kind, channel: channel)
    }

    /// Everything that has not come out as a frame.
    mutating func rest() -> ArraySlice<UInt8> {
        defer {
            buffer = []
            start = 0
        }
        return buffer[start...]
    }

    private mutating func take(_ count: Int, kind: FrameKind, channel: UInt16) -> CutFrame {
        defer { start += count }
        return CutFrame(kind: kind, channel: channel, bytes: buffer[start..<start + count])
    }

    private mutating func giveUp() -> CutFrame? {
        hasGivenUp = true
        return nil
    }
}
