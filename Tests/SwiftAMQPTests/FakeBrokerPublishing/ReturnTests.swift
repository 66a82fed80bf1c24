import SwiftAMQP
import TestSupport
import Testing

/// `basic.return` carries no tag; it belongs to the oldest unanswered mandatory publish that is equal to it.
@Suite(.timeLimit(.minutes(2))) struct ReturnTests {
    private static let noRoute = AMQPPublishOutcome.returned(replyCode: 312, replyText: "NO_ROUTE")

    private static func back(_ body: String, to key: String = "q", exchange: String = "") -> FakeStep {
        .sendReturn(1, exchange: exchange, routingKey: key, body: Array(body.utf8), deliveryMode: 2)
    }

    /// Publishes one message a letter and gives the outcomes: `+` confirmed, `r` returned, `-` nacked.
    private func outcomes(_ bodies: [String], _ answers: [FakeStep]) async throws -> String {
        var letters = ""
        let script = [.confirmSelect(1)] + Array(repeating: FakeStep.expectPublish(), count: bodies.count) + answers
        try await withFakeChannel(script + [.goodbye]) { channel, _ in
            var pending: [AMQPPendingPublish] = []
            for body in bodies { pending.append(try await channel.enqueue(AMQPMessage(body), to: .queue("q"))) }
            for one in pending {
                switch await one.outcome {
                case .confirmed: letters += "+"
                case Self.noRoute: letters += "r"
                case .nacked: letters += "-"
                default: letters += "?"
                }
            }
        }
        return letters
    }

    @Test func beforeItsAck() async throws {
        #expect(try await outcomes(["a"], [Self.back("a"), .ack(1, 1)]) == "r")
    }

    @Test func withOtherAcksBetween() async throws {
        let answers: [FakeStep] = [Self.back("c"), .ack(1, 1), .ack(1, 2), .ack(1, 4), .ack(1, 3)]
        #expect(try await outcomes(["a", "b", "c", "d"], answers) == "++r+")
    }

    @Test func coveredByMultiple() async throws {
        let answers: [FakeStep] = [Self.back("b"), .ack(1, 4, multiple: true)]
        #expect(try await outcomes(["a", "b", "c", "d"], answers) == "+r++")
    }

    @Test func severalOutstanding() async throws {
        let answers: [FakeStep] = [Self.back("d"), Self.back("a"), Self.back("c"), .ack(1, 4, multiple: true)]
        #expect(try await outcomes(["a", "b", "c", "d"], answers) == "r+rr")
    }

    /// Byte-identical ones are interchangeable: as many come back as were returned.
    @Test func byteIdenticalOnes() async throws {
        let answers: [FakeStep] = [Self.back("x"), Self.back("x"), .ack(1, 3, multiple: true)]
        #expect(try await outcomes(["x", "x", "x"], answers) == "rr+")
    }

    /// The return of a later one comes when the earlier one has its answer.
    @Test func byteIdenticalOnesOneAfterTheOther() async throws {
        let answers: [FakeStep] = [.ack(1, 1), Self.back("x"), .ack(1, 2), .ack(1, 3)]
        #expect(try await outcomes(["x", "x", "x"], answers) == "+r+")
    }

    @Test func emptyBodies() async throws {
        #expect(try await outcomes(["", ""], [Self.back(""), .ack(1, 2, multiple: true)]) == "r+")
    }

    /// A return that is tied to no publish is an event and changes no outcome.
    @Test func ofWhatWasNeverPublished() async throws {
        #expect(try await outcomes(["a"], [Self.back("z"), Self.back("a", to: "other"), .ack(1, 1)]) == "+")
    }

    /// Publishes that were not mandatory cannot be returned.
    @Test func notMandatory() async throws {
        try await withFakeChannel([
            .confirmSelect(1), .expectPublish(), .expectPublish(), Self.back("x"), .ack(1, 2, multiple: true), .goodbye,
        ]) { channel, _ in
            let first = try await channel.enqueue(AMQPMessage("x"), to: .queue("q"), isMandatory: false)
            let second = try await channel.enqueue(AMQPMessage("x"), to: .queue("q"))
            #expect(await first.outcome == .confirmed)
            #expect(await second.outcome == Self.noRoute)
        }
    }

    /// Told apart by their properties alone.
    @Test func toldApartByProperties() async throws {
        func returned(_ id: String) -> FakeStep {
            .steps(
                "return \(id)",
                [
                    .sendMethod(1, .basicReturn) {
                        $0.u16(312)
                        $0.shortString("NO_ROUTE")
                        $0.shortString("")
                        $0.shortString("q")
                    },
                    .send(
                        .header(1, bodySize: 1, flags: 0x1080) {
                            $0.u8(2)
                            $0.shortString(id)
                        }, .body(1, Array("x".utf8))),
                ])
        }
        try await withFakeChannel([
            .confirmSelect(1), .expectPublish(), .expectPublish(), .expectPublish(), returned("m-2"),
            .ack(1, 3, multiple: true), .goodbye,
        ]) { channel, _ in
            var pending: [AMQPPendingPublish] = []
            for number in 1...3 {
                var message = AMQPMessage("x")
                message.properties.messageID = "m-\(number)"
                pending.append(try await channel.enqueue(message, to: .queue("q")))
            }
            #expect(await pending[0].outcome == .confirmed)
            #expect(await pending[1].outcome == Self.noRoute)
            #expect(await pending[2].outcome == .confirmed)
        }
    }

    /// Known to be returned when the connection goes: it is in no queue, acked or not.
    @Test func theConnectionIsLostBeforeTheAck() async throws {
        let broker = try FakeBroker.start([
            .handshake(), .openChannel(1), .confirmSelect(1), .expectPublish(), .expectPublish(), Self.back("b"),
            .closeFIN,
        ])
        let connection = try await AMQPConnection.connect(try broker.configuration())
        let channel = try await connection.openChannel()
        let first = try await channel.enqueue(AMQPMessage("a"), to: .queue("q"))
        let second = try await channel.enqueue(AMQPMessage("b"), to: .queue("q"))
        #expect(await first.outcome == .unknown(reason: .connectionClosed))
        #expect(await second.outcome == Self.noRoute)
        try await broker.finished()
    }

    /// On a channel without confirms returns are events.
    @Test func withoutConfirms() async throws {
        try await withFakeChannel([.expectPublish(), Self.back("x"), .goodbye]) { channel, _ in
            var returns = channel.returns.makeAsyncIterator()
            try await channel.publishUnconfirmed(AMQPMessage("x"), to: .queue("q"), isMandatory: true)
            let returned = await returns.next()
            #expect(returned?.replyCode == 312)
            #expect(returned?.message.text == "x")
            #expect(returned?.address == .queue("q"))
        }
    }

    /// A large body comes back in many frames.
    @Test func aLargeBody() async throws {
        let body = [UInt8]((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        let frames = stride(from: 0, to: body.count, by: 50_000).map {
            FakeStep.send(.body(1, Array(body[$0..<min($0 + 50_000, body.count)])))
        }
        let back = FakeStep.steps(
            "return",
            [
                .sendMethod(1, .basicReturn) {
                    $0.u16(312)
                    $0.shortString("NO_ROUTE")
                    $0.shortString("")
                    $0.shortString("q")
                },
                .send(.header(1, bodySize: UInt64(body.count), flags: 0x1000) { $0.u8(2) }),
            ] + frames)
        try await withFakeChannel([.confirmSelect(1), .expectPublish(), back, .ack(1, 1), .goodbye]) { channel, _ in
            let error = await amqpError { try await channel.publish(AMQPMessage(body: body), to: .queue("q")) }
            #expect(error?.outcome == Self.noRoute)
        }
    }
}
