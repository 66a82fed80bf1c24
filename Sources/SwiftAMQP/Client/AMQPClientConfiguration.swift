internal import AMQPTransport

/// Where a supervised client goes, and how it behaves when things go wrong.
///
/// ```swift
/// var configuration = AMQPClientConfiguration(try AMQPConfiguration(url: "amqp://svc:secret@mq-1/orders"))
/// configuration.endpoints.append(try AMQPConfiguration(url: "amqp://svc:secret@mq-2/orders"))
/// configuration.firstConnect = .keepTrying
/// ```
public struct AMQPClientConfiguration: Sendable, Equatable {
    /// The brokers, or the nodes of one cluster, tried in turn. At least one. All of them must lead to the same virtual
    /// host of the same cluster: what is confirmed by one is not looked for at another.
    public var endpoints: [AMQPConfiguration]
    /// The waits between rounds of attempts to connect.
    public var backoff = AMQPBackoff()
    /// The most that one attempt at one endpoint takes, 1 ms to 24 h; the endpoint's own `connectTimeout` if that is
    /// shorter. Default 10 s.
    public var attemptTimeout: Duration = .seconds(10)
    /// What happens if the first connection does not come about. Default: within 30 s, or the client is closed.
    public var firstConnect: FirstConnect = .within(.seconds(30))
    /// For how long the broker may refuse the credentials or the virtual host, once the client has been connected, before
    /// the client gives up; `nil` for ever. Credentials are changed on both sides, and one side is first. Default 60 s.
    public var refusalTolerance: Duration? = .seconds(60)
    /// How long what failed to be declared waits for the next attempt, 1 ms to 24 h. Default 2 s.
    public var topologyRetryInterval: Duration = .seconds(2)
    /// How much publishers hold in memory, and what they do when that is full.
    public var publishing = PublishBuffer()

    /// A client of these endpoints, with the defaults.
    public init(endpoints: [AMQPConfiguration]) { self.endpoints = endpoints }

    /// A client of one endpoint, with the defaults.
    public init(_ endpoint: AMQPConfiguration) { self.init(endpoints: [endpoint]) }

    /// What happens if the first connection does not come about.
    public enum FirstConnect: Sendable, Equatable {
        /// Each endpoint is tried once; if none takes the connection, the client is closed.
        case once
        /// Attempts go on for this long; then the client is closed. A refusal of the credentials or of the virtual host,
        /// and what no attempt can mend, closes it at once.
        case within(Duration)
        /// Attempts go on until the client is shut down. What is refused for good still closes it.
        case keepTrying

        func deadline(from start: MonotonicTime) -> Int64 {
            switch self {
            case .within(let duration): (start + duration).nanoseconds
            case .once, .keepTrying: .max
            }
        }
    }

    /// How much a publisher holds in memory: what was handed in and has no outcome yet.
    public struct PublishBuffer: Sendable, Equatable {
        /// Messages, 1 to 10,000,000. Default 16,384.
        public var maximumMessages = 16_384
        /// Bytes of bodies, with 512 bytes added for each message, 1 KiB to 1 TiB. A single message that is larger goes
        /// when nothing else is there. Default 16 MiB.
        public var maximumBytes = 16 << 20
        /// What happens to one more. Default: it waits.
        public var whenFull = WhenFull.suspend
        /// Whether messages without a message id get one. Who looks for duplicates needs it. Default yes.
        public var assignsMessageIDs = true
        /// The waits before a message that the broker refused is sent again.
        public var nackBackoff = AMQPBackoff()

        public init() {}
    }

    /// What happens to a publish that finds its publisher full.
    public enum WhenFull: Sendable, Equatable {
        /// It waits for room, first come first served, until its deadline.
        case suspend
        /// It ends as not sent.
        case fail
        /// The oldest message that was never sent ends as not sent, and makes room. For data that is worth less with age.
        case dropOldest
    }

    /// Checks every field, also those of the endpoints.
    ///
    /// - Throws: `.invalidConfiguration`, which names the field, its value and its range.
    public func validate() throws(AMQPError) {
        guard !endpoints.isEmpty else {
            throw AMQPError(.invalidConfiguration, "endpoints is empty; a client needs at least one")
        }
        for endpoint in endpoints { try endpoint.validate() }
        try backoff.validate()
        try publishing.nackBackoff.validate()
        try Self.check(attemptTimeout, "attemptTimeout")
        try Self.check(topologyRetryInterval, "topologyRetryInterval")
        if case .within(let duration) = firstConnect { try Self.check(duration, "firstConnect") }
        if let refusalTolerance { try Self.check(refusalTolerance, "refusalTolerance", minimum: .zero) }
        guard (1...10_000_000).contains(publishing.maximumMessages) else {
            throw AMQPError(
                .invalidConfiguration,
                "publishing.maximumMessages is \(publishing.maximumMessages); it must be 1 to 10000000")
        }
        guard (1024...(1 << 40)).contains(publishing.maximumBytes) else {
            throw AMQPError(
                .invalidConfiguration,
                "publishing.maximumBytes is \(publishing.maximumBytes); it must be 1024 to 1099511627776")
        }
    }

    private static func check(
        _ duration: Duration, _ name: String, minimum: Duration = .milliseconds(1)
    ) throws(AMQPError) {
        guard duration >= minimum, duration <= .seconds(86_400) else {
            throw AMQPError(.invalidConfiguration, "\(name) is \(duration); it must be \(minimum) to 24 h")
        }
    }
}
