internal import AMQPWire

/// Puts messages together from method, header and body frames. Values in, values out; one a channel, on the loop.
///
/// AMQP 0-9-1 section 4.2.6: a content header follows its method at once, and body frames follow the header until the
/// declared size is reached; nothing else of the same channel may come between.
struct ContentAssembler {
    /// The method that announced the content.
    enum Announcement {
        case deliver(ConsumerCore, tag: UInt64, redelivered: Bool, exchange: String, routingKey: String)
        case get(AMQPMethod.BasicGetOK)
        case returned(AMQPMethod.BasicReturn)
    }

    /// A whole message.
    struct Content {
        let announcement: Announcement
        let properties: AMQPProperties
        /// A hash over the encoded properties, taken for returns only.
        let propertiesHash: PublishFingerprint.PropertiesHash?
        let body: [UInt8]
    }

    private enum State {
        case idle, expectingHeader, expectingBody
    }

    // Fields of their own, not payloads of the state: so they are moved through it and not copied.
    private var state = State.idle
    private var announcement: Announcement?
    private var properties = AMQPProperties()
    private var propertiesHash: PublishFingerprint.PropertiesHash?
    private var size = 0
    private var body: [UInt8] = []

    /// Memory for a body is taken as bytes come, beginning with this much: the declared size is only a claim.
    private static let firstReservation = 1 << 20

    /// Whether a method frame may come now.
    @inline(__always)
    var isIdle: Bool { state == .idle }

    @inline(__always)
    mutating func begin(_ announcement: consuming Announcement) throws(WireError) {
        guard state == .idle else {
            throw WireError(.unexpectedFrame, "a method with content came in the middle of another message")
        }
        self.announcement = announcement
        state = .expectingHeader
    }

    /// The header came. Gives the message if it has no body.
    @inline(__always)
    mutating func header(_ header: ContentHeader, maximumBodySize: Int) throws(WireError) -> Content? {
        guard state == .expectingHeader else {
            throw WireError(.unexpectedFrame, "a content header came without its method")
        }
        guard let size = Int(exactly: header.bodySize), size <= maximumBodySize else {
            throw WireError(
                .frameError,
                "a message announces a body of \(header.bodySize) bytes, over the limit of \(maximumBodySize) "
                    + "(maximumInboundBodySize)")
        }
        properties = header.properties
        if case .returned = announcement { propertiesHash = .init(header.rawProperties) } else { propertiesHash = nil }
        if size == 0 { return finish([]) }
        self.size = size
        state = .expectingBody
        return nil
    }

    /// A body frame came. Gives the message if it is complete.
    @inline(__always)
    mutating func body(_ payload: UnsafeRawBufferPointer) throws(WireError) -> Content? {
        guard state == .expectingBody else {
            throw WireError(.unexpectedFrame, "a body frame came without its header")
        }
        guard payload.count <= size - body.count else {
            throw WireError(.frameError, "a body has more bytes than the \(size) that its header declares")
        }
        if body.isEmpty, payload.count == size { return finish(Array(payload)) }
        return append(payload)
    }

    private mutating func append(_ payload: UnsafeRawBufferPointer) -> Content? {
        if body.capacity - body.count < payload.count {
            // Double towards the declared size, never beyond it.
            let wanted = max(Self.firstReservation, body.capacity * 2, body.count + payload.count)
            body.reserveCapacity(min(size, wanted))
        }
        body.append(contentsOf: payload)
        guard body.count == size else { return nil }
        var whole: [UInt8] = []
        swap(&whole, &body)
        return finish(whole)
    }

    @inline(__always)
    private mutating func finish(_ body: consuming [UInt8]) -> Content? {
        state = .idle
        guard let announcement = announcement.take() else { return nil }
        return Content(
            announcement: announcement, properties: properties, propertiesHash: propertiesHash, body: body)
    }
}
