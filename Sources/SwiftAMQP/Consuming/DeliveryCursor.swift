/// A place in what was taken over from a consumer: hands deliveries out one by one, without a lock or an allocation.
struct DeliveryCursor {
    private var batches: [DeliveryBatch] = []
    private var nextBatch = 0
    /// What deliveries are taken from now.
    private var batch: DeliveryBatch?
    private var position = 0
    private var count = 0

    @inline(__always)
    var hasMore: Bool { position < count || nextBatch < batches.count }

    /// The next one. Whether the program may have it is for ``ConsumerCore/handOut(_:)`` to say.
    @inline(__always)
    mutating func next() -> AMQPDelivery? {
        while position < count || advance() {
            guard let batch else { return nil }
            let delivery = AMQPDelivery(batch: batch, index: position)
            position &+= 1
            return delivery
        }
        return nil
    }

    /// Goes to the next batch of what was taken over. False if there is none.
    private mutating func advance() -> Bool {
        batch = nil
        position = 0
        count = 0
        guard nextBatch < batches.count else { return false }
        let next = batches[nextBatch]
        nextBatch += 1
        batch = next
        count = next.count
        return count > 0
    }

    /// Takes over what the consumer has buffered; what was left here is let go of.
    mutating func refill(from consumer: ConsumerCore) -> ConsumerCore.Refill {
        removeAll()
        return consumer.refill(&batches)
    }

    mutating func removeAll() {
        batches.removeAll(keepingCapacity: batches.capacity <= 4096)
        nextBatch = 0
        batch = nil
        position = 0
        count = 0
    }
}
