internal import AMQPTransport
internal import CSwiftAMQP
internal import SwiftAMQP

/// What a `samqp_client` is.
final class ClientObject: Sendable {
    /// Tells clients apart without holding them.
    typealias Identity = ObjectIdentifier

    let client: AMQPClient
    let events: EventQueue?
    /// Settles of deliveries that consumers without handlers gave out.
    let tally = DeliveryTally()
    /// What the tally said when the first drain began.
    private let tallyAtDrain = Gate<AMQPDeliveryCounts>()

    /// Connects in the background.
    ///
    /// - Parameter events: Where the client's events go.
    init(
        _ configuration: AMQPClientConfiguration, _ topology: AMQPTopology, events: EventQueue?, user: UInt
    ) throws(Failure) {
        let observer = events.map { ClientEvents(queue: $0, user: user) }
        client = try mapped { () throws(AMQPError) in
            try AMQPClient(configuration: configuration, topology: topology, observer: observer)
        }
        self.events = events
        if let events { StateSource(queue: events, user: user).follow(client.states) }
    }

    var identity: Identity { ObjectIdentifier(client) }

    /// Refuses to wait for the end of the client inside one of its handlers.
    func checkMayEnd() throws(Failure) {
        if Callback.handler?.client == identity || Callback.isInEvent { throw Failure.wouldDeadlock }
    }

    /// Ends the client; see `samqp_client_drain`.
    ///
    /// - Returns: What came of it, and what the tally counted meanwhile: the same for everybody who drains.
    func drain(within duration: Duration) throws(Failure) -> (AMQPShutdownReport, AMQPDeliveryCounts) {
        try checkMayEnd()
        tallyAtDrain.open(tally.snapshot)
        let report = try Waiting.untilDone { [client] in await client.shutdown(deadline: duration) }
        var settled = tally.snapshot
        let before = try tallyAtDrain.wait()
        settled.acked &-= before.acked
        settled.requeued &-= before.requeued
        return (report, settled)
    }
}
