import SwiftAMQP
import TestSupport

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
}
