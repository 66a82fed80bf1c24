import SwiftAMQP
import TestSupport
import Testing

@Suite("Publishing", .timeLimit(.minutes(2)))
struct PublishingTests {
    @Test("a full queue that rejects publishes nacks them")
    func nacked() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue(arguments: [
                "x-max-length": .int32(5), "x-overflow": "reject-publish",
            ])
            var nacked = 0
            for number in 0..<20 {
                do {
                    try await channel.publish(AMQPMessage("\(number)"), to: .queue(queue))
                } catch let error as AMQPError {
                    #expect(error.code == .nacked)
                    #expect(error.outcome == .nacked)
                    #expect(error.isRetriable)
                    nacked += 1
                }
            }
            #expect(nacked == 15)
            #expect(try await channel.drain(queue, count: 5).map(\.text) == (0..<5).map { "\($0)" })
            try await channel.publish(AMQPMessage("room again"), to: .queue(queue))
        }
    }

    @Test("a pipelined publisher sends 100,000 messages in order")
    func pipelined() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            let count = 100_000
            let report = try await channel.withPublisher(window: 1024) { publisher in
                for number in 0..<count {
                    let sequence = try await publisher.send(AMQPMessage("\(number)"), to: .queue(queue))
                    if sequence != UInt64(number) { Issue.record("\(sequence) for \(number)") }
                }
                return await publisher.flush()
            }
            #expect(report.confirmed == count)
            #expect(report.failureCount == 0)
            #expect(try await channel.ready(queue) == count)
            let texts = try await channel.drain(queue, count: count, prefetch: 1000).map(\.text)
            #expect(texts == (0..<count).map { "\($0)" })
        }
    }

    @Test("a publisher's report names what was not confirmed; without a flush the scope throws")
    func report() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            let missing = uniqueName("missing")
            try await channel.withPublisher(window: 10) { publisher in
                for number in 0..<100 {
                    try await publisher.send(AMQPMessage("\(number)"), to: .queue(number % 7 == 3 ? missing : queue))
                }
                let report = await publisher.flush()
                let expected = (0..<100).filter { $0 % 7 == 3 }.map(UInt64.init)
                #expect(report.failures.map(\.sequence) == expected)
                #expect(report.failures.allSatisfy { $0.outcome == .returned(replyCode: 312, replyText: "NO_ROUTE") })
                #expect(report.confirmed == 100 - expected.count)
                #expect(report.returned == expected.count)
                #expect(await publisher.flush().count == 0)
            }
            let error = await expectError(.returned, replyCode: 312) {
                try await channel.withPublisher { publisher in
                    try await publisher.send(AMQPMessage("x"), to: .queue(missing))
                }
            }
            #expect(error?.text.contains("1 of 1") == true)
        }
    }

    @Test("256 tasks on one channel get each its own outcome")
    func manyTasks() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            let missing = uniqueName("missing")
            let wrong = await withTaskGroup(of: Int.self) { group in
                for task in 0..<256 {
                    group.addTask {
                        var wrong = 0
                        for number in 0..<10 {
                            let isRoutable = (task + number) % 5 != 0
                            do throws(AMQPError) {
                                try await channel.publish(
                                    AMQPMessage("\(task)/\(number)"), to: .queue(isRoutable ? queue : missing))
                                if !isRoutable { wrong += 1 }
                            } catch {
                                if isRoutable || error.outcome?.isReturned != true { wrong += 1 }
                            }
                        }
                        return wrong
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(wrong == 0)
            #expect(try await channel.ready(queue) == 256 * 8)
        }
    }

    @Test("what is queued without waiting is refused when it cannot be sent at once")
    func tryEnqueue() async throws {
        try await withChannel(configure: { $0.outboundBufferLimit = 4096 }) { channel in
            let queue = try await channel.ownQueue()
            await expectError(.invalidArgument) { try channel.tryEnqueue(AMQPMessage("x"), to: .queue(queue)) }
            try await channel.confirmSelect()
            try await channel.confirmSelect()
            var pending: [AMQPPendingPublish] = []
            var refused = 0
            for _ in 0..<200 {
                do throws(AMQPError) {
                    pending.append(
                        try channel.tryEnqueue(AMQPMessage(body: Array(repeating: 1, count: 4000)), to: .queue(queue)))
                } catch {
                    #expect(error.code == .wouldBlock)
                    #expect(error.isRetriable)
                    refused += 1
                }
            }
            for publish in pending { #expect(await publish.outcome == .confirmed) }
            #expect(pending.allSatisfy { $0.outcomeIfKnown == .confirmed })
            #expect(try await channel.ready(queue) == pending.count)
            #expect(pending.count + refused == 200)
        }
    }

    @Test("with little room publishers wait, first come first served, and nothing is lost")
    func littleRoom() async throws {
        try await withChannel(configure: { $0.outboundBufferLimit = 4096 }) { channel in
            let queue = try await channel.ownQueue()
            var pending: [AMQPPendingPublish] = []
            for number in 0..<2000 {
                var body = Array("\(number):".utf8)
                body += Array(repeating: UInt8(ascii: "."), count: number % 9 == 0 ? 100_000 : 1000)
                pending.append(try await channel.enqueue(AMQPMessage(body: body), to: .queue(queue)))
            }
            for publish in pending { #expect(await publish.outcome == .confirmed) }
            let numbers = try await channel.drain(queue, count: 2000).map { $0.text.prefix { $0 != ":" } }
            #expect(numbers == (0..<2000).map { "\($0)" })
        }
    }

    @Test("unconfirmed publishes arrive; unroutable mandatory ones come back to the channel")
    func unconfirmed() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            let missing = uniqueName("missing")
            for number in 0..<5000 {
                try await channel.publishUnconfirmed(AMQPMessage("\(number)"), to: .queue(queue))
            }
            try await channel.publishUnconfirmed(
                AMQPMessage("back", properties: .init(headers: ["k": "v"])), to: .queue(missing), isMandatory: true)
            try await channel.publishUnconfirmed(AMQPMessage("gone"), to: .queue(missing))
            #expect(try await channel.readyInOrder(queue) == 5000)
            let returned = try #require(await channel.returns.first { _ in true })
            #expect(returned.replyCode == 312)
            #expect(returned.address == .queue(missing))
            #expect(returned.message.text == "back")
            #expect(returned.message.properties.headers["k"] == "v")
        }
    }

    @Test("a cancelled task publishes nothing")
    func cancelledBefore() async throws {
        try await withChannel { channel in
            let queue = try await channel.ownQueue()
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                let error = await expectError(.cancelled) {
                    try await channel.publish(AMQPMessage("x"), to: .queue(queue))
                }
                #expect(error?.outcome == .notSent(reason: .cancelled))
            }
            await task.value
            #expect(try await channel.ready(queue) == 0)
        }
    }

    @Test("closing a channel waits for the answers of its publishes")
    func closeFlushes() async throws {
        try await withConnection { connection in
            let channel = try await connection.openChannel()
            let queue = try await channel.ownQueue()
            var pending: [AMQPPendingPublish] = []
            for number in 0..<3000 {
                pending.append(try await channel.enqueue(AMQPMessage("\(number)"), to: .queue(queue)))
            }
            await channel.close(timeout: .seconds(30))
            let others = pending.map(\.outcomeIfKnown).filter { $0 != .confirmed }
            #expect(others.isEmpty)
            let other = try await connection.openChannel()
            #expect(try await other.ready(queue) == 3000)
        }
    }
}
