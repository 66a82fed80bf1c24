import Glibc
import SwiftAMQP
import TestSupport
import Testing

extension BrokerFaults {
    /// On this node because no other test of the process opens sockets to it meanwhile.
    @Suite("Many connections in one process")
    struct ManyConnectionsTests {
        /// The descriptors of this process that are sockets to `port`.
        private func sockets(to port: UInt16) throws -> Int {
            try ProcessCounts.openDescriptors().count { descriptor in
                var address = sockaddr_in()
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                let status = withUnsafeMutablePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
                }
                return status == 0 && address.sin_family == sa_family_t(AF_INET) && address.sin_port == port.bigEndian
            }
        }

        /// The names of this process's threads that the library named.
        private func libraryThreads() throws -> [String] {
            try ProcessCounts.threadNames("samqp-loop")
        }

        @Test("200 of them take one thread together, and give back every descriptor")
        func twoHundred() async throws {
            let broker = try await FaultNode.shared
            let configuration = try AMQPConfiguration(url: broker.url)
            try await withChannel(to: broker) { _ in }
            let threads = try libraryThreads()
            #expect(threads.count == 1)
            #expect(try sockets(to: broker.port) == 0)

            let connections = try await withThrowingTaskGroup(of: AMQPConnection.self) { group in
                for _ in 0..<200 { group.addTask { try await AMQPConnection.connect(configuration) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(try sockets(to: broker.port) == 200)
            #expect(try libraryThreads() == threads)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, connection) in connections.enumerated() {
                    group.addTask {
                        let channel = try await connection.openChannel()
                        let queue = try await channel.ownQueue()
                        try await channel.publish(AMQPMessage("\(index)"), to: .queue(queue))
                        #expect(try await channel.drain(queue, count: 1)[0].text == "\(index)")
                    }
                }
                try await group.waitForAll()
            }
            #expect(try libraryThreads() == threads)
            await withTaskGroup(of: Void.self) { group in
                for connection in connections { group.addTask { await connection.close() } }
            }
            #expect(try sockets(to: broker.port) == 0)
            #expect(try libraryThreads() == threads)
        }

        @Test("attempts that fail or are cancelled leave no descriptor")
        func failing() async throws {
            let broker = try await FaultNode.shared
            let refused = try AMQPConfiguration(url: broker.url(password: "wrong"))
            let fine = try AMQPConfiguration(url: broker.url)
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<60 {
                    group.addTask {
                        if index % 3 == 0 {
                            await expectError(.authenticationFailed, replyCode: 403) {
                                try await AMQPConnection.connect(refused)
                            }
                            return
                        }
                        let task = Task { try await AMQPConnection.connect(fine) }
                        for _ in 0..<(index * 7 % 50) { await Task.yield() }
                        task.cancel()
                        do {
                            try await task.value.close()
                        } catch let error as AMQPError {
                            #expect(error.code == .cancelled)
                        } catch {
                            Issue.record(error)
                        }
                    }
                }
            }
            try await eventually("no socket is left") { try sockets(to: broker.port) == 0 }
        }

        @Test("a message that is too large for the broker ends its channel and no other")
        func tooLargeForBroker() async throws {
            try await withConnection(to: try await FaultNode.shared) { connection in
                let (channel, other) = (try await connection.openChannel(), try await connection.openChannel())
                let queue = try await other.ownQueue()
                let largest = AMQPMessage(body: Array(repeating: 1, count: FaultNode.maximumMessageSize))
                try await channel.publish(largest, to: .queue(queue))
                let tooLarge = AMQPMessage(body: Array(repeating: 1, count: FaultNode.maximumMessageSize + 1))
                await expectError(.channelException, replyCode: 406) {
                    try await channel.publish(tooLarge, to: .queue(queue))
                }
                try await other.publish(AMQPMessage("fine"), to: .queue(queue))
                #expect(try await other.drain(queue, count: 2).map(\.body.count) == [FaultNode.maximumMessageSize, 4])
            }
        }
    }
}
