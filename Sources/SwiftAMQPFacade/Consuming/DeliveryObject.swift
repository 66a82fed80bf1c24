internal import AMQPTransport
internal import CSwiftAMQP
internal import SwiftAMQP
internal import Synchronization

/// What a `samqp_delivery` is. Its texts are made when they are asked for.
final class DeliveryObject: Sendable {
    let delivery: AMQPDelivery
    private let tally: DeliveryTally?
    /// What has to exist for it to be settled.
    private let owner: (any AnyObject & Sendable)?
    /// Its handler should end.
    private let cancelled = Atomic(false)
    private let madeExchange = LazyReference<CText>()
    private let madeRoutingKey = LazyReference<CText>()
    private let madeConsumerTag = LazyReference<CText>()
    private let madeProperties = LazyReference<PropertiesObject>()

    /// - Parameters:
    ///   - tally: Where settles are counted; for those that nothing else counts.
    ///   - owner: Is kept as long as this.
    init(_ delivery: AMQPDelivery, tally: DeliveryTally? = nil, owner: (any AnyObject & Sendable)? = nil) {
        self.delivery = delivery
        self.tally = tally
        self.owner = owner
    }

    var exchange: CText { madeExchange.load() ?? madeExchange.storeIfNil(CText(delivery.exchange)) }
    var routingKey: CText { madeRoutingKey.load() ?? madeRoutingKey.storeIfNil(CText(delivery.routingKey)) }
    var consumerTag: CText { madeConsumerTag.load() ?? madeConsumerTag.storeIfNil(CText(delivery.consumerTag)) }
    var properties: PropertiesObject {
        madeProperties.load() ?? madeProperties.storeIfNil(PropertiesObject(delivery.properties))
    }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
    func cancel() { cancelled.store(true, ordering: .relaxed) }

    // MARK: Settling

    func ack(multiple: Bool) throws(Failure) {
        guard multiple else { return try countingOne(as: .acked) { () throws(AMQPError) in try delivery.ack() } }
        do throws(AMQPError) {
            try delivery.ackUpToThis { [tally] in tally?.add($0, as: .acked) }
        } catch {
            throw note(error)
        }
    }

    func nack(requeue: Bool, multiple: Bool) throws(Failure) {
        let kind = requeue ? DeliveryTally.Kind.requeued : .rejected
        guard multiple else {
            return try countingOne(as: kind) { () throws(AMQPError) in try delivery.nack(requeue: requeue) }
        }
        do throws(AMQPError) {
            try delivery.nackUpToThis(requeue: requeue) { [tally] in tally?.add($0, as: kind) }
        } catch {
            throw note(error)
        }
    }

    /// Counts first, and takes it back where it fails: who sees that nothing is unsettled finds the count complete.
    @inline(__always)
    private func countingOne(
        as kind: DeliveryTally.Kind, _ settle: () throws(AMQPError) -> Void
    ) throws(Failure) {
        tally?.add(1, as: kind)
        do throws(AMQPError) {
            try settle()
        } catch {
            tally?.add(-1, as: kind)
            throw note(error)
        }
    }

    private func note(_ error: AMQPError) -> Failure {
        if error.code == .stale { tally?.add(1, as: .stale) }
        return Failure(error)
    }

    /// Nobody will look at it: it goes back, unless it has gone already. That it was settled, or its channel is gone, is
    /// nothing that the program did.
    func giveBack() {
        tally?.add(1, as: .requeued)
        do throws(AMQPError) {
            try delivery.nack(requeue: true)
        } catch {
            tally?.add(-1, as: .requeued)
        }
    }
}

/// Counts settles that no consumer of the Swift API counts.
final class DeliveryTally: Sendable {
    enum Kind {
        case acked, requeued, rejected, stale
    }

    private let acked = Atomic<Int>(0)
    private let requeued = Atomic<Int>(0)
    private let rejected = Atomic<Int>(0)
    private let stale = Atomic<Int>(0)

    @inline(__always)
    func add(_ count: Int, as kind: Kind) {
        switch kind {
        case .acked: acked.wrappingAdd(count, ordering: .relaxed)
        case .requeued: requeued.wrappingAdd(count, ordering: .relaxed)
        case .rejected: rejected.wrappingAdd(count, ordering: .relaxed)
        case .stale: stale.wrappingAdd(count, ordering: .relaxed)
        }
    }

    /// The counts at one moment.
    var snapshot: AMQPDeliveryCounts {
        var counts = AMQPDeliveryCounts()
        counts.acked = UInt64(clamping: acked.load(ordering: .relaxed))
        counts.requeued = UInt64(clamping: requeued.load(ordering: .relaxed))
        counts.rejected = UInt64(clamping: rejected.load(ordering: .relaxed))
        counts.stale = UInt64(clamping: stale.load(ordering: .relaxed))
        return counts
    }
}
