internal import AMQPWire

/// Puts messages together from method, header and body frames. Values in, values out; one a channel, on the loop.
///
/// AMQP 0-9-1 section 4.2.6: a content header follows its method at once, and body frames follow the header until the
/// declared size is reached; nothing else of the same channel may come between.
struct ContentAssembler {
    /// The method that announced the content.
    enum Announcement {
        /// `basic.deliver`; what it said is in ``consumer``, ``deliveryTag`` and ``isRedelivered``. Fields of their own,
        /// not a payload: deliveries are many, and are moved through here without counting a reference.
        case deliver
        case get(AMQPMethod.BasicGetOK)
        case returned(AMQPMethod.BasicReturn)
    }

    private enum State {
        case idle, expectingHeader, expectingBody
    }

    private var state = State.idle
    private var announcement = Announcement.deliver
    private(set) var consumer: ConsumerCore?
    private(set) var deliveryTag: UInt64 = 0
    private(set) var isRedelivered = false
    private(set) var properties = AMQPProperties()
    /// A hash over the encoded properties, taken for returns only.
    private(set) var propertiesHash: PublishFingerprint.PropertiesHash?
    /// How much memory the properties take, where that is worth counting.
    private(set) var propertiesWeight = 0
    /// Why the properties are empty, if they could not be read.
    private(set) var propertiesError: AMQPError?
    /// The consumer of a delivery that was refused because its body is larger than this side takes. The connection ends
    /// with it, and on the next one it would come again.
    var refusedConsumer: ConsumerCore? { isRefused && isDelivery ? consumer : nil }
    private var isRefused = false
    private var size = 0
    private var body: [UInt8] = []
    /// Whether the complete body was not taken over, because it is small.
    private var isSmall = false

    /// How many bytes of the payload of an unfinished body frame are still to come.
    private(set) var frameRest = 0

    /// Where memory for large bodies comes from.
    var pool: BodyPool?

    /// Memory for a body is taken as bytes come, beginning with this much: the declared size is only a claim.
    private static let firstReservation = 1 << 20

    /// Whether a method frame may come now.
    @inline(__always)
    var isIdle: Bool { state == .idle }

    @inline(__always)
    mutating func begin(_ announcement: Announcement) throws(WireError) {
        guard state == .idle else {
            throw WireError(.unexpectedFrame, "a method with content came in the middle of another message")
        }
        self.announcement = announcement
        state = .expectingHeader
    }

    @inline(__always)
    mutating func beginDelivery(to consumer: ConsumerCore, tag: UInt64, isRedelivered: Bool) throws(WireError) {
        try begin(.deliver)
        if self.consumer !== consumer { self.consumer = consumer }
        deliveryTag = tag
        self.isRedelivered = isRedelivered
    }

    /// The header came. True if the message is complete, because it has no body.
    @inline(__always)
    mutating func header(_ header: ContentHeader, maximumBodySize: Int) throws(WireError) -> Bool {
        let isComplete = try begin(bodySize: header.bodySize, maximum: maximumBodySize)
        properties = header.properties
        // Flags, delivery mode and priority take four bytes and no memory.
        propertiesWeight = header.rawProperties.count > 4 ? header.properties.footprint : 0
        if case .returned = announcement { propertiesHash = .init(header.rawProperties) } else { propertiesHash = nil }
        if propertiesError != nil { propertiesError = nil }
        return isComplete
    }

    /// As ``header(_:maximumBodySize:)``, where the properties cannot be read. RabbitMQ passes on what a publisher sent
    /// without looking at all of it, so this is no reason to give the connection up: the same message would come again.
    mutating func unreadableHeader(
        bodySize: UInt64, _ error: WireError, maximumBodySize: Int
    ) throws(WireError) -> Bool {
        let isComplete = try begin(bodySize: bodySize, maximum: maximumBodySize)
        properties = AMQPProperties()
        propertiesHash = nil
        propertiesWeight = 0
        propertiesError = AMQPError(.protocolViolation, "the properties of the message cannot be read: \(error.text)")
        return isComplete
    }

    @inline(__always)
    private mutating func begin(bodySize: UInt64, maximum: Int) throws(WireError) -> Bool {
        guard state == .expectingHeader else {
            throw WireError(.unexpectedFrame, "a content header came without its method")
        }
        guard let size = Int(exactly: bodySize), size <= maximum else {
            isRefused = true
            throw Self.tooLarge(bodySize, maximum)
        }
        self.size = size
        isSmall = false
        state = size == 0 ? .idle : .expectingBody
        return size == 0
    }

    @inline(never)
    private static func tooLarge(_ size: UInt64, _ maximum: Int) -> WireError {
        WireError(
            .frameError,
            "a message announces a body of \(size) bytes, over the limit of \(maximum) (maximumInboundBodySize)")
    }

    /// A body frame came. True if the message is complete.
    @inline(__always)
    mutating func body(_ payload: UnsafeRawBufferPointer) throws(WireError) -> Bool {
        guard state == .expectingBody else {
            throw WireError(.unexpectedFrame, "a body frame came without its header")
        }
        guard payload.count <= size - body.count else {
            throw WireError(.frameError, "a body has more bytes than the \(size) that its header declares")
        }
        if body.isEmpty, payload.count == size {
            // The whole body in one frame: a small one of a delivery is copied straight to where it stays.
            isSmall = size <= DeliveryBatch.largestSmallBody && isDelivery
            if !isSmall { body = Array(payload) }
        } else {
            append(payload)
            guard body.count == size else { return false }
        }
        state = .idle
        return true
    }

    /// A body frame of `count` bytes has begun. False if it is to be waited for as a whole: a small body has no array of
    /// its own to be put into, and what is wrong with a frame is said once it is whole.
    mutating func beginBodyFrame(_ count: Int) -> Bool {
        guard state == .expectingBody, count <= size - body.count, size > DeliveryBatch.largestSmallBody else {
            return false
        }
        frameRest = count
        return true
    }

    /// The next bytes of the frame that has begun: at most ``frameRest``, of which the rest is ignored.
    mutating func part(_ bytes: UnsafeRawBufferPointer) {
        let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(frameRest))
        guard !part.isEmpty else { return }
        append(part)
        frameRest -= part.count
    }

    /// Calls `read` with the place of bytes that the frame still lacks. It gives how many it has put there.
    mutating func part(_ read: (UnsafeMutableRawBufferPointer) -> Int) {
        guard frameRest > 0 else { return }
        // The size of a frame is a claim, too.
        reserve(min(frameRest, Self.firstReservation))
        let room = min(frameRest, body.capacity - body.count)
        let before = body.count
        body.append(addingCapacity: room) { span in
            span.withUnsafeMutableBufferPointer { place, count in
                let free = UnsafeMutableBufferPointer(rebasing: place[count...].prefix(room))
                count += min(max(0, read(UnsafeMutableRawBufferPointer(free))), free.count)
            }
        }
        frameRest -= body.count - before
    }

    /// The frame that had begun has its end. True if the message is complete.
    mutating func endBodyFrame() -> Bool {
        guard state == .expectingBody, frameRest == 0, body.count == size else { return false }
        state = .idle
        return true
    }

    private var isDelivery: Bool {
        if case .deliver = announcement { true } else { false }
    }

    private mutating func append(_ payload: UnsafeRawBufferPointer) {
        reserve(payload.count)
        body.append(contentsOf: payload)
    }

    /// Makes room for so many bytes more.
    private mutating func reserve(_ count: Int) {
        if body.isEmpty, size >= BodyPool.smallestBody, let pool { body = pool.take(size: size) }
        guard body.capacity - body.count < count else { return }
        // Double towards the declared size, never beyond it.
        let wanted = max(Self.firstReservation, body.capacity * 2, body.count + count)
        body.reserveCapacity(min(size, wanted))
    }

    /// What the complete message was announced as.
    var completed: Announcement { announcement }

    /// Takes the body of the complete delivery out; `nil` if it is small, and so was in the last frame.
    @inline(__always)
    mutating func takeLargeBody() -> [UInt8]? { isSmall || size == 0 ? nil : takeBody() }

    /// Takes the body of the complete message out.
    @inline(__always)
    mutating func takeBody() -> [UInt8] {
        var whole: [UInt8] = []
        swap(&whole, &body)
        return whole
    }
}
