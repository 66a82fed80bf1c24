/// Everything that this library throws, in one type.
///
/// ``code`` says what kind of failure it is and is what a program switches on; ``text`` is for people: it says what
/// happened, where, and what to do about it. ``replyCode`` carries the broker's own number (AMQP 0-9-1, section 1.2,
/// and https://www.rabbitmq.com/amqp-0-9-1-reference.html) when the broker was the one that refused.
/// No password or other secret ever gets into an error.
public struct AMQPError: Error, Sendable {
    /// What kind of failure it is.
    public var code: Code { storage.code }
    /// The broker's reply code, where the broker said one.
    public var replyCode: UInt16? { storage.replyCode }
    /// What happened, where, and what to do about it, in one or two sentences.
    public var text: String { storage.text }
    /// The outcome of the publish that this error ends; `nil` where the error does not end a publish.
    public var outcome: AMQPPublishOutcome? { storage.outcome }
    /// The endpoint as `host:port/vhost`, without credentials, where one is known.
    public var endpoint: String? { storage.endpoint }
    /// `errno` of the system call that failed, where one did.
    public var systemErrno: Int32? { storage.systemErrno }
    /// The failure that led to this one, for example why the connection of a closed channel was lost.
    public var underlying: AMQPError? { storage.underlying }

    /// Whether the same call may succeed later without a change of the program or of the broker's configuration.
    ///
    /// It says nothing of whether the message of a publish exists already: where ``outcome`` is `unknown`, publishing
    /// again may duplicate it.
    public var isRetriable: Bool {
        // 320 CONNECTION_FORCED and 311 CONTENT_TOO_LARGE's soft kin are told apart by code, not by number:
        // a forced close is an operator's restart and passes; the other hard errors are faults of a program.
        if storage.code == .connectionClosedByPeer { return storage.replyCode == 320 || storage.replyCode == 541 }
        return storage.code.isUsuallyRetriable
    }

    private let storage: Storage

    package init(
        _ code: Code, _ text: String, replyCode: UInt16? = nil, outcome: AMQPPublishOutcome? = nil,
        endpoint: String? = nil, systemErrno: Int32? = nil, underlying: AMQPError? = nil
    ) {
        storage = Storage(
            code: code, text: text, replyCode: replyCode, outcome: outcome, endpoint: endpoint,
            systemErrno: systemErrno, underlying: underlying)
    }

    /// Boxed, so that an error costs one pointer on the paths that do not fail.
    private final class Storage: Sendable {
        let code: Code
        let text: String
        let replyCode: UInt16?
        let outcome: AMQPPublishOutcome?
        let endpoint: String?
        let systemErrno: Int32?
        let underlying: AMQPError?

        init(
            code: Code, text: String, replyCode: UInt16?, outcome: AMQPPublishOutcome?, endpoint: String?,
            systemErrno: Int32?, underlying: AMQPError?
        ) {
            self.code = code
            self.text = text
            self.replyCode = replyCode
            self.outcome = outcome
            self.endpoint = endpoint
            self.systemErrno = systemErrno
            self.underlying = underlying
        }
    }
}

extension AMQPError {
    /// The same failure, told as the end of a publish.
    package func with(outcome: AMQPPublishOutcome) -> AMQPError {
        AMQPError(
            code, text, replyCode: replyCode, outcome: outcome, endpoint: endpoint, systemErrno: systemErrno,
            underlying: underlying)
    }

    /// The same failure, with the endpoint it happened at.
    package func with(endpoint: String) -> AMQPError {
        AMQPError(
            code, text, replyCode: replyCode, outcome: outcome, endpoint: endpoint, systemErrno: systemErrno,
            underlying: underlying)
    }
}

extension AMQPError: CustomStringConvertible {
    public var description: String {
        var line = "\(code): \(text)"
        if let replyCode { line += " [reply code \(replyCode)]" }
        if let endpoint { line += " [at \(endpoint)]" }
        if let systemErrno { line += " [errno \(systemErrno)]" }
        if let underlying { line += " <- \(underlying)" }
        return line
    }
}
