internal import CSwiftAMQP
internal import SwiftAMQP

/// What a `samqp_topology` is.
///
/// Invariant: read by many threads, or changed by one, which is what the header asks of callers. That is why the class is
/// `@unchecked Sendable`.
final class TopologyObject: @unchecked Sendable {
    var topology = AMQPTopology()
}

// What the arguments of C describe. All of it is checked here, for lists and for what is declared at once.

extension AMQPExchange {
    init(
        caller name: UnsafePointer<CChar>?, _ kind: UnsafePointer<CChar>?, _ flags: UInt32, _ arguments: OpaquePointer?,
        of function: String
    ) throws(Failure) {
        try flags.checkFlags(SAMQP_DURABLE | SAMQP_AUTO_DELETE | SAMQP_INTERNAL, of: function)
        self.init(
            name: try String(name: name, as: "name"), kind: Kind(rawValue: try String(name: kind, as: "type")),
            durable: flags.has(SAMQP_DURABLE), autoDelete: flags.has(SAMQP_AUTO_DELETE),
            internal: flags.has(SAMQP_INTERNAL), arguments: try AMQPTable(callerTable: arguments))
    }
}

extension AMQPQueue {
    init(
        caller name: UnsafePointer<CChar>?, _ flags: UInt32, _ arguments: OpaquePointer?, of function: String
    ) throws(Failure) {
        try flags.checkFlags(SAMQP_DURABLE | SAMQP_EXCLUSIVE | SAMQP_AUTO_DELETE | SAMQP_QUORUM, of: function)
        self.init(
            name: try String(optionalName: name, as: "name"), durable: flags.has(SAMQP_DURABLE),
            exclusive: flags.has(SAMQP_EXCLUSIVE), autoDelete: flags.has(SAMQP_AUTO_DELETE),
            arguments: try AMQPTable(callerTable: arguments))
        guard flags.has(SAMQP_QUORUM) else { return }
        guard isDurable, !isExclusive, !isAutoDelete else {
            throw .invalidArgument("SAMQP_QUORUM goes with SAMQP_DURABLE and nothing else")
        }
        let type = self.arguments["x-queue-type"]
        guard type == nil || type == "quorum" else {
            throw .invalidArgument("SAMQP_QUORUM and the argument x-queue-type say different things")
        }
        self.arguments["x-queue-type"] = "quorum"
    }
}

extension AMQPBinding {
    /// - Parameter isQueue: Whether `destination` is a queue; then `NULL` is the server-named one.
    init(
        caller destination: UnsafePointer<CChar>?, isQueue: Bool, _ source: UnsafePointer<CChar>?,
        _ routingKey: UnsafePointer<CChar>?, _ arguments: OpaquePointer?
    ) throws(Failure) {
        self.init(
            destination: isQueue
                ? .queue(try String(optionalName: destination, as: "queue"))
                : .exchange(try String(name: destination, as: "destination")),
            source: try String(name: source, as: isQueue ? "exchange" : "source"),
            routingKey: try String(optionalName: routingKey, as: "routing_key"),
            arguments: try AMQPTable(callerTable: arguments))
    }
}
