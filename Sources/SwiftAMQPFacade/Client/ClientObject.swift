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
        let gate = Gate<AMQPShutdownReport>()
        Task.detached { [client] in gate.open(await client.shutdown(deadline: duration)) }
        // It keeps its deadline by itself.
        guard let report = gate.wait(until: .distantFuture) else {
            throw Failure(SAMQP_ERR_INTERNAL, "a wait without a limit came back")
        }
        var settled = tally.snapshot
        if let before = tallyAtDrain.wait(until: .distantFuture) {
            settled.acked &-= before.acked
            settled.requeued &-= before.requeued
        }
        return (report, settled)
    }
}
