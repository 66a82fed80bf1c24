/// A block that a socket is read into. A loop keeps a few; a connection holds one only while it has part of a frame.
///
/// - Invariant: owned by one connection or by the pool of its loop, and touched on the loop's thread only.
final class ReadBuffer {
    let bytes: UnsafeMutableRawBufferPointer
    /// How many bytes at the front were not consumed yet.
    var filled = 0

    init(capacity: Int) {
        bytes = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { bytes.deallocate() }

    var free: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]) }

    /// Drops `count` bytes from the front.
    func consume(_ count: Int) {
        guard count > 0, let base = bytes.baseAddress else { return }
        let rest = filled - count
        if rest > 0 { base.copyMemory(from: base + count, byteCount: rest) }
        filled = max(0, rest)
    }
}

/// The read buffers of a loop that nobody holds.
struct ReadBufferPool {
    private var buffers: [ReadBuffer] = []
    /// Connections of one loop are read one after the other: two spare buffers are enough.
    private static let kept = 2

    mutating func take(capacity: Int) -> ReadBuffer {
        while let buffer = buffers.popLast() {
            if buffer.bytes.count >= capacity { return buffer }
        }
        return ReadBuffer(capacity: capacity)
    }

    mutating func giveBack(_ buffer: ReadBuffer) {
        buffer.filled = 0
        if buffers.count < Self.kept { buffers.append(buffer) }
    }
}
