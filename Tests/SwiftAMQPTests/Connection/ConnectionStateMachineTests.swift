import AMQPWire
import Testing

@testable import SwiftAMQP

@Suite struct ConnectionStateMachineTests {
    private typealias Machine = ConnectionStateMachine
    private typealias Action = ConnectionStateMachine.Action

    @Test func theWholeWay() {
        var machine = Machine(offer: Handshake.offer)
        #expect(machine.handle(.connected) == [.sendProtocolHeader])
        #expect(
            machine.handle(.method(Handshake.start())) == [
                .send(
                    .connectionStartOK(
                        .init(
                            clientProperties: ["product": "test"], mechanism: "PLAIN",
                            response: Array("\0svc\0s3cret".utf8), locale: "en_US")))
            ])
        let tuned = Machine.Tuned(channelMax: 2047, frameMax: 131_072, heartbeat: 20)
        #expect(
            machine.handle(.method(Handshake.tune())) == [
                .send(.connectionTuneOK(.init(channelMax: 2047, frameMax: 131_072, heartbeat: 20))), .tune(tuned),
                .send(.connectionOpen(.init(virtualHost: "prod"))),
            ])
        #expect(
            machine.handle(.method(.connectionOpenOK)) == [.opened(serverProperties: ["product": "RabbitMQ"])])
        #expect(
            machine.handle(.method(.connectionBlocked(.init(reason: "low on memory")))) == [
                .setBlocked("low on memory")
            ])
        #expect(machine.handle(.method(.connectionUnblocked)) == [.setBlocked(nil)])
        #expect(machine.handle(.method(.connectionUpdateSecretOK)) == [.secretUpdated])
        #expect(
            machine.handle(.closeRequested(replyCode: 200, text: "bye")) == [.send(Handshake.close(200, "bye"))])
        #expect(machine.handle(.method(.connectionCloseOK)) == [.closeAnswered])
        let state = machine.state
        #expect(state == .ended)
        #expect(machine.handle(.method(Handshake.start())) == [])
    }

    /// One of each kind that could come on channel 0, the client's own and those of other classes included.
    private static let methods: [AMQPMethod] = [
        Handshake.start(), .connectionStartOK(.init(mechanism: "PLAIN", response: [], locale: "")),
        .connectionSecure(.init(challenge: [1])), .connectionSecureOK(.init(response: [1])), Handshake.tune(),
        .connectionTuneOK(.init(channelMax: 0, frameMax: 0, heartbeat: 0)), .connectionOpen(.init(virtualHost: "/")),
        .connectionOpenOK, Handshake.close(320), .connectionCloseOK, .connectionBlocked(.init(reason: "r")),
        .connectionUnblocked, .connectionUpdateSecret(.init(newSecret: [], reason: "")), .connectionUpdateSecretOK,
        .channelOpen, .channelOpenOK, .channelFlow(.init(active: true)), .channelFlowOK(.init(active: true)),
        .channelClose(.init(replyCode: 404, replyText: "", classID: 0, methodID: 0)), .channelCloseOK,
        .exchangeDeclareOK, .exchangeDeleteOK, .exchangeBindOK, .exchangeUnbindOK, .queueBindOK, .queueUnbindOK,
        .basicQoSOK, .basicGetEmpty, .basicAck(.init(deliveryTag: 1)), .basicNack(.init(deliveryTag: 1)),
        .basicCancel(.init(consumerTag: "c")), .basicRecoverOK, .confirmSelectOK, .txSelectOK, .txCommitOK,
        .txRollbackOK,
    ]

    private static let allowed: [Machine.State: [String]] = [
        .start: ["connection.start"], .tune: ["connection.tune", "connection.secure"],
        .openOK: ["connection.open-ok"],
        .open: ["connection.blocked", "connection.unblocked", "connection.update-secret-ok"],
        .closeOK: ["connection.close-ok"],
    ]

    @Test(arguments: [.idle, .start, .tune, .openOK, .open, .closeOK, .ended] as [ConnectionStateMachine.State])
    func everyMethodInEveryState(state: ConnectionStateMachine.State) {
        for method in Self.methods {
            var machine = Handshake.machine(in: state)
            let before = machine.state
            #expect(before == state)
            let actions = machine.handle(.method(method))
            let after = machine.state
            switch method {
            case _ where state == .ended: #expect(actions == [])
            case .connectionClose:
                let end: Action =
                    state == .closeOK ? .closeAnswered : .closedByPeer(AMQPError(.closed, "", replyCode: 320))
                #expect(actions.first == .send(.connectionCloseOK))
                if state == .closeOK { #expect(actions.last == end) } else { #expect(error(actions)?.replyCode == 320) }
                #expect(actions.count == 2)
                #expect(after == .ended)
            case _ where Self.allowed[state, default: []].contains(method.name):
                #expect(!actions.isEmpty, "\(state): \(method.name)")
            case _ where state == .closeOK:
                #expect(actions == [], "\(state): \(method.name)")
                #expect(after == .closeOK)
            default:
                // One word to the peer, then the end.
                #expect(actions.first == .send(Handshake.close(503, "protocol error")), "\(state): \(method.name)")
                #expect(error(actions)?.code == .protocolViolation)
                #expect(error(actions)?.text.contains(method.name) == true)
                #expect(actions.count == 2)
                #expect(after == .ended)
            }
        }
    }

    // MARK: Tune

    struct TuneCase: Sendable {
        var ours: (channels: UInt16, frame: UInt32, heartbeat: UInt16)
        var theirs: (channels: UInt16, frame: UInt32, heartbeat: UInt16)
        var agreed: (channels: UInt16, frame: UInt32, heartbeat: UInt16)
    }

    @Test(arguments: [
        TuneCase(ours: (2047, 131_072, 20), theirs: (2047, 131_072, 60), agreed: (2047, 131_072, 20)),
        TuneCase(ours: (2047, 131_072, 60), theirs: (100, 8192, 20), agreed: (100, 8192, 20)),
        // 0 is "no limit" on either side, and "no wish" for the server's heartbeat.
        TuneCase(ours: (0, 131_072, 20), theirs: (0, 0, 0), agreed: (65535, 131_072, 20)),
        TuneCase(ours: (0, 131_072, 20), theirs: (7, 0, 5), agreed: (7, 131_072, 5)),
        TuneCase(ours: (7, 131_072, 20), theirs: (0, 1 << 20, 60), agreed: (7, 131_072, 20)),
        // Whoever switched heartbeats off has none.
        TuneCase(ours: (7, 131_072, 0), theirs: (7, 131_072, 60), agreed: (7, 131_072, 0)),
        TuneCase(ours: (7, 131_072, 0), theirs: (7, 131_072, 0), agreed: (7, 131_072, 0)),
        TuneCase(ours: (65535, 16_777_216, 65535), theirs: (65535, .max, 65535), agreed: (65535, 16_777_216, 65535)),
        TuneCase(ours: (7, 131_072, 20), theirs: (7, 4096, 20), agreed: (7, 4096, 20)),
    ]) func tune(rule: TuneCase) {
        var offer = Handshake.offer
        (offer.channelMax, offer.frameMax, offer.heartbeat) = rule.ours
        var machine = Handshake.machine(in: .tune, offer: offer)
        let actions = machine.handle(
            .method(
                Handshake.tune(
                    channelMax: rule.theirs.channels, frameMax: rule.theirs.frame, heartbeat: rule.theirs.heartbeat)))
        let (channels, frame, heartbeat) = rule.agreed
        #expect(actions.contains(.tune(.init(channelMax: channels, frameMax: frame, heartbeat: heartbeat))))
        #expect(
            actions.first
                == .send(.connectionTuneOK(.init(channelMax: channels, frameMax: frame, heartbeat: heartbeat))))
    }

    @Test(arguments: [1, 8, 4095] as [UInt32]) func framesTooSmallForTheProtocolAreRefused(frameMax: UInt32) {
        var machine = Handshake.machine(in: .tune)
        let actions = machine.handle(.method(Handshake.tune(frameMax: frameMax)))
        #expect(actions.first == .send(Handshake.close(501, "protocol error")))
        #expect(error(actions)?.code == .protocolViolation)
    }

    // MARK: Close

    @Test func closesThatCrossEndOnce() {
        var machine = Handshake.machine(in: .closeOK)
        #expect(machine.handle(.method(Handshake.close(320))) == [.send(.connectionCloseOK), .closeAnswered])
        #expect(machine.handle(.method(.connectionCloseOK)) == [])
    }

    @Test func closingTwiceAsksOnce() {
        var machine = Handshake.machine(in: .closeOK)
        #expect(machine.handle(.closeRequested(replyCode: 200, text: "")) == [])
        let state = machine.state
        #expect(state == .closeOK)
    }

    @Test(arguments: [.idle, .start] as [ConnectionStateMachine.State])
    func aServerThatHasNotSpokenIsNotTold(state: ConnectionStateMachine.State) {
        var machine = Handshake.machine(in: state)
        #expect(machine.handle(.closeRequested(replyCode: 200, text: "")) == [.closeAnswered])
        let after = machine.state
        #expect(after == .ended)
    }

    @Test(arguments: [.tune, .openOK, .open] as [ConnectionStateMachine.State])
    func aServerInTheMiddleIsTold(state: ConnectionStateMachine.State) {
        var machine = Handshake.machine(in: state)
        #expect(machine.handle(.closeRequested(replyCode: 200, text: "x")) == [.send(Handshake.close(200, "x"))])
        let after = machine.state
        #expect(after == .closeOK)
    }
}
