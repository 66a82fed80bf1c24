import AMQPWire
import Testing

@testable import SwiftAMQP

/// Why a connection did not come about, told apart.
@Suite struct RefusedConnectionTests {
    private static func closed(
        in state: ConnectionStateMachine.State, _ code: UInt16, _ text: String = "no",
        offer: ConnectionStateMachine.Offer = Handshake.offer
    ) -> AMQPError? {
        var machine = Handshake.machine(in: state, offer: offer)
        return error(machine.handle(.method(Handshake.close(code, text))))
    }

    @Test func credentials() {
        let error = Self.closed(in: .tune, 403, "ACCESS_REFUSED - Login was refused")
        #expect(error?.code == .authenticationFailed)
        #expect(error?.replyCode == 403)
        #expect(error?.isRetriable == false)
        #expect(error?.text.contains("svc") == true)
        #expect(error?.text.contains("Login was refused") == true)
    }

    @Test(arguments: [530, 403, 402, 404] as [UInt16]) func virtualHost(code: UInt16) {
        let error = Self.closed(in: .openOK, code, "NOT_ALLOWED - vhost not found")
        #expect(error?.code == .virtualHostRefused)
        #expect(error?.replyCode == code)
        #expect(error?.text.contains("prod") == true)
    }

    @Test(
        arguments: [(.tune, 530), (.openOK, 320), (.open, 403), (.open, 530), (.open, 320), (.start, 320)]
            as [(ConnectionStateMachine.State, UInt16)])
    func anythingElseIsAClose(state: ConnectionStateMachine.State, code: UInt16) {
        let error = Self.closed(in: state, code)
        #expect(error?.code == .connectionClosedByPeer)
        #expect(error?.replyCode == code)
    }

    /// Whoever speaks AMQP could be anybody, and could say anything.
    @Test(arguments: [.tune, .openOK, .open] as [ConnectionStateMachine.State])
    func aPasswordInTheServersWordsIsTakenOut(state: ConnectionStateMachine.State) {
        for text in ["s3cret", "you said s3crets3cret!", "\u{FFFD}s3cret\u{FFFD}"] {
            let error = Self.closed(in: state, 403, text)
            #expect(error != nil)
            #expect(error.map { "\($0)".contains("s3cret") } == false, "\(text)")
        }
        var offer = Handshake.offer
        offer.password = ""
        #expect(Self.closed(in: state, 403, "text", offer: offer)?.text.contains("text") == true)
    }

    @Test func aPasswordInTheReasonOfABlockIsTakenOut() {
        var machine = Handshake.machine(in: .open)
        let actions = machine.handle(.method(.connectionBlocked(.init(reason: "low on s3cret"))))
        #expect(actions == [.setBlocked("low on ***")])
    }

    @Test func plainIsMissing() {
        for mechanisms in ["", "AMQPLAIN EXTERNAL", "PLAINER", "plain"] {
            var machine = Handshake.machine(in: .start)
            let actions = machine.handle(.method(Handshake.start(mechanisms: mechanisms)))
            #expect(error(actions)?.code == .noCommonMechanism)
            #expect(actions.count == 1)
        }
        var machine = Handshake.machine(in: .start)
        let actions = machine.handle(.method(Handshake.start(mechanisms: "EXTERNAL PLAIN")))
        #expect(error(actions) == nil)
    }

    @Test func aSecondStepIsNotPlain() {
        var machine = Handshake.machine(in: .tune)
        let actions = machine.handle(.method(.connectionSecure(.init(challenge: [1]))))
        #expect(error(actions)?.code == .noCommonMechanism)
    }

    @Test(arguments: [(0, 8), (0, 10), (1, 0), (8, 0), (9, 9)] as [(UInt8, UInt8)])
    func anotherVersion(major: UInt8, minor: UInt8) {
        var machine = Handshake.machine(in: .start)
        let actions = machine.handle(.method(Handshake.start(major: major, minor: minor)))
        #expect(error(actions)?.code == .protocolMismatch)
        #expect(error(actions)?.isRetriable == false)
    }

    @Test func aProtocolHeaderForAnAnswer() {
        var machine = Handshake.machine(in: .start)
        let actions = machine.handle(.protocolHeader("AMQP 1-0-0"))
        #expect(error(actions)?.code == .protocolMismatch)
        #expect(error(actions)?.text.contains("1-0-0") == true)
        #expect(actions.count == 1)
        var later = Handshake.machine(in: .open)
        #expect(error(later.handle(.protocolHeader("AMQP 1-0-0")))?.code == .protocolViolation)
    }

    /// A list of mechanisms from the network is no reason for an error of any length.
    @Test func longWordsOfTheServerAreCut() {
        var machine = Handshake.machine(in: .start)
        let actions = machine.handle(.method(Handshake.start(mechanisms: String(repeating: "X", count: 100_000))))
        #expect((error(actions)?.text.utf8.count ?? 0) < 400)
    }
}
