import AMQPWire
import Testing

@testable import SwiftAMQP

/// Steps of a handshake, for tests that begin in its middle.
enum Handshake {
    static let offer = ConnectionStateMachine.Offer(
        username: "svc", password: "s3cret", virtualHost: "prod", clientProperties: ["product": "test"],
        channelMax: 2047, frameMax: 131_072, heartbeat: 20)

    static func start(
        mechanisms: String = "AMQPLAIN PLAIN", major: UInt8 = 0, minor: UInt8 = 9
    ) -> AMQPMethod {
        .connectionStart(
            .init(
                versionMajor: major, versionMinor: minor, serverProperties: ["product": "RabbitMQ"],
                mechanisms: mechanisms, locales: "en_US"))
    }

    static func tune(channelMax: UInt16 = 2047, frameMax: UInt32 = 131_072, heartbeat: UInt16 = 60) -> AMQPMethod {
        .connectionTune(.init(channelMax: channelMax, frameMax: frameMax, heartbeat: heartbeat))
    }

    static func close(_ code: UInt16, _ text: String = "text") -> AMQPMethod {
        .connectionClose(.init(replyCode: code, replyText: text, classID: 0, methodID: 0))
    }

    /// The machine in a state.
    static func machine(
        in state: ConnectionStateMachine.State, offer: ConnectionStateMachine.Offer = offer
    ) -> ConnectionStateMachine {
        var machine = ConnectionStateMachine(offer: offer)
        let path: [ConnectionStateMachine.Event] = [
            .connected, .method(start()), .method(tune()), .method(.connectionOpenOK),
            .closeRequested(replyCode: 200, text: "bye"), .method(.connectionCloseOK),
        ]
        for event in path {
            if machine.state == state { break }
            _ = machine.handle(event)
        }
        return machine
    }
}

/// The error of the first action that has one.
func error(_ actions: [ConnectionStateMachine.Action]) -> AMQPError? {
    for action in actions {
        switch action {
        case .fail(let error), .closedByPeer(let error): return error
        default: continue
        }
    }
    return nil
}
