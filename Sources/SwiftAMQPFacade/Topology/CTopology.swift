// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import AMQPTransport
public import CSwiftAMQP
internal import SwiftAMQP

// Topologies as values.

@_cdecl("samqp_topology_new") @implementation
public func samqp_topology_new() -> OpaquePointer? {
    Fork.isChild ? nil : Handle.make(TopologyObject())
}

@_cdecl("samqp_topology_free") @implementation
public func samqp_topology_free(_ topology: OpaquePointer?) { Handle.free(topology, as: TopologyObject.self) }

private func add(
    _ topology: OpaquePointer?, _ change: (inout AMQPTopology) throws(Failure) -> Void
) -> samqp_status {
    status { () throws(Failure) in
        let object = try Handle.require(topology, as: TopologyObject.self, "topology")
        try change(&object.topology)
    }
}

@_cdecl("samqp_topology_add_exchange") @implementation
public func samqp_topology_add_exchange(
    _ topology: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ type: UnsafePointer<CChar>?, _ flags: UInt32,
    _ arguments: OpaquePointer?
) -> samqp_status {
    add(topology) { (topology) throws(Failure) in
        topology.exchanges.append(try AMQPExchange(caller: name, type, flags, arguments, of: #function))
    }
}

@_cdecl("samqp_topology_add_queue") @implementation
public func samqp_topology_add_queue(
    _ topology: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ flags: UInt32, _ arguments: OpaquePointer?
) -> samqp_status {
    add(topology) { (topology) throws(Failure) in
        topology.queues.append(try AMQPQueue(caller: name, flags, arguments, of: #function))
    }
}

@_cdecl("samqp_topology_add_binding") @implementation
public func samqp_topology_add_binding(
    _ topology: OpaquePointer?, _ queue: UnsafePointer<CChar>?, _ exchange: UnsafePointer<CChar>?,
    _ routing_key: UnsafePointer<CChar>?, _ arguments: OpaquePointer?
) -> samqp_status {
    add(topology) { (topology) throws(Failure) in
        topology.bindings.append(try AMQPBinding(caller: queue, isQueue: true, exchange, routing_key, arguments))
    }
}

@_cdecl("samqp_topology_add_exchange_binding") @implementation
public func samqp_topology_add_exchange_binding(
    _ topology: OpaquePointer?, _ destination: UnsafePointer<CChar>?, _ source: UnsafePointer<CChar>?,
    _ routing_key: UnsafePointer<CChar>?, _ arguments: OpaquePointer?
) -> samqp_status {
    add(topology) { (topology) throws(Failure) in
        topology.bindings.append(try AMQPBinding(caller: destination, isQueue: false, source, routing_key, arguments))
    }
}
