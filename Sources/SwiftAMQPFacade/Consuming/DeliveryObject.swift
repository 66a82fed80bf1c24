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

    // Counted first, and taken back where it fails: who sees that nothing is unsettled finds the count complete.

    func ack(multiple: Bool) throws(Failure) {
        do throws(AMQPError) {
            tally?.acked.add(1, ordering: .relaxed)
            try delivery.ack(multiple: multiple)
        } catch {
            tally?.acked.subtract(1, ordering: .relaxed)
            throw note(error)
        }
    }

    func nack(requeue: Bool, multiple: Bool) throws(Failure) {
        do throws(AMQPError) {
            if requeue {
                tally?.requeued.add(1, ordering: .relaxed)
            } else {
                tally?.rejected.add(1, ordering: .relaxed)
            }
            try delivery.nack(requeue: requeue, multiple: multiple)
        } catch {
            if requeue {
                tally?.requeued.subtract(1, ordering: .relaxed)
            } else {
                tally?.rejected.subtract(1, ordering: .relaxed)
            }
            throw note(error)
        }
    }

    private func note(_ error: AMQPError) -> Failure {
        if error.code == .stale { tally?.stale.add(1, ordering: .relaxed) }
        return Failure(error)
    }

    /// Nobody will look at it: it goes back, unless it has gone already.
    func giveBack() {
        do throws(Failure) {
            try nack(requeue: true, multiple: false)
        } catch {
            // It was settled, its channel is gone, or the broker has settled it: nothing is left to be done.
        }
    }
}

/// Counts settles that no consumer of the Swift API counts.
final class DeliveryTally: Sendable {
    fileprivate let acked = Atomic<UInt64>(0)
    fileprivate let requeued = Atomic<UInt64>(0)
    fileprivate let rejected = Atomic<UInt64>(0)
    fileprivate let stale = Atomic<UInt64>(0)

    /// The counts at one moment.
    var snapshot: AMQPDeliveryCounts {
        var counts = AMQPDeliveryCounts()
        counts.acked = acked.load(ordering: .relaxed)
        counts.requeued = requeued.load(ordering: .relaxed)
        counts.rejected = rejected.load(ordering: .relaxed)
        counts.stale = stale.load(ordering: .relaxed)
        return counts
    }
}
