// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CSwiftAMQP
internal import SwiftAMQP

// Applying topologies, and saying before what that would do.

private func topologyAndClient(
    _ client: OpaquePointer?, _ topology: OpaquePointer?
) throws(Failure) -> (AMQPClient, AMQPTopology) {
    let client = try Handle.require(client, as: ClientObject.self, "client")
    let topology = try Handle.require(topology, as: TopologyObject.self, "topology")
    return (client.client, topology.topology)
}

@_cdecl("samqp_topology_apply") @implementation
public func samqp_topology_apply(
    _ client: OpaquePointer?, _ topology: OpaquePointer?, _ failures: UnsafeMutablePointer<Int>?,
    _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    failures?.pointee = 0
    return status(error) { () throws(Failure) in
        let (client, topology) = try topologyAndClient(client, topology)
        let limit = Waiting.Limit(milliseconds: timeout_ms)
        let report = try Waiting.run(limit) { () async throws(AMQPError) in
            try await client.apply(topology, timeout: limit.duration)
        }
        failures?.pointee = report.failures.count
        if let failure = report.failure { throw failure }
    }
}

@_cdecl("samqp_topology_plan") @implementation
public func samqp_topology_plan(
    _ out: UnsafeMutablePointer<OpaquePointer?>?, _ client: OpaquePointer?, _ topology: OpaquePointer?,
    _ timeout_ms: Int64, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> samqp_status {
    out?.pointee = nil
    return status(error) { () throws(Failure) in
        guard let out else { throw .missing("out") }
        let (client, topology) = try topologyAndClient(client, topology)
        let limit = Waiting.Limit(milliseconds: timeout_ms)
        let plan = try Waiting.run(limit) { () async throws(AMQPError) in
            try await client.plan(topology, timeout: limit.duration)
        }
        out.pointee = Handle.make(PlanObject(plan))
    }
}

@_cdecl("samqp_plan_count") @implementation
public func samqp_plan_count(_ plan: OpaquePointer?) -> Int {
    Handle.get(plan, as: PlanObject.self)?.items.count ?? 0
}

private func item(_ plan: OpaquePointer?, _ index: Int) -> PlanObject.Item? {
    guard let items = Handle.get(plan, as: PlanObject.self)?.items, items.indices.contains(index) else { return nil }
    return items[index]
}

@_cdecl("samqp_plan_finding") @implementation
public func samqp_plan_finding(_ plan: OpaquePointer?, _ index: Int) -> Int32 { item(plan, index)?.finding ?? 0 }

@_cdecl("samqp_plan_text") @implementation
public func samqp_plan_text(_ plan: OpaquePointer?, _ index: Int) -> UnsafePointer<CChar>? {
    item(plan, index)?.text.pointer
}

@_cdecl("samqp_plan_is_applicable") @implementation
public func samqp_plan_is_applicable(_ plan: OpaquePointer?) -> Int32 {
    Handle.get(plan, as: PlanObject.self)?.isApplicable == true ? 1 : 0
}

@_cdecl("samqp_plan_free") @implementation
public func samqp_plan_free(_ plan: OpaquePointer?) { Handle.free(plan, as: PlanObject.self) }
