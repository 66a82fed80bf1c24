/// What a delivery is made of, in one allocation: the fields, and behind them the body if it is small.
///
/// The loop's thread makes deliveries and another thread frees them, which is the slow case of every allocator; so a
/// small body has no allocation of its own until the program asks for it.
///
/// - Invariant: written once, by `make`, before anybody else sees it; `bodySize` bytes of the tail are initialised where
///   `fields.largeBody` is nil. So it may go from thread to thread, though its base class cannot say that.
final class DeliveryStorage: ManagedBuffer<DeliveryStorage.Fields, UInt8> {
    struct Fields {
        let batch: DeliveryBatch
        /// Alive as long as `batch`.
        let channel: Unmanaged<ChannelCore>
        let isTracked: Bool
        let isRedelivered: Bool
        let deliveryTag: UInt64
        let exchange: String
        let routingKey: String
        let properties: AMQPProperties
        let propertiesError: AMQPError?
        let largeBody: [UInt8]?
        let bodySize: Int
    }

    /// Larger bodies are kept as they are.
    static let largestInline = 512

    @inline(__always)
    var fields: Fields { _read { yield header } }

    var bodySize: Int { header.bodySize }

    var body: [UInt8] {
        if let large = header.largeBody { return large }
        return withInlineBody { Array($0) }
    }

    var text: String {
        if let large = header.largeBody { return String(decoding: large, as: UTF8.self) }
        return withInlineBody { String(decoding: $0, as: UTF8.self) }
    }

    private func withInlineBody<Value>(_ read: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
        withUnsafeMutablePointers { header, elements in
            read(UnsafeBufferPointer(start: elements, count: header.pointee.bodySize))
        }
    }

    /// - Parameters:
    ///   - batch: Where it came to.
    ///   - small: A body of at most ``largestInline`` bytes; copied.
    @inline(__always)
    static func make(
        batch: DeliveryBatch, isTracked: Bool, deliveryTag: UInt64, isRedelivered: Bool, exchange: String,
        routingKey: String, properties: AMQPProperties, propertiesError: AMQPError?, small: UnsafeRawBufferPointer,
        large: [UInt8]?
    ) -> DeliveryStorage {
        let inlineSize = large == nil ? small.count : 0
        let made = DeliveryStorage.create(minimumCapacity: inlineSize) { _ in
            Fields(
                batch: batch, channel: .passUnretained(batch.consumer.channel), isTracked: isTracked,
                isRedelivered: isRedelivered, deliveryTag: deliveryTag, exchange: exchange, routingKey: routingKey,
                properties: properties, propertiesError: propertiesError, largeBody: large,
                bodySize: large?.count ?? inlineSize)
        }
        let storage = unsafeDowncast(made, to: DeliveryStorage.self)
        if inlineSize > 0, let source = small.baseAddress {
            storage.withUnsafeMutablePointerToElements { elements in
                UnsafeMutableRawPointer(elements).copyMemory(from: source, byteCount: inlineSize)
            }
        }
        return storage
    }
}

/// The deliveries that one read brought for one consumer.
///
/// Each of them refers to it, and by it to the consumer: so the two threads that make and free deliveries seldom count
/// the references of one object at the same time.
final class DeliveryBatch: Sendable {
    let consumer: ConsumerCore

    init(consumer: ConsumerCore) { self.consumer = consumer }
}
