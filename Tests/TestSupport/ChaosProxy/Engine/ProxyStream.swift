/// One direction of one connection, between the socket it is read from and the one it is written to.
final class ProxyStream {
    /// How much may wait here before the sender has to.
    private static let limit = 1 << 20
    /// The same where a latency keeps bytes on their way.
    private static let limitWithLatency = 16 << 20

    let direction: FrameDirection
    private(set) var shape: StreamShape
    var queue = StreamQueue()
    var cutter = FrameCutter()

    /// A rule's black hole.
    var isSealed = false
    /// Whether bytes are gone, so that the stream must not go on.
    private(set) var hasSwallowed = false
    /// Nothing more comes from the source.
    private(set) var sourceHasEnded = false
    /// Writing to the source's socket failed: its end, when it is read, is a reset.
    var sourceWasReset = false
    /// The sink takes nothing any more.
    private(set) var sinkIsDead = false
    /// The end has been passed on, or swallowed.
    var isFinished = false
    /// The kernel takes no more now.
    var isBlocked = false

    private var random: SeededGenerator
    private var lastDue: UInt64 = 0
    private var passed = 0
    private var corruptsNext = false

    init(_ direction: FrameDirection, shape: StreamShape, seed: UInt64) {
        self.direction = direction
        self.shape = shape
        random = SeededGenerator(seed: seed)
    }

    var isSwallowing: Bool { isSealed || shape.hole == .swallow }

    var wantsRead: Bool {
        if sourceHasEnded || shape.hole == .stall { return false }
        return queue.byteCount < (shape.latency > .zero ? Self.limitWithLatency : Self.limit)
    }

    /// Takes bytes for the sink.
    func push(_ bytes: ArraySlice<UInt8>, now: UInt64, delay: Duration = .zero, segment: Int? = nil) {
        if bytes.isEmpty || sinkIsDead { return }
        if isSwallowing {
            hasSwallowed = true
            return
        }
        var bytes = bytes
        if let offset = shape.corruptedOffset, offset >= passed, offset < passed + bytes.count {
            bytes[bytes.startIndex + offset - passed] ^= 0xFF
        }
        if corruptsNext {
            corruptsNext = false
            bytes[bytes.startIndex] ^= 0xFF
        }
        passed += bytes.count
        queue.push(bytes, due: due(now, delay), segment: segment)
    }

    func push(end: StreamEnd, now: UInt64) {
        if sinkIsDead { return }
        if isSwallowing { hasSwallowed = true } else { queue.push(end: end, due: due(now, .zero)) }
    }

    /// The source has ended, in good order or not. What is left of a frame goes first.
    func sourceEnded(_ end: StreamEnd, now: UInt64) {
        sourceHasEnded = true
        push(cutter.rest(), now: now)
        push(end: sourceWasReset ? .reset : end, now: now)
        if isSwallowing || sinkIsDead { isFinished = true }
    }

    func sinkDied() {
        sinkIsDead = true
        queue.removeAll()
        if sourceHasEnded { isFinished = true }
    }

    /// Nothing comes from a source that does not exist.
    func close() {
        sourceHasEnded = true
        isFinished = true
    }

    func setShape(_ shape: StreamShape) {
        self.shape = shape
        if isSwallowing && !queue.isEmpty {
            queue.removeAll()
            hasSwallowed = true
        }
    }

    func corruptNext() { corruptsNext = true }

    /// When bytes that come now shall leave: never before earlier ones.
    private func due(_ now: UInt64, _ delay: Duration) -> UInt64 {
        var latency = shape.latency + delay
        if shape.jitter > .zero { latency += shape.jitter * Double.random(in: -1...1, using: &random) }
        lastDue = max(lastDue, now &+ latency.nanosecondsClamped)
        return lastDue
    }
}
