import SwiftAMQP
import TestSupport
import Testing

@Suite("Transactions", .timeLimit(.minutes(1)))
struct TransactionTests {
    @Test("publishes are there after the commit, and not after a rollback")
    func publishes() async throws {
        try await withConnection { connection in
            let (channel, observer) = (try await connection.openChannel(), try await connection.openChannel())
            let queue = try await observer.ownQueue()
            try await channel.txSelect()
            try await channel.publishUnconfirmed(AMQPMessage("dropped"), to: .queue(queue))
            try await channel.txRollback()
            #expect(try await observer.ready(queue) == 0)
            for number in 0..<10 {
                try await channel.publishUnconfirmed(AMQPMessage("\(number)"), to: .queue(queue))
            }
            #expect(try await observer.ready(queue) == 0)
            try await channel.txCommit()
            #expect(try await observer.drain(queue, count: 10).map(\.text) == (0..<10).map { "\($0)" })
        }
    }

    @Test("acks take effect with the commit")
    func acks() async throws {
        try await withConnection { connection in
            let channel = try await connection.openChannel()
            let observer = try await connection.openChannel()
            let queue = try await observer.ownQueue()
            try await observer.publish(texts: ["a", "b"], to: queue)
            try await channel.txSelect()
            let taken = try await channel.take(queue, count: 2)
            try taken[0].ack()
            try await channel.txCommit()
            try taken[1].ack()
            await channel.close()
            #expect(try await observer.drain(queue, count: 1).map(\.text) == ["b"])
        }
    }

    @Test("a channel has transactions or confirms")
    func either() async throws {
        try await withConnection { connection in
            let channel = try await connection.openChannel()
            let queue = try await channel.ownQueue()
            try await channel.txSelect()
            await expectError(.invalidArgument) { try await channel.publish(AMQPMessage("x"), to: .queue(queue)) }
            await expectError(.invalidArgument) { try await channel.confirmSelect() }
            #expect(channel.isOpen)
            let confirming = try await connection.openChannel()
            try await confirming.confirmSelect()
            await expectError(.invalidArgument) { try await confirming.txSelect() }
            #expect(confirming.isOpen)
        }
    }

    @Test("committing without transactions closes the channel")
    func withoutSelect() async throws {
        try await withChannel { channel in
            await expectError(.channelException, replyCode: 406) { try await channel.txCommit() }
        }
    }
}
