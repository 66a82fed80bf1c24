internal import AMQPTransport
internal import Synchronization

/// Why a consumer's deliveries ended.
enum ConsumerEnd: Sendable {
    /// This side cancelled it.
    case cancelled
    /// The broker cancelled it, the channel or the connection is gone, it overflowed, ...
    case failed(AMQPError)
}

/// One consumer of one channel: the loop puts deliveries in, its iterator takes them out in batches.
///
/// - Invariant: `buffer`, `waiting`, `end` and `bufferedBytes` are guarded by `queueLock`, which is taken on its own,
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
    /// 0 is unlimited.
    let prefetch: UInt16

    private let queueLock = Lock()
    @exclusivity(unchecked) private var buffer: [AMQPDelivery?] = []
    @exclusivity(unchecked) private var bufferedBytes = 0
    @exclusivity(unchecked) private var waiting: UnsafeContinuation<Void, Never>?
    @exclusivity(unchecked) private var endReason: ConsumerEnd?

    /// Every delivery up to this tag was given to the program.
    let handedOut = Atomic<UInt64>(0)
    private let isIterated = Atomic<Bool>(false)
    private let hasDiscarded = Atomic<Bool>(false)
    /// Whether the loop stopped reading for this consumer.
    private let isOverWatermark = Atomic<Bool>(false)

    // On the loop's thread.
    @exclusivity(unchecked) var inbound: [AMQPDelivery?] = []
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

    /// Whether `raw` is this consumer's tag.
    func hasTag(_ raw: UnsafeRawBufferPointer) -> Bool {
        guard raw.count == tagBytes.count else { return false }
        return tagBytes.withUnsafeBytes { own in zip(own, raw).allSatisfy { $0 == $1 } }
    }

    /// Hands what the loop collected to the iterator. Loop thread.
    func deliverInbound() -> Pressure {
        guard !inbound.isEmpty else { return .none }
        queueLock.lock()
        if endReason != nil {
            queueLock.unlock()
            inbound.removeAll(keepingCapacity: true)
            inboundBytes = 0
            return .none
        }
        if buffer.isEmpty { swap(&buffer, &inbound) } else { buffer.append(contentsOf: inbound) }
        bufferedBytes += inboundBytes
        let pressure = pressure()
        let continuation = waiting
        waiting = nil
        queueLock.unlock()
        inbound.removeAll(keepingCapacity: inbound.capacity <= 4096)
        inboundBytes = 0
        continuation?.resume()
        return pressure
    }

    /// With `queueLock` held.
    private func pressure() -> Pressure {
        switch acknowledgement {
        case .manual:
            // The broker may hand out twice around basic.recover; more than that it may not.
            return prefetch > 0 && buffer.count > Int(prefetch) * 2 + 16 ? .violation : .none
        case .automatic(let limit):
            if buffer.count > limit.maximumMessages || bufferedBytes > limit.maximumBytes { return .overflow }
            guard buffer.count > limit.maximumMessages / 2 || bufferedBytes > limit.maximumBytes / 2 else {
                return .none
            }
            isOverWatermark.store(true, ordering: .relaxed)
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
        queueLock.unlock()
        continuation?.resume()
    }

    /// Whether what is buffered, also by the iterator, is no longer this consumer's to hand out.
    var isDiscarded: Bool { hasDiscarded.load(ordering: .relaxed) }

    /// Drops what is buffered, because it was, or will be, given back to the broker. Not so with automatic
    /// acknowledgement: the broker has forgotten those messages, and they are still handed out.
    func discardBuffer() {
        guard acknowledgement == .manual else { return }
        hasDiscarded.store(true, ordering: .relaxed)
        queueLock.lock()
        let dropped = buffer
        buffer = []
        bufferedBytes = 0
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

    /// Moves everything that is buffered into `batch`, which is empty.
    func refill(_ batch: inout [AMQPDelivery?]) -> Refill {
        queueLock.lock()
        guard buffer.isEmpty else {
            swap(&buffer, &batch)
            bufferedBytes = 0
            queueLock.unlock()
            if isOverWatermark.load(ordering: .relaxed), isOverWatermark.exchange(false, ordering: .relaxed) {
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

/// The last name of a kind that was seen, so that a stream of deliveries with one exchange and one routing key makes no
/// new string for each.
struct NameCache {
    private var bytes: [UInt8] = []
    private var string = ""

    mutating func string(for raw: UnsafeRawBufferPointer) -> String {
        let isSame =
            raw.count == bytes.count && bytes.withUnsafeBytes { cached in zip(raw, cached).allSatisfy { $0 == $1 } }
        if !isSame {
            bytes = Array(raw)
            string = String(decoding: raw, as: UTF8.self)
        }
        return string
    }
}
