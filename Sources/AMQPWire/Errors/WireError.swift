/// Why something could not be encoded or decoded.
package struct WireError: Error, Sendable, Equatable {
    package var kind: Kind
    /// What happened, for people; a sentence without a full stop and without message content.
    package var text: String
    /// Where the damage ends. Only errors of the peer are ever confined.
    package var scope: Scope

    package enum Kind: Sendable, Hashable, CaseIterable {
        // The caller's mistakes. Nothing was sent, and the connection is fine.
        case shortStringTooLong, tableKeyTooLong, tableTooDeep, doesNotFitFrame, bufferTooSmall, invalidArgument

        // The peer's mistakes.
        case frameError, syntaxError, commandInvalid, channelError, unexpectedFrame, notImplemented

        // Nobody's.
        case outOfMemory
    }

    package enum Scope: Sendable, Hashable {
        /// The byte stream can no longer be trusted, or the peer broke the protocol: close the connection.
        case connection
        /// The frames are sound and only the properties of one message are not. RabbitMQ passes on headers that a
        /// publisher wrote, nesting and all, so one bad publisher must not end the connections of every consumer:
        /// the body can still be skipped (``WireDecoder/bodySize(ofContentHeader:)``) and the message be refused.
        case message
    }

    package init(_ kind: Kind, _ text: String, scope: Scope = .connection) {
        self.kind = kind
        self.text = text
        self.scope = scope
    }

    /// Whether the arguments of the caller were at fault, and nothing was sent.
    package var isLocal: Bool {
        switch kind {
        case .shortStringTooLong, .tableKeyTooLong, .tableTooDeep, .doesNotFitFrame, .bufferTooSmall, .invalidArgument:
            true
        case .frameError, .syntaxError, .commandInvalid, .channelError, .unexpectedFrame, .notImplemented,
            .outOfMemory:
            false
        }
    }

    /// The reply code to close the connection with (AMQP 0-9-1, section 1.2); `nil` when it need not be closed.
    package var replyCode: UInt16? {
        switch kind {
        case .frameError: 501
        case .syntaxError: 502
        case .commandInvalid: 503
        case .channelError: 504
        case .unexpectedFrame: 505
        case .outOfMemory: 506
        case .notImplemented: 540
        case .shortStringTooLong, .tableKeyTooLong, .tableTooDeep, .doesNotFitFrame, .bufferTooSmall, .invalidArgument:
            nil
        }
    }

    /// For a short string or a key over the limit.
    @inline(never)
    static func tooLong(_ what: String, _ size: Int, _ kind: Kind) -> WireError {
        WireError(kind, "the \(what) takes \(size) bytes of UTF-8, and AMQP allows \(WireLimits.maxShortString)")
    }

    /// The same error, confined to one message.
    func confinedToMessage() -> WireError { WireError(kind, text, scope: .message) }
}

extension WireError: CustomStringConvertible {
    package var description: String { replyCode.map { "\(kind) (\($0)): \(text)" } ?? "\(kind): \(text)" }
}
