internal import CSwiftAMQP
internal import SwiftAMQP

extension samqp_stats {
    /// What was counted of a client.
    init(_ object: ClientObject) {
        self.init()
        let publishes = object.client.publishCounts
        confirmed = publishes.confirmed
        nacked = publishes.nacked
        returned = publishes.returned
        unknown = publishes.unknown
        not_sent = publishes.notSent
        published = publishes.total
        let health = object.client.health()
        unconfirmed = UInt64(clamping: health.unconfirmedMessages)
        unconfirmed_bytes = UInt64(clamping: health.unconfirmedBytes)
        let deliveries = object.client.deliveryCounts
        let tally = object.tally.snapshot
        handled = deliveries.handled
        acked = deliveries.acked &+ tally.acked
        requeued = deliveries.requeued &+ tally.requeued
        rejected = deliveries.rejected &+ tally.rejected
        retried = deliveries.retried
        parked = deliveries.parked
        failed = deliveries.failed
        stale = deliveries.stale &+ tally.stale
        let links = [health.publishing, health.consuming, health.consumingAutomatically].compactMap { $0 }
        connections = links.reduce(0) { $0 &+ $1.connectionCount }
        consumers = UInt64(clamping: health.consumers.count)
        events_queued = UInt64(clamping: object.events?.count ?? 0)
        events_dropped = object.events?.lostCount ?? 0
    }
}

extension samqp_drain_report {
    init(_ report: AMQPShutdownReport) {
        self.init()
        handled = report.deliveries.handled
        acked = report.deliveries.acked
        requeued = report.deliveries.requeued
        confirmed = report.publishes.confirmed
        unconfirmed = report.publishes.unknown
        abandoned = UInt64(clamping: report.abandoned)
        unfinished_handlers = UInt64(clamping: report.unfinishedHandlers)
        timed_out = report.isTimedOut ? 1 : 0
    }
}
