internal import CRabbitMQ

/// Owns a pool of rabbitmq-c, which must never be copied or moved: it lives at one address on the heap.
final class WirePool {
    let pointer: UnsafeMutablePointer<amqp_pool_t>
    /// Small: decoded values other than tables are a few hundred bytes, and larger blocks go round the pages.
    private static let pageSize = 2048

    init() {
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: amqp_pool_t())
        init_amqp_pool(pointer, Self.pageSize)
    }

    deinit {
        empty_amqp_pool(pointer)
        pointer.deinitialize(count: 1)
        pointer.deallocate()
    }

    /// Makes the memory of the last decode free for the next. After an oversized one the pages are given back too, as
    /// rabbitmq-c would keep them for ever.
    @inline(__always)
    func recycle(afterDecoding size: Int) {
        recycle_amqp_pool(pointer)
        if size > Self.oversized { clear() }
    }

    /// Gives all memory back to the system.
    private func clear() {
        empty_amqp_pool(pointer)
        init_amqp_pool(pointer, Self.pageSize)
    }

    /// How many pages are kept for the next decode.
    var pageCount: Int { Int(pointer.pointee.pages.num_blocks) }

    private static let oversized = 8192
}
