/// How a client is, at one moment: for liveness and readiness probes, and for people.
public struct AMQPHealth: Sendable {
    public let state: AMQPClientState
    /// The connection that publishes; `nil` if nothing has asked for it.
    public let publishing: Link?
    /// The connection that consumes and declares; `nil` if nothing has asked for it.
    public let consuming: Link?
    /// The connection of consumers with automatic acknowledgement; `nil` if there were none.
    public let consumingAutomatically: Link?
    /// The supervised consumers, in the order in which they began.
    public let consumers: [Consumer]
    /// Publishes that were handed in and have no outcome yet.
    public let unconfirmedMessages: Int
    /// Their bytes, about.
    public let unconfirmedBytes: Int
    /// What was declared and is not there, and consumers that could not subscribe.
    public let failures: [AMQPTopologyFailure]

    /// One connection.
    public struct Link: Sendable {
        public let isOpen: Bool
        /// For how long it has been open, or not.
        public let since: Duration
        /// How many connections it has had.
        public let connectionCount: UInt64
        /// The broker's words, while it blocks publishes.
        public let blockedReason: String?
        /// Why the last connection, or the last attempt, ended.
        public let lastError: AMQPError?
    }

    /// One supervised consumer.
    public struct Consumer: Sendable {
        public let tag: String
        public let queue: String
        /// Whether the broker has said consume-ok on the connection of now.
        public let isSubscribed: Bool
        /// Whether it takes nothing for a while because too many handlers failed.
        public let isPaused: Bool
        /// For how long it has been subscribed, or not.
        public let since: Duration
        /// How many subscriptions it has had.
        public let subscriptionCount: UInt64
        /// How long ago something was delivered; `nil` if nothing was yet.
        public let lastDelivery: Duration?
        /// How many deliveries are being handled.
        public let handling: Int
        /// Why the last subscription, or the last attempt, ended.
        public let lastError: AMQPError?
    }

    /// For a readiness probe: whether work that is handed in now is done now.
    public var isReady: Bool {
        if case .open = state { true } else { false }
    }

    /// For a liveness probe: false only if nothing but a new client, or a restart of the program, can help - it has
    /// ended, or has been without a connection for longer than `tolerance`.
    ///
    /// - Parameter tolerance: A client that recovers mends itself; a restart of the program does not bring the broker back.
    public func isLive(tolerance: Duration = .seconds(300)) -> Bool {
        switch state {
        case .closed: return false
        case .open, .degraded, .blocked, .closing: return true
        case .connecting, .recovering:
            let links = [publishing, consuming, consumingAutomatically].compactMap { $0 }
            return links.allSatisfy { $0.isOpen || $0.since <= tolerance }
        }
    }
}
