import SwiftAMQP
import TestSupport
import Testing

@Suite("Permissions", .timeLimit(.minutes(1)), .enabled(if: !Broker.isExternal, "needs rabbitmqctl"))
struct PermissionTests {
    @Test("what a user may not do closes that channel and no other")
    func refused() async throws {
        let broker = try await Broker.shared
        let user = uniqueName("limited")
        let name = uniqueName("guarded")
        try await broker.addUser(user, password: "x")
        try await broker.setPermissions(user, configure: "^$", write: "^own-.*$", read: "^own-.*$")
        try await withChannel(to: broker) { admin in
            try await admin.declare(.classic(name))
            try await admin.declare(.direct(name))
            let url = broker.url(user: user, password: "x")
            try await AMQPConnection.withConnection(AMQPConfiguration(url: url)) { connection in
                let bystander = try await connection.openChannel()
                let failing: [(AMQPChannel) async throws -> Void] = [
                    { try await $0.declare(.classic(uniqueName("new"))) },
                    { try await $0.declare(.direct(uniqueName("new"))) },
                    { try await $0.delete(queue: name) },
                    { try await $0.purge(queue: name) },
                    { try await $0.bind(queue: name, to: name) },
                    { _ = try await $0.consume(name) },
                    { _ = try await $0.get(name) },
                    { try await $0.publish(AMQPMessage("x"), to: .exchange(name, routingKey: "k")) },
                ]
                for (index, operation) in failing.enumerated() {
                    let channel = try await connection.openChannel()
                    let error = await expectError(.channelException, replyCode: 403) { try await operation(channel) }
                    // A publish says of itself what became of it, and gives the broker's words as the reason.
                    let words = error?.underlying?.text ?? error?.text ?? ""
                    #expect(words.contains("ACCESS_REFUSED"), "operation \(index): \(words)")
                }
                #expect(bystander.isOpen)
                try await connection.withChannel { channel in _ = try await channel.status(ofQueue: name) }
            }
            try await admin.delete(queue: name)
            try await admin.delete(exchange: name)
        }
        try await broker.deleteUser(user)
    }
}
