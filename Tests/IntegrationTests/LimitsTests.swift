import Glibc
import SwiftAMQP
import TestSupport
import Testing

@Suite("Sizes", .timeLimit(.minutes(2)))
struct LimitsTests {
    private func body(_ size: Int) -> [UInt8] {
        let pattern = (0..<251).map { UInt8(($0 &* 7 &+ size) & 255) }
        var body: [UInt8] = []
        body.reserveCapacity(size + pattern.count)
        while body.count < size { body += pattern }
        body.removeLast(body.count - size)
        return body
    }

    /// As fast in a build without optimisation, unlike `==`.
    private func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && memcmp(left, right, left.count) == 0
    }

    @Test("bodies around the edges of frames", arguments: [UInt32(8192), 131_072, 1 << 20])
    func edges(frameMax: UInt32) async throws {
        try await withConnection(configure: { $0.frameMax = frameMax }) { connection in
            let largest = connection.frameMax - 8
            #expect(connection.frameMax == min(Int(frameMax), 131_072))
            let sizes = [
                0, 1, 2, largest - 1, largest, largest + 1, 2 * largest - 1, 2 * largest, 2 * largest + 1, 65_535,
                65_536, 65_537, 1 << 20,
            ]
            try await connection.withChannel { channel in
                let queue = try await channel.ownQueue()
                for size in sizes {
                    try await channel.publish(AMQPMessage(body: body(size)), to: .queue(queue))
                    // Headers only, and frames of other messages, in between.
                    try await channel.publish(
                        AMQPMessage(body: [], properties: .init(headers: ["k": 1])), to: .queue(queue))
                }
                let taken = try await channel.drain(queue, count: 2 * sizes.count)
                for (index, size) in sizes.enumerated() {
                    #expect(isEqual(taken[2 * index].body, body(size)), "\(size) bytes")
                    #expect(taken[2 * index + 1].body.isEmpty)
                }
            }
        }
    }

    @Test("16 MiB, from four tasks at once, next to small messages")
    func large() async throws {
        let large = body(16 << 20)
        try await withConnection { connection in
            let queue = try await connection.withChannel { channel in try await channel.ownQueue() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<4 {
                    group.addTask {
                        try await connection.withChannel { channel in
                            if task % 2 == 0 {
                                try await channel.publish(AMQPMessage(body: large), to: .queue(queue))
                            } else {
                                for _ in 0..<200 { try await channel.publish(AMQPMessage("small"), to: .queue(queue)) }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await connection.withChannel { channel in
                let taken = try await channel.drain(queue, count: 402, prefetch: 20)
                #expect(taken.count { isEqual($0.body, large) } == 2)
                #expect(taken.count { $0.body.count == 5 } == 400)
            }
        }
    }

    @Test("headers that do not fit into one frame are refused before a byte is sent")
    func headersTooLarge() async throws {
        try await withChannel(configure: { $0.frameMax = 8192 }) { channel in
            let queue = try await channel.ownQueue()
            let properties = AMQPProperties(headers: ["k": .bytes(body(8192))])
            let error = await expectError(.messageTooLarge) {
                try await channel.publish(AMQPMessage("x", properties: properties), to: .queue(queue))
            }
            #expect(error?.outcome?.isNotSent == true)
            await expectError(.messageTooLarge) {
                try await channel.declare(.classic(uniqueName("big"), arguments: ["x-k": .bytes(body(8192))]))
            }
            #expect(channel.isOpen)
            let fitting = AMQPProperties(headers: ["k": .bytes(body(8100))])
            try await channel.publish(AMQPMessage("x", properties: fitting), to: .queue(queue))
            #expect(try await channel.drain(queue, count: 1)[0].properties == fitting)
        }
    }

    @Test("a body larger than this side accepts ends the connection, typed, and stays in the queue")
    func inboundTooLarge() async throws {
        try await withChannel { keeper in
            let queue = uniqueName("inbound")
            try await keeper.declare(.classic(queue))
            try await keeper.publish(AMQPMessage(body: body(2000)), to: .queue(queue))
            try await keeper.publish(AMQPMessage(body: body(2001)), to: .queue(queue))
            try await withConnection(configure: { $0.maximumInboundBodySize = 2000 }) { connection in
                let channel = try await connection.openChannel()
                let first = try #require(try await channel.get(queue))
                try first.delivery.ack()
                do throws(AMQPError) {
                    _ = try await channel.get(queue)
                    Issue.record("a message over the limit was accepted")
                } catch {
                    #expect(error.code == .protocolViolation || error.code == .messageTooLarge, "\(error)")
                }
                _ = await connection.waitUntilClosed()
            }
            #expect(try await keeper.drain(queue, count: 1)[0].body.count == 2001)
            try await keeper.delete(queue: queue)
        }
    }
}
