import SwiftAMQP
import TestSupport
import Testing

@Suite("Plain channels of a client", .timeLimit(.minutes(1)))
struct ClientChannelTests {
    @Test("a channel ends with its connection, and the client opens another one on the next")
    func lostConnection() async throws {
        let broker = try await Broker.shared
        try await ChaosProxy.withProxy(target: broker.port) { proxy in
            try await withClient(port: proxy.port) { client in
                let channel = try await client.openChannel(timeout: .seconds(10))
                try await channel.checkExchange("amq.fanout")
                await proxy.reset()
                await #expect(throws: AMQPError.self) { try await channel.checkExchange("amq.fanout") }
                #expect(!channel.isOpen)
                let next = try await client.openChannel(timeout: .seconds(10))
                try await next.checkExchange("amq.fanout")
                #expect(next.isOpen && !next.isTransactional)
                try await next.txSelect()
                #expect(next.isTransactional)
            }
        }
    }

    @Test("without a connection it is given up in time, and once the client has ended at once")
    func noConnection() async throws {
        var configuration = AMQPClientConfiguration(AMQPConfiguration(host: "127.0.0.1", port: 1))
        configuration.firstConnect = .keepTrying
        let client = try AMQPClient(configuration: configuration)
        let error = await expectError(.timeout) { try await client.openChannel(timeout: .milliseconds(20)) }
        #expect(error?.text.contains("no connection") == true)
        await client.shutdown(deadline: .zero)
        await expectError(.closed) { try await client.openChannel() }
    }
}
