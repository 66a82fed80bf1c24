import SwiftAMQP
import TestSupport
import Testing

/// A supervised client of a broker, shut down afterwards however `body` ends.
@discardableResult
func withClient<Value>(
    to broker: Broker? = nil, port: UInt16? = nil, topology: AMQPTopology = AMQPTopology(),
    configure: (inout AMQPClientConfiguration) -> Void = { _ in }, _ body: (AMQPClient) async throws -> Value
) async throws -> Value {
    let broker = if let broker { broker } else { try await Broker.shared }
    var endpoint = try AMQPConfiguration(url: broker.url)
    if let port { endpoint.port = port }
    var configuration = AMQPClientConfiguration(endpoint)
    configure(&configuration)
    let client = try AMQPClient(configuration: configuration, topology: topology)
    do {
        let value = try await body(client)
        await client.shutdown(deadline: .seconds(10))
        return value
    } catch {
        await client.shutdown(deadline: .zero)
        throw error
    }
}

extension AMQPClient {
    /// Waits for a state for which `isWanted` holds; gives the last one if there will be none.
    func state(where isWanted: (AMQPClientState) -> Bool) async -> AMQPClientState {
        for await state in states where isWanted(state) { return state }
        return state
    }

    /// Waits until everything is there.
    func expectOpen(sourceLocation: SourceLocation = #_sourceLocation) async {
        let state = await state { if case .open = $0 { true } else { false } }
        guard case .open = state else {
            Issue.record("the client is \(state)", sourceLocation: sourceLocation)
            return
        }
    }

    /// Waits for what is not there; empty if the client has ended.
    func failures() async -> [AMQPTopologyFailure] {
        guard case .degraded(let failures) = await state(where: { if case .degraded = $0 { true } else { false } })
        else { return [] }
        return failures
    }
}
