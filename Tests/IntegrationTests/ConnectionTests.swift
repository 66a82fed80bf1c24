import SwiftAMQP
import TestSupport
import Testing

@Suite("Connections", .timeLimit(.minutes(1)))
struct ConnectionTests {
    @Test("both sides know of each other what they said", .enabled(if: !Broker.isExternal, "needs rabbitmqctl"))
    func clientProperties() async throws {
        let broker = try await Broker.shared
        let name = uniqueName("orders-writer")
        try await withConnection(
            to: broker,
            configure: {
                $0.connectionName = name
                $0.clientProperties = ["team": "warehouse"]
            }
        ) { connection in
            #expect(connection.serverProperties["product"]?.string == "RabbitMQ")
            #expect(connection.addresses.peer == "127.0.0.1:\(broker.port)")
            #expect(connection.endpoint == "127.0.0.1:\(broker.port)/%2F")
            let lines = try await broker.ctl(["list_connections", "client_properties"]).split(separator: "\n")
            let own = lines.filter { $0.contains(name) }
            #expect(own.count == 1)
            for part in [
                "{\"connection_name\",\"\(name)\"}", "\"product\"", "\"version\"", "\"platform\"",
                "{\"team\",\"warehouse\"}", "{\"publisher_confirms\",true}", "{\"basic.nack\",true}",
                "{\"consumer_cancel_notify\",true}", "{\"connection.blocked\",true}",
                "{\"authentication_failure_close\",true}", "{\"exchange_exchange_bindings\",true}",
            ] {
                #expect(own.first?.contains(part) == true, "\(part) in \(own)")
            }
        }
    }

    @Test(
        "heartbeat, frame size and channel count are what both sides agreed on",
        .enabled(if: !Broker.isExternal, "needs rabbitmqctl"))
    func negotiation() async throws {
        let broker = try await Broker.shared
        let name = uniqueName("negotiation")
        try await withConnection(
            to: broker,
            configure: {
                $0.connectionName = name
                $0.heartbeat = .seconds(7)
                $0.frameMax = 8192
                $0.channelMax = 3
            }
        ) { connection in
            #expect(connection.heartbeat == .seconds(7))
            #expect(connection.frameMax == 8192)
            #expect(connection.channelMax == 3)
            let lines = try await broker.ctl([
                "list_connections", "timeout", "frame_max", "channel_max", "client_properties",
            ])
            let own = try #require(lines.split(separator: "\n").first { $0.contains(name) })
            #expect(own.hasPrefix("7\t8192\t3\t"))
        }
        try await withConnection(to: broker) { connection in
            #expect(connection.heartbeat == .seconds(20))
            #expect(connection.frameMax == 131_072)
            #expect(connection.channelMax == 2047)
        }
    }

    @Test("channel ids are low, reused, and refused locally when all are taken")
    func channelIDs() async throws {
        try await withConnection(configure: { $0.channelMax = 3 }) { connection in
            let first = try await connection.openChannel()
            let second = try await connection.openChannel()
            let third = try await connection.openChannel()
            #expect([first.id, second.id, third.id] == [1, 2, 3])
            await expectError(.channelIDsExhausted) { try await connection.openChannel() }
            await second.close()
            #expect(!second.isOpen)
            let again = try await connection.openChannel()
            #expect(again.id == 2)
            #expect(first.isOpen && third.isOpen)
        }
    }

    @Test("the wrong password is an authentication failure")
    func wrongPassword() async throws {
        let broker = try await Broker.shared
        let secret = "sentinel-7f3a"
        let error = await expectError(.authenticationFailed, replyCode: 403) {
            try await AMQPConnection.connect(AMQPConfiguration(url: broker.url(user: "guest", password: secret)))
        }
        #expect(error.map { "\($0)".contains(secret) } == false)
        #expect(error?.isRetriable == false)
    }

    @Test(
        "a virtual host that does not exist, or is not the user's, is refused",
        .enabled(if: !Broker.isExternal, "needs rabbitmqctl"))
    func virtualHosts() async throws {
        let broker = try await Broker.shared
        await expectError(.virtualHostRefused, replyCode: 530) {
            try await AMQPConnection.connect(AMQPConfiguration(url: broker.url(vhost: uniqueName("nowhere"))))
        }
        let user = uniqueName("visitor")
        try await broker.addUser(user, password: "p@ss/word")
        await expectError(.virtualHostRefused, replyCode: 530) {
            try await AMQPConnection.connect(AMQPConfiguration(url: broker.url(user: user, password: "p@ss/word")))
        }
        let vhost = uniqueName("prod/eu")
        try await broker.addVhost(vhost)
        try await broker.setPermissions(user, vhost: vhost)
        let url = broker.url(user: user, password: "p@ss/word", vhost: vhost)
        try await AMQPConnection.withConnection(AMQPConfiguration(url: url)) { connection in
            #expect(connection.endpoint.hasSuffix(vhost.replacing("/", with: "%2F")))
            try await connection.withChannel { channel in
                _ = try await channel.declare(.classic("here"))
            }
        }
        try await broker.deleteVhost(vhost)
        try await broker.deleteUser(user)
    }

    @Test("a port where nobody listens is unreachable")
    func unreachable() async throws {
        let port = try LoopbackPort.free()
        await expectError(.unreachable) {
            try await AMQPConnection.connect(AMQPConfiguration(host: "127.0.0.1", port: port))
        }
    }

    @Test("a new secret is taken over")
    func updateSecret() async throws {
        try await withConnection { connection in
            try await connection.updateSecret("guest", reason: "rotation")
            try await connection.withChannel { channel in _ = try await channel.ownQueue() }
        }
    }

    @Test("closing is idempotent, from many tasks, and final")
    func closing() async throws {
        let broker = try await Broker.shared
        let connection = try await AMQPConnection.connect(AMQPConfiguration(url: broker.url))
        let channel = try await connection.openChannel()
        let queue = try await channel.ownQueue()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { await connection.close() } }
        }
        await connection.close()
        #expect(await connection.waitUntilClosed().code == .closed)
        await expectError(.closed) { try await connection.openChannel() }
        await expectError(.closed) { try await channel.ready(queue) }
        let error = await expectError(.closed) { try await channel.publish(AMQPMessage("x"), to: .queue(queue)) }
        #expect(error?.outcome == .notSent(reason: .connectionClosed))
        #expect(!channel.isOpen)
        guard case .closed = connection.state else {
            Issue.record("the state is \(connection.state)")
            return
        }
        var events: [AMQPConnectionEvent] = []
        for await event in connection.events { events.append(event) }
        guard events.count == 1, case .closed(nil) = events[0] else {
            Issue.record("\(events)")
            return
        }
    }

    @Test("a handle that nobody holds closes its connection", .enabled(if: !Broker.isExternal, "needs rabbitmqctl"))
    func abandoned() async throws {
        let broker = try await Broker.shared
        let name = uniqueName("abandoned")
        var configuration = try AMQPConfiguration(url: broker.url)
        configuration.connectionName = name
        do {
            let connection = try await AMQPConnection.connect(configuration)
            _ = try await connection.openChannel().ownQueue()
        }
        try await eventually("the connection is gone") {
            !(try await broker.ctl(["list_connections", "client_properties"]).contains(name))
        }
    }

    @Test("an idle connection lives on its heartbeats")
    func idle() async throws {
        try await withChannel(configure: { $0.heartbeat = .seconds(1) }) { channel in
            let queue = try await channel.ownQueue()
            // Time is what is tested: more than three timeouts without a frame of the program.
            try await Task.sleep(for: .milliseconds(3500))
            try await channel.publish(AMQPMessage("still here"), to: .queue(queue))
        }
    }
}
