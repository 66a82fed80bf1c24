import SwiftAMQP
import TestSupport
import Testing

/// How acks leave: together where they can, soon where the program goes on, and never for more than was settled.
@Suite(.timeLimit(.minutes(2))) struct AckTests {
    /// Takes six deliveries and settles in one turn of the loop, so that everything waits in the outbox together. Gives the
    /// frames.
    private func settling(
        frames: Int, transactional: Bool = false, _ settle: @escaping @Sendable ([AMQPDelivery]) throws -> Void
    ) async throws -> [String] {
        let deliver = FakeStep.steps("deliver", (1...6).map { .deliver(1, consumerTag: "c", tag: $0, body: [7]) })
        let settles = FakeStep.run { (connection) throws(HarnessError) in
            for _ in 0..<frames { _ = try connection.nextFrame() }
        }
        let select = transactional ? [FakeStep.answer(1, .txSelect, .txSelectOK)] : []
        let transcript = try await withFakeChannel(
            select + [.answerConsume(1, tag: "c"), deliver, settles, .goodbye]
        ) { channel, connection in
            if transactional { try await channel.txSelect() }
            let deliveries = try await channel.consume("q", consumerTag: "c")
            var iterator = deliveries.makeAsyncIterator()
            var taken: [AMQPDelivery] = []
            while taken.count < 6, let next = try await iterator.next() { taken.append(next) }
            let all = taken
            await connection.onLoop { #expect(throws: Never.self) { try settle(all) } }
        }
        return transcript.session.filter { $0.contains(" tag=") }
    }

    @Test func acksThatWaitTogetherAreOne() async throws {
        let frames = try await settling(frames: 1) { for delivery in $0 { try delivery.ack() } }
        #expect(frames == ["basic.ack ch1 tag=6 multiple=true"])
    }

    @Test func aNackBetweenThemStaysBetweenThem() async throws {
        let frames = try await settling(frames: 3) {
            for delivery in $0 {
                if delivery.deliveryTag == 3 { try delivery.nack(requeue: true) } else { try delivery.ack() }
            }
        }
        #expect(
            frames == [
                "basic.ack ch1 tag=2 multiple=true", "basic.nack ch1 tag=3 multiple=false requeue=true",
                "basic.ack ch1 tag=6 multiple=true",
            ])
    }

    @Test func whatWasNotSettledIsNotCovered() async throws {
        let frames = try await settling(frames: 4) { for index in [1, 3, 4, 5] { try $0[index].ack() } }
        #expect(frames == [2, 4, 5, 6].map { "basic.ack ch1 tag=\($0) multiple=false" })
    }

    @Test func outOfOrder() async throws {
        let frames = try await settling(frames: 2) { for index in [2, 1, 0, 3] { try $0[index].ack() } }
        #expect(frames == ["basic.ack ch1 tag=3 multiple=false", "basic.ack ch1 tag=4 multiple=true"])
    }

    @Test func anAckOfSeveralAndThoseBehindIt() async throws {
        let frames = try await settling(frames: 2) {
            try $0[2].ack(multiple: true)
            try $0[3].ack()
            try $0[4].ack()
        }
        #expect(frames == ["basic.ack ch1 tag=3 multiple=true", "basic.ack ch1 tag=5 multiple=true"])
    }

    /// A rollback takes acks back one by one: an ack that covers earlier ones would do them again.
    @Test func inATransactionEachIsItsOwn() async throws {
        let frames = try await settling(frames: 6, transactional: true) { for delivery in $0 { try delivery.ack() } }
        #expect(frames == (1...6).map { "basic.ack ch1 tag=\($0) multiple=false" })
    }

    /// The handler goes on for as long as it likes; nobody writes its ack but the loop.
    @Test(arguments: [1, 64]) func anAckLeavesWhileTheHandlerGoesOn(prefetch: UInt16) async throws {
        let acknowledged = try FakeSignal()
        try await withFakeChannel([
            .answerConsume(1, tag: "c"), .deliver(1, consumerTag: "c", tag: 1, body: [7]), .expectMethod(.basicAck),
            .fire(acknowledged), .answerCancel(1, tag: "c"), .goodbye,
        ]) { channel, _ in
            try await channel.withConsumer("q", prefetch: .count(prefetch), consumerTag: "c") { deliveries in
                for try await delivery in deliveries {
                    try delivery.ack()
                    try await acknowledged.fired()
                    break
                }
            }
        }
    }

    /// Many deliveries in quick succession: whenever and however the acks leave, all of them do, and the broker is never
    /// told of one that was not settled.
    @Test(arguments: [2, 10, 64] as [UInt16]) func everyAckOfAStreamLeaves(prefetch: UInt16) async throws {
        let count: UInt64 = 2000
        let stream = FakeStep.run { (connection) throws(HarnessError) in
            var sent: UInt64 = 0
            var settled: UInt64 = 0
            while settled < count {
                while sent < count, sent - settled < UInt64(prefetch) {
                    sent += 1
                    try connection.send(Hostile.message(sent))
                }
                guard let frame = try connection.nextFrame() else { return }
                guard try WireMethod(payload: frame.payload).id == .basicAck else {
                    throw HarnessError(.script, "not an ack: \(frame)")
                }
                var reader = WireReader(Array(frame.payload.dropFirst(4)))
                let tag = try reader.u64()
                // In order, so a tag covers all before it, one way or the other.
                guard tag > settled, tag <= sent else { throw HarnessError(.script, "an ack of \(tag)") }
                let isMultiple = try reader.u8() == 1
                guard isMultiple || tag == settled + 1 else { throw HarnessError(.script, "\(tag) left others out") }
                settled = tag
            }
        }
        try await withFakeChannel([
            .answerConsume(1, tag: "c"), stream, .answerCancel(1, tag: "c"), .goodbye,
        ]) { channel, _ in
            try await channel.withConsumer("q", prefetch: .count(prefetch), consumerTag: "c") { deliveries in
                var taken = 0
                for try await delivery in deliveries {
                    try delivery.ack()
                    taken += 1
                    if taken == count { break }
                }
            }
        }
    }
}
