internal import AMQPWire

/// What one read brought for one consumer, or the next 64 deliveries of it: a few allocations for all of them.
///
/// The loop's thread makes deliveries and another thread lets go of them. With an allocation for each, both threads would
/// fight for the lock of the allocator's arena (*measured*: more than half of the time of consuming small messages). So
/// fields and small bodies of many deliveries lie together, and a delivery is a place in here. The price is that one
/// delivery which a program keeps keeps its neighbours: they are few, and their small bodies are at most 16 KiB.
///
/// - Invariant: filled on the loop's thread before it is handed to the iterator, through a lock, and never changed
///   after. That is why the class is `@unchecked Sendable`.
final class DeliveryBatch: @unchecked Sendable {
    struct Fields {
        var deliveryTag: UInt64
        var isRedelivered: Bool
        var exchange: String
        var routingKey: String
        var properties: AMQPProperties
        var propertiesError: AMQPError?
        /// A body with an allocation of its own; small ones lie in `bytes`.
        var largeBody: [UInt8]?
        var smallBody: Range<Int>
    }

    let consumer: ConsumerCore
    /// Alive as long as `consumer`.
    let channel: Unmanaged<ChannelCore>
    let isTracked: Bool
    @exclusivity(unchecked) private(set) var fields: ContiguousArray<Fields> = []
    @exclusivity(unchecked) private var bytes: ContiguousArray<UInt8> = []
    private var hasLargeBody = false

    /// Larger bodies get an allocation of their own.
    static let largestSmallBody = 512
    private static let maximumCount = 64
    private static let maximumBytes = 16 << 10

    /// - Parameters:
    ///   - consumer: Where the deliveries came to.
    ///   - isTracked: Whether they have to be settled.
    init(consumer: ConsumerCore, isTracked: Bool) {
        self.consumer = consumer
        self.isTracked = isTracked
        channel = .passUnretained(consumer.channel)
    }

    deinit {
        guard hasLargeBody else { return }
        let pool = consumer.channel.connection.bodies
        for index in fields.indices {
            if let body = fields[index].largeBody.take() { pool.give(body) }
        }
    }

    @inline(__always)
    var count: Int { fields.count }

    /// Whether the next delivery belongs into another batch.
    @inline(__always)
    var isFull: Bool { fields.count >= Self.maximumCount || bytes.count >= Self.maximumBytes }

    /// - Parameters:
    ///   - fields: All but the small body.
    ///   - small: The body if it is small, else nothing.
    @inline(__always)
    func append(_ fields: consuming Fields, small: UnsafeRawBufferPointer) {
        if self.fields.isEmpty {
            // The first of several, more often than not; the second doubling would be the third allocation.
            self.fields.reserveCapacity(16)
        }
        if let large = fields.largeBody, large.count >= BodyPool.smallestBody { hasLargeBody = true }
        if !small.isEmpty {
            let lower = bytes.count
            bytes.append(contentsOf: small)
            fields.smallBody = lower..<bytes.count
        }
        self.fields.append(fields)
    }

    func body(at index: Int) -> [UInt8] {
        if let large = fields[index].largeBody { return large }
        return Array(bytes[fields[index].smallBody])
    }

    /// The bytes of a body.
    ///
    /// Invariant: they lie in storage that this object owns and, once it was handed out, never changes, so that the pointer is
    /// valid as long as the object. Whoever keeps it keeps the object.
    func bodyBytes(at index: Int) -> UnsafeRawBufferPointer {
        if let large = fields[index].largeBody { return large.withUnsafeBytes { $0 } }
        return bytes.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0[fields[index].smallBody]) }
    }

    func text(at index: Int) -> String {
        if let large = fields[index].largeBody { return String(decoding: large, as: UTF8.self) }
        return String(decoding: bytes[fields[index].smallBody], as: UTF8.self)
    }

    func bodySize(at index: Int) -> Int { fields[index].largeBody?.count ?? fields[index].smallBody.count }
}
