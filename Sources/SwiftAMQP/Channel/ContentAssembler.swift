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
        case idle
        case expectingHeader(Announcement)
        case expectingBody(Announcement, AMQPProperties, PublishFingerprint.PropertiesHash?, size: Int)
    }

    private var state = State.idle
    private var body: [UInt8] = []

    /// Memory for a body is taken as bytes come, beginning with this much: the declared size is only a claim.
    private static let firstReservation = 1 << 20

    /// Whether a method frame may come now.
    var isIdle: Bool {
        if case .idle = state { true } else { false }
    }

    mutating func begin(_ announcement: Announcement) throws(WireError) {
        guard isIdle else {
            throw WireError(.unexpectedFrame, "a method with content came in the middle of another message")
        }
        state = .expectingHeader(announcement)
    }

    /// The header came. Gives the message if it has no body.
    mutating func header(
        _ header: ContentHeader, maximumBodySize: Int
    ) throws(WireError) -> Content? {
        guard case .expectingHeader(let announcement) = state else {
            throw WireError(.unexpectedFrame, "a content header came without its method")
        }
        guard let size = Int(exactly: header.bodySize), size <= maximumBodySize else {
            throw WireError(
                .frameError,
                "a message announces a body of \(header.bodySize) bytes, over the limit of \(maximumBodySize) "
                    + "(maximumInboundBodySize)")
        }
        var propertiesHash: PublishFingerprint.PropertiesHash?
        if case .returned = announcement { propertiesHash = .init(header.rawProperties) }
        if size == 0 {
            state = .idle
            return Content(
                announcement: announcement, properties: header.properties, propertiesHash: propertiesHash, body: [])
        }
        state = .expectingBody(announcement, header.properties, propertiesHash, size: size)
        return nil
    }

    /// A body frame came. Gives the message if it is complete.
    mutating func body(_ payload: UnsafeRawBufferPointer) throws(WireError) -> Content? {
        guard case .expectingBody(let announcement, let properties, let propertiesHash, let size) = state else {
            throw WireError(.unexpectedFrame, "a body frame came without its header")
        }
        guard payload.count <= size - body.count else {
            throw WireError(
                .frameError, "a body has more bytes than the \(size) that its header declares")
        }
        if body.isEmpty {
            guard payload.count < size else {
                state = .idle
                return Content(
                    announcement: announcement, properties: properties, propertiesHash: propertiesHash,
                    body: Array(payload))
            }
            body.reserveCapacity(min(size, Self.firstReservation))
        }
        if body.capacity - body.count < payload.count {
            // Double towards the declared size, never beyond it.
            body.reserveCapacity(min(size, max(body.capacity * 2, body.count + payload.count)))
        }
        body.append(contentsOf: payload)
        guard body.count == size else { return nil }
        state = .idle
        var whole: [UInt8] = []
        swap(&whole, &body)
        return Content(
            announcement: announcement, properties: properties, propertiesHash: propertiesHash, body: whole)
    }
}
