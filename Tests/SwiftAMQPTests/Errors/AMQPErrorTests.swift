import AMQPTransport
import AMQPWire
import Testing

@testable import SwiftAMQP

@Suite struct AMQPErrorTests {
    private static let retriable: [AMQPError.Code] = [
        .wouldBlock, .resolveFailed, .unreachable, .connectTimeout, .connectionLost, .heartbeatTimeout, .timeout,
        .nacked, .channelIDsExhausted,
    ]
    private static let final: [AMQPError.Code] = [
        .invalidArgument, .invalidConfiguration, .unsupported, .messageTooLarge, .protocolMismatch,
        .authenticationFailed, .noCommonMechanism, .virtualHostRefused, .connectionClosedByPeer, .protocolViolation,
        .channelException, .closed, .cancelled, .returned, .stale, .alreadySettled, .cancelledByBroker, .overflow,
    ]

    @Test func whatMayBeTriedAgain() {
        for code in Self.retriable { #expect(AMQPError(code, "").isRetriable, "\(code)") }
        for code in Self.final { #expect(!AMQPError(code, "").isRetriable, "\(code)") }
        #expect(Set(Self.retriable + Self.final).count == Self.retriable.count + Self.final.count)
    }

    /// An operator who restarts a broker closes with 320; the other hard errors are faults of a program.
    @Test(
        arguments: [(320, true), (541, true), (501, false), (503, false), (530, false), (504, false)]
            as [(UInt16, Bool)])
    func aCloseOfTheBrokerMayBeTriedAgainByItsCode(code: UInt16, isRetriable: Bool) {
        #expect(AMQPError(.connectionClosedByPeer, "", replyCode: code).isRetriable == isRetriable)
        // The number alone decides nothing.
        #expect(!AMQPError(.channelException, "", replyCode: code).isRetriable)
    }

    @Test func namesAreThoseOfTheSource() {
        #expect("\(AMQPError.Code.connectionLost)" == "connectionLost")
        #expect(AMQPError.Code.channelIDsExhausted.description == "channelIDsExhausted")
    }

    @Test func theDescriptionHasEverything() {
        let cause = AMQPError(.connectionClosedByPeer, "the broker goes", replyCode: 320)
        let error = AMQPError(
            .channelException, "no queue 'q'", replyCode: 404, endpoint: "mq:5672/prod", systemErrno: 104,
            underlying: cause)
        let text = "\(error)"
        for part in ["channelException", "no queue 'q'", "404", "mq:5672/prod", "104", "the broker goes", "320"] {
            #expect(text.contains(part), "\(part)")
        }
    }

    /// Whatever an error goes through, the broker's number stays readable.
    @Test func theReplyCodeIsNeverLost() {
        for code in Self.retriable + Self.final {
            let error = AMQPError(code, "text", replyCode: 406)
            for copy in [error, error.with(endpoint: "h:1/v"), error.with(outcome: .nacked)] {
                #expect(copy.replyCode == 406)
                #expect("\(copy)".contains("406"))
                #expect(copy.code == code)
            }
            #expect(error.with(outcome: .nacked).with(endpoint: "h:1/v").outcome == .nacked)
        }
    }

    @Test func theOutcomesOfPublishes() throws {
        let address = AMQPAddress(exchange: "ex", routingKey: "key")
        #expect(AMQPError(.confirmed, address: address) == nil)
        let table: [(AMQPPublishOutcome, AMQPError.Code, UInt16?)] = [
            (.returned(replyCode: 312, replyText: "NO_ROUTE"), .returned, 312), (.nacked, .nacked, nil),
            (.notSent(reason: .timeout), .timeout, nil), (.unknown(reason: .timeout), .timeout, nil),
            (.notSent(reason: .cancelled), .cancelled, nil), (.unknown(reason: .cancelled), .cancelled, nil),
            (.notSent(reason: .channelClosed), .closed, nil), (.unknown(reason: .channelClosed), .closed, nil),
            (.notSent(reason: .connectionClosed), .connectionLost, nil),
            (.unknown(reason: .connectionClosed), .connectionLost, nil),
        ]
        for (outcome, code, replyCode) in table {
            let error = try #require(AMQPError(outcome, address: address))
            #expect(error.code == code)
            #expect(error.outcome == outcome)
            #expect(error.replyCode == replyCode)
            #expect(error.text.contains("key"))
        }
    }

    @Test func whyAStreamEnded() {
        let lost = AMQPError(StreamCloseReason.failed(SystemError(errno: 104, call: "recv")), endpoint: "h:1/v")
        #expect(lost.code == .connectionLost)
        #expect(lost.systemErrno == 104)
        #expect(lost.endpoint == "h:1/v")
        #expect(lost.isRetriable)
        #expect(AMQPError(StreamCloseReason.endOfStream, endpoint: "").code == .connectionLost)
        #expect(AMQPError(StreamCloseReason.closedLocally, endpoint: "").code == .closed)
    }

    @Test func whyADialFailed() {
        let table: [(DialFailure.Reason, AMQPError.Code)] = [
            (.unresolved(.noAddress), .resolveFailed), (.allFailed, .unreachable), (.deadline, .connectTimeout),
            (.cancelled, .cancelled),
        ]
        for (reason, code) in table {
            #expect(AMQPError(DialFailure(reason: reason, attempts: []), endpoint: "h:1/v").code == code)
        }
    }

    @Test func whatTheCodecRefuses() {
        #expect(AMQPError(WireError(.doesNotFitFrame, "")).code == .messageTooLarge)
        #expect(AMQPError(WireError(.shortStringTooLong, "")).code == .invalidArgument)
        let violation = AMQPError(WireError(.frameError, "a frame"))
        #expect(violation.code == .protocolViolation)
        #expect(violation.replyCode == 501)
    }
}
