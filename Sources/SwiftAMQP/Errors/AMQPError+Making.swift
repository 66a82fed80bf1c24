internal import AMQPTransport
internal import AMQPWire

extension AMQPError {
    /// What the codec refused. Its own words say where and why.
    init(_ error: WireError) {
        let code: Code =
            switch error.kind {
            case .doesNotFitFrame: .messageTooLarge
            case .shortStringTooLong, .tableKeyTooLong, .tableTooDeep, .bufferTooSmall, .invalidArgument, .outOfMemory:
                .invalidArgument
            case .frameError, .syntaxError, .commandInvalid, .channelError, .unexpectedFrame, .notImplemented:
                .protocolViolation
            }
        self.init(code, error.text, replyCode: error.replyCode)
    }

    static func wouldBlock(_ text: String) -> AMQPError {
        AMQPError(.wouldBlock, text, outcome: .notSent(reason: .timeout))
    }

    /// A publish that did not end as confirmed.
    init?(_ outcome: AMQPPublishOutcome, address: AMQPAddress) {
        switch outcome {
        case .confirmed: return nil
        case .returned(let code, let text):
            self.init(
                .returned, "the broker could route the message to no queue: \(address): \(text)", replyCode: code,
                outcome: outcome)
        case .nacked:
            self.init(
                .nacked,
                "the broker refused the message for \(address) (queue full with reject-publish, or an "
                    + "internal error)", outcome: outcome)
        case .notSent(let reason), .unknown(let reason):
            let isSent = if case .unknown = outcome { true } else { false }
            let code: Code =
                switch reason {
                case .timeout: .timeout
                case .cancelled: .cancelled
                case .rejected: .invalidArgument
                case .channelClosed: .closed
                case .connectionClosed: .connectionLost
                case .unroutable: .returned
                case .dropped: .wouldBlock
                }
            let fate = isSent ? "whether the broker has the message is not known" : "nothing of it was sent"
            self.init(code, "the publish to \(address) ended without a confirm (\(reason)): \(fate)", outcome: outcome)
        }
    }

    /// Why no connection came about.
    init(_ failure: DialFailure, endpoint: String) {
        let code: Code =
            switch failure.reason {
            case .unresolved: .resolveFailed
            case .allFailed: .unreachable
            case .deadline: .connectTimeout
            case .cancelled: .cancelled
            }
        var number: Int32?
        for attempt in failure.attempts {
            if case .failed(let error) = attempt.outcome { number = error.errno }
        }
        self.init(code, failure.description, endpoint: endpoint, systemErrno: number)
    }

    /// Why a connection was lost.
    init(_ reason: StreamCloseReason, endpoint: String) {
        switch reason {
        case .closedLocally:
            self.init(.closed, "the connection was closed by this program", endpoint: endpoint)
        case .endOfStream:
            self.init(
                .connectionLost, "the peer closed the TCP connection without saying why", endpoint: endpoint)
        case .failed(let error):
            self.init(
                .connectionLost, "the connection was lost: \(error)", endpoint: endpoint, systemErrno: error.errno)
        case .filter(let error):
            self.init(.connectionLost, "the connection was lost: \(error.text)", endpoint: endpoint)
        }
    }
}
