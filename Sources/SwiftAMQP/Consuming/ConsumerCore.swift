internal import AMQPTransport
internal import Synchronization

/// Why a consumer's deliveries ended.
enum ConsumerEnd: Sendable {
    /// This side cancelled it.
    case cancelled
    /// The broker cancelled it, the channel or the connection is gone, it overflowed, ...
    case failed(AMQPError)
}

/// Is told when there is something to take from a consumer, and when it has ended. Called on any thread, with no lock held.
protocol ConsumerListener: AnyObject, Sendable {
    func hasMore(_ consumer: ConsumerCore)
    func didEnd(_ consumer: ConsumerCore)
}

/// One consumer of one channel: the loop puts deliveries in, its iterator takes them out in batches.
///
/// - Invariant: `buffer`, `waiting`, `listener`, `endReason`, `bufferedBytes` and `excessBytes` are guarded by `queueLock`, which is taken on its own,
///   never inside another lock; `inbound` and the name caches belong to the loop's thread; `handedOut` is written by
///   the one iterator. That is why the class is `@unchecked Sendable`.
final class ConsumerCore: @unchecked Sendable {
    let channel: ChannelCore
    let tag: String
    private let tagBytes: [UInt8]
    let queue: String
    /// Its number in ``UnsettledTags``.
    let slot: UnsettledTags.ConsumerSlot
    let acknowledgement: AMQPAcknowledgement
    /// Whether its deliveries have to be settled.
    let isTracked: Bool
    /// 0 is unlimited.
    let prefetch: UInt16

    private let queueLock = Lock()
    @exclusivity(unchecked) private var buffer: [DeliveryBatch] = []
    @exclusivity(unchecked) private var bufferedCount = 0
    @exclusivity(unchecked) private var bufferedBytes = 0
    /// What came while as much was buffered as the prefetch allows.
    @exclusivity(unchecked) private var excessBytes = 0
    @exclusivity(unchecked) private var waiting: UnsafeContinuation<Void, Never>?
    @exclusivity(unchecked) private var listener: (any ConsumerListener)?
    @exclusivity(unchecked) private var endReason: ConsumerEnd?

    /// Every delivery up to this tag was given to the program.
    let handedOut = Atomic<UInt64>(0)
    private let isIterated = Atomic<Bool>(false)
    /// Deliveries up to this tag are not handed out any more; `UInt64.max` is all.
    private let skippedUpTo = Atomic<UInt64>(0)
    /// Whether the loop stopped reading for this consumer.
    private let isOverWatermark = Atomic<Bool>(false)

    // On the loop's thread.
    @exclusivity(unchecked) var inbound: [DeliveryBatch] = []
    @exclusivity(unchecked) var inboundCount = 0
    @exclusivity(unchecked) var inboundBytes = 0
    @exclusivity(unchecked) var exchangeCache = NameCache()
    @exclusivity(unchecked) var routingKeyCache = NameCache()

    init(
        channel: ChannelCore, tag: String, queue: String, slot: UnsettledTags.ConsumerSlot,
        acknowledgement: AMQPAcknowledgement, prefetch: UInt16
    ) {
        self.channel = channel
        self.tag = tag
        tagBytes = Array(tag.utf8)
        self.queue = queue
        self.slot = slot
        self.acknowledgement = acknowledgement
        isTracked = acknowledgement == .manual
        self.prefetch = prefetch
    }

    /// What the loop has to know after it delivered.
    enum Pressure {
        case none
        /// More is buffered than an auto-ack consumer should hold.
        case watermark
        /// More is buffered than it may hold: it has to end.
        case overflow
        /// The broker sent more than the prefetch allows.
        case violation
    }

    // MARK: On the loop

    /// Where the next delivery of this read belongs.
    @inline(__always)
    func batchToFill() -> DeliveryBatch {
        if let last = inbound.last, !last.isFull { return last }
        let batch = DeliveryBatch(consumer: self, isTracked: isTracked)
        inbound.append(batch)
        return batch
    }

    /// Whether `raw` is this consumer's tag.
    func hasTag(_ raw: UnsafeRawBufferPointer) -> Bool {
        tagBytes.hasSameBytes(as: raw)
    }

    /// Hands what the loop collected to the iterator. Loop thread.
    func deliverInbound() -> Pressure {
        guard !inbound.isEmpty else { return .none }
        queueLock.lock()
        if endReason != nil {
            queueLock.unlock()
            inbound.removeAll(keepingCapacity: true)
            inboundBytes = 0
            inboundCount = 0
            return .none
        }
        if bufferedCount >= Int(prefetch) { excessBytes += inboundBytes }
        if buffer.isEmpty { swap(&buffer, &inbound) } else { buffer.append(contentsOf: inbound) }
        bufferedBytes += inboundBytes
        bufferedCount += inboundCount
        let pressure = pressure()
        let continuation = waiting
        waiting = nil
        let listener = listener
        queueLock.unlock()
        inbound.removeAll(keepingCapacity: inbound.capacity <= 4096)
        inboundBytes = 0
        inboundCount = 0
        continuation?.resume()
        listener?.hasMore(self)
        return pressure
    }

    // Streams hand out whole chunks, which go over the prefetch; these are the bounds for a broker that ignores it: so many
    // messages, and as many bytes as one message may have.
    private static let tolerance = 16_384
    private static let leastTolerance = 16 << 20

    /// With `queueLock` held.
    private func pressure() -> Pressure {
        switch acknowledgement {
        case .manual:
            guard prefetch > 0 else { return .none }
            let tolerance = max(Self.leastTolerance, channel.connection.maximumBodySize)
            return bufferedCount > Int(prefetch) + Self.tolerance || excessBytes > tolerance ? .violation : .none
        case .automatic(let limit):
            if bufferedCount > limit.maximumMessages || bufferedBytes > limit.maximumBytes { return .overflow }
            guard bufferedCount > limit.maximumMessages / 2 || bufferedBytes > limit.maximumBytes / 2 else {
                return .none
            }
            isOverWatermark.store(true, ordering: .sequentiallyConsistent)
            return .watermark
        }
    }

    /// Ends the consumer: what is buffered is still handed out, then the reason. Later reasons are ignored.
    func end(_ reason: ConsumerEnd) {
        queueLock.lock()
        guard endReason == nil else {
            queueLock.unlock()
            return
        }
        endReason = reason
        let continuation = waiting
        waiting = nil
        let listener = listener
        self.listener = nil
        queueLock.unlock()
        continuation?.resume()
        listener?.didEnd(self)
    }

    /// Why it has ended, if it has.
    var endedWith: ConsumerEnd? { queueLock.withLock { endReason } }

    /// From now on `listener` is told, instead of an iterator that waits. What came before is told at once. The listener is
    /// let go of at the end.
    func tell(_ listener: any ConsumerListener) {
        queueLock.lock()
        let hasEnded = endReason != nil
        let isFilled = !buffer.isEmpty
        if !hasEnded { self.listener = listener }
        queueLock.unlock()
        if isFilled { listener.hasMore(self) }
        if hasEnded { listener.didEnd(self) }
    }

    /// Whether what is buffered, also by the iterator, is no longer this consumer's to hand out.
    var isDiscarded: Bool { skippedUpTo.load(ordering: .sequentiallyConsistent) == .max }

    /// Notes that a delivery is given to the program. False if it was, or will be, given back to the broker instead:
    /// whoever cancels the consumer first forbids to hand out and then looks what was, and here it is the other way
    /// round, so that each delivery goes one way only, or both and then the settle finds it settled.
    @inline(__always)
    func handOut(_ deliveryTag: UInt64) -> Bool {
        handedOut.store(deliveryTag, ordering: .sequentiallyConsistent)
        return deliveryTag > skippedUpTo.load(ordering: .sequentiallyConsistent)
    }

    /// Whether the loop should not read because of this consumer.
    var isFull: Bool { isOverWatermark.load(ordering: .sequentiallyConsistent) }

    /// From here on the iterator hands nothing out that it has not handed out yet.
    func stopHandingOut() { skippedUpTo.store(.max, ordering: .sequentiallyConsistent) }

    /// Deliveries up to `tag` have gone back to the broker. With the outbox lock held.
    func skip(upTo tag: UInt64) {
        if !isDiscarded { skippedUpTo.store(tag, ordering: .sequentiallyConsistent) }
    }

    /// The channel is gone. What is buffered has been given back to the broker and is dropped; not so with automatic
    /// acknowledgement: the broker has forgotten those messages, and they are still handed out.
    func channelDidEnd() {
        if acknowledgement == .manual { discardBuffer() } else { resumeReadingIfFull() }
    }

    /// A consumer that has ended does not keep the loop from reading.
    func resumeReadingIfFull() {
        if isOverWatermark.exchange(false, ordering: .sequentiallyConsistent) { channel.connection.resumeReading() }
    }

    /// Drops what is buffered, because it was, or will be, given back to the broker, or the program has left.
    func discardBuffer() {
        stopHandingOut()
        defer { resumeReadingIfFull() }
        queueLock.lock()
        let dropped = buffer
        buffer = []
        bufferedBytes = 0
        bufferedCount = 0
        excessBytes = 0
        queueLock.unlock()
        _ = consume dropped
    }

    // MARK: The iterator

    /// One iterator a consumer; false for the second.
    func claimIterator() -> Bool { !isIterated.exchange(true, ordering: .relaxed) }

    enum Refill {
        case filled
        case ended(ConsumerEnd)
        case empty
    }

    /// Moves everything that is buffered into `batches`, which is empty.
    func refill(_ batches: inout [DeliveryBatch]) -> Refill {
        queueLock.lock()
        guard buffer.isEmpty else {
            swap(&buffer, &batches)
            bufferedBytes = 0
            bufferedCount = 0
            excessBytes = 0
            queueLock.unlock()
            if isOverWatermark.load(ordering: .relaxed),
                isOverWatermark.exchange(false, ordering: .sequentiallyConsistent)
            {
                channel.connection.resumeReading()
            }
            return .filled
        }
        defer { queueLock.unlock() }
        if let endReason { return .ended(endReason) }
        return .empty
    }

    /// Waits until there is something to take, or the end. A cancelled task is woken at once.
    func waitForMore() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                queueLock.lock()
                if !buffer.isEmpty || endReason != nil || Task.isCancelled {
                    queueLock.unlock()
                    continuation.resume()
                    return
                }
                let previous = waiting
                waiting = continuation
                queueLock.unlock()
                previous?.resume()
            }
        } onCancel: {
            queueLock.lock()
            let continuation = waiting
            waiting = nil
            queueLock.unlock()
            continuation?.resume()
        }
    }
}
