internal import AMQPWire

/// Channel 0 of a connection: handshake, blocking, close. Events in, actions out; it knows no socket, no clock and no
/// continuation.
///
/// AMQP 0-9-1 section 2.2.4: protocol header, start/start-ok, (secure/secure-ok), tune/tune-ok, open/open-ok; then
/// close/close-ok from either side.
struct ConnectionStateMachine: ~Copyable {
    /// What this side asks for.
    struct Offer: Sendable {
        var username: String
        var password: String
        var virtualHost: String
        var clientProperties: AMQPTable
        /// 0 is as many as the server allows.
        var channelMax: UInt16
        var frameMax: UInt32
        /// Seconds; 0 switches heartbeats off.
        var heartbeat: UInt16
    }

    /// What both sides agreed on.
    struct Tuned: Equatable, Sendable {
        var channelMax: UInt16
        var frameMax: UInt32
        /// Seconds; 0 is off.
        var heartbeat: UInt16
    }

    enum Event {
        case connected
        case method(AMQPMethod)
        /// The server answered with its own protocol header: it does not speak 0-9-1.
        case protocolHeader(String)
        case closeRequested(replyCode: UInt16, text: String)
    }

    enum Action: Equatable {
        case sendProtocolHeader
        case send(AMQPMethod)
        case tune(Tuned)
        case opened(serverProperties: AMQPTable)
        case setBlocked(String?)
        case secretUpdated
        /// The server closed: `close-ok` was sent, the connection ends once it is written.
        case closedByPeer(AMQPError)
        /// Our close was answered.
        case closeAnswered
        /// The connection must be closed with this error; the reply code is what to tell the peer, if it can be told.
        case fail(AMQPError)

        static func == (left: Action, right: Action) -> Bool {
            switch (left, right) {
            case (.sendProtocolHeader, .sendProtocolHeader), (.secretUpdated, .secretUpdated),
                (.closeAnswered, .closeAnswered):
                true
            case (.send(let a), .send(let b)): a == b
            case (.tune(let a), .tune(let b)): a == b
            case (.opened(let a), .opened(let b)): a == b
            case (.setBlocked(let a), .setBlocked(let b)): a == b
            case (.closedByPeer(let a), .closedByPeer(let b)), (.fail(let a), .fail(let b)):
                a.code == b.code && a.replyCode == b.replyCode
            default: false
            }
        }
    }

    /// Where the connection is. The names say what is awaited.
    enum State: Equatable, Sendable, CustomStringConvertible {
        case idle, start, tune, openOK, open, closeOK, ended

        var description: String {
            switch self {
            case .idle: "the TCP connection"
            case .start: "connection.start"
            case .tune: "connection.tune (the credentials are being checked)"
            case .openOK: "connection.open-ok (the virtual host is being opened)"
            case .open: "nothing: it is open"
            case .closeOK: "connection.close-ok"
            case .ended: "nothing: it has ended"
            }
        }
    }

    private let offer: Offer
    private(set) var state = State.idle
    private var serverProperties = AMQPTable()
    private var startsSeen = 0

    init(offer: Offer) { self.offer = offer }

    mutating func handle(_ event: Event) -> [Action] {
        switch (state, event) {
        case (.ended, _): return []
        case (.idle, .connected):
            state = .start
            return [.sendProtocolHeader]
        case (.start, .protocolHeader(let version)):
            return fail(.protocolMismatch, "the server does not speak AMQP 0-9-1: it offers \(version)")
        case (_, .closeRequested(let code, let text)): return close(code, text)
        case (_, .method(.connectionClose(let close))): return closedByPeer(close)
        case (.closeOK, .method(.connectionCloseOK)):
            state = .ended
            return [.closeAnswered]
        // Whatever else was on its way when we closed is dropped.
        case (.closeOK, .method): return []
        case (.start, .method(.connectionStart(let start))): return started(start)
        case (.tune, .method(.connectionTune(let tune))): return tuned(tune)
        case (.tune, .method(.connectionSecure)):
            return fail(
                .noCommonMechanism, "the server asks for a second SASL step, which PLAIN does not have", replyCode: 503)
        case (.openOK, .method(.connectionOpenOK)):
            state = .open
            return [.opened(serverProperties: serverProperties)]
        case (.open, .method(.connectionBlocked(let blocked))):
            return [.setBlocked(blocked.reason.masking(offer.password))]
        case (.open, .method(.connectionUnblocked)): return [.setBlocked(nil)]
        case (.open, .method(.connectionUpdateSecretOK)): return [.secretUpdated]
        case (_, .method(let method)):
            return fail(
                .protocolViolation, "the server sent \(method.name) while this side awaited \(state)", replyCode: 503)
        case (_, .connected), (_, .protocolHeader):
            return fail(.protocolViolation, "bytes of a protocol header came while this side awaited \(state)")
        }
    }

    // MARK: Steps

    private mutating func started(_ start: AMQPMethod.ConnectionStart) -> [Action] {
        guard start.versionMajor == 0, start.versionMinor == 9 else {
            return fail(
                .protocolMismatch,
                "the server speaks AMQP \(start.versionMajor)-\(start.versionMinor), this client 0-9-1")
        }
        let mechanisms = start.mechanisms.split(separator: " ")
        guard mechanisms.contains("PLAIN") else {
            return fail(
                .noCommonMechanism,
                "the server offers the SASL mechanisms "
                    + "'\(start.mechanisms.masking(offer.password).prefix(200))', this client PLAIN")
        }
        serverProperties = start.serverProperties
        state = .tune
        // RFC 4616: authorisation identity (empty), NUL, user name, NUL, password.
        let response = [0] + Array(offer.username.utf8) + [0] + Array(offer.password.utf8)
        return [
            .send(
                .connectionStartOK(
                    .init(
                        clientProperties: offer.clientProperties, mechanism: "PLAIN", response: response,
                        locale: "en_US")))
        ]
    }

    private mutating func tuned(_ tune: AMQPMethod.ConnectionTune) -> [Action] {
        // Spec: a server's frame-max below 4096 is invalid; 0 is "no limit" for frame-max and channel-max.
        guard tune.frameMax == 0 || tune.frameMax >= UInt32(WireLimits.minFrameSize) else {
            return fail(
                .protocolViolation,
                "the server wants frames of at most \(tune.frameMax) bytes; the protocol's minimum is 4096",
                replyCode: 501)
        }
        let agreed = Tuned(
            channelMax: Self.smallerLimit(offer.channelMax, tune.channelMax) ?? .max,
            frameMax: Self.smallerLimit(offer.frameMax, tune.frameMax) ?? offer.frameMax,
            // https://www.rabbitmq.com/heartbeats.html#heartbeats-timeout: the smaller one, unless either is 0, which
            // for the server means that it has no wish, and for us that heartbeats are off.
            heartbeat: offer.heartbeat == 0
                ? 0 : tune.heartbeat == 0 ? offer.heartbeat : min(offer.heartbeat, tune.heartbeat))
        state = .openOK
        return [
            .send(
                .connectionTuneOK(
                    .init(channelMax: agreed.channelMax, frameMax: agreed.frameMax, heartbeat: agreed.heartbeat))),
            .tune(agreed),
            .send(.connectionOpen(.init(virtualHost: offer.virtualHost))),
        ]
    }

    private static func smallerLimit<Number: UnsignedInteger>(_ left: Number, _ right: Number) -> Number? {
        if left == 0 { return right == 0 ? nil : right }
        return right == 0 ? left : min(left, right)
    }

    // MARK: Ends

    private mutating func close(_ code: UInt16, _ text: String) -> [Action] {
        switch state {
        case .open, .openOK, .tune:
            state = .closeOK
            return [.send(.connectionClose(.init(replyCode: code, replyText: text, classID: 0, methodID: 0)))]
        case .closeOK: return []
        case .idle, .start, .ended:
            // The server has not shown that it understands a method yet.
            state = .ended
            return [.closeAnswered]
        }
    }

    private mutating func closedByPeer(_ close: AMQPMethod.ConnectionClose) -> [Action] {
        let wasClosing = state == .closeOK
        let awaited = state
        state = .ended
        if wasClosing { return [.send(.connectionCloseOK), .closeAnswered] }
        return [.send(.connectionCloseOK), .closedByPeer(error(for: close, awaited: awaited))]
    }

    private func error(for close: AMQPMethod.ConnectionClose, awaited: State) -> AMQPError {
        let text = close.replyText.masking(offer.password)
        switch (awaited, close.replyCode) {
        case (.start, 403), (.tune, 403):
            return AMQPError(
                .authenticationFailed, "the broker refused user '\(offer.username)': \(text)", replyCode: 403)
        case (.openOK, 530), (.openOK, 403), (.openOK, 402), (.openOK, 404):
            return AMQPError(
                .virtualHostRefused,
                "the broker refused virtual host '\(offer.virtualHost)' to user '\(offer.username)': \(text)",
                replyCode: close.replyCode)
        default:
            return AMQPError(
                .connectionClosedByPeer, "the broker closed the connection: \(text)", replyCode: close.replyCode)
        }
    }

    private mutating func fail(
        _ code: AMQPError.Code, _ text: String, replyCode: UInt16? = nil
    ) -> [Action] {
        state = .ended
        let failure = Action.fail(AMQPError(code, text, replyCode: replyCode))
        guard let replyCode else { return [failure] }
        // Not `text`: it may quote the peer, and the peer's log is no place for this program's findings.
        let close = AMQPMethod.ConnectionClose(
            replyCode: replyCode, replyText: "protocol error", classID: 0, methodID: 0)
        return [.send(.connectionClose(close)), failure]
    }
}
