extension AMQPError {
    /// What kind of failure an ``AMQPError`` is. New codes may come in later versions: switch with a `default`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private let name: StaticName

        // MARK: Refused locally, before a byte was written

        /// An argument is out of its range, or does not fit into the protocol.
        public static let invalidArgument = Code(.invalidArgument)
        /// A URI or a configuration value cannot be used.
        public static let invalidConfiguration = Code(.invalidConfiguration)
        /// What was asked for is not supported, for example `amqps` in a build without TLS.
        public static let unsupported = Code(.unsupported)
        /// A message, or its properties, exceed a limit of the connection.
        public static let messageTooLarge = Code(.messageTooLarge)
        /// All channel ids of the connection are in use.
        public static let channelIDsExhausted = Code(.channelIDsExhausted)
        /// There is no room right now; only from calls that never wait.
        public static let wouldBlock = Code(.wouldBlock)

        // MARK: Connecting

        /// The host name could not be resolved.
        public static let resolveFailed = Code(.resolveFailed)
        /// No address of the host accepted a TCP connection.
        public static let unreachable = Code(.unreachable)
        /// The connect deadline passed; ``AMQPError/text`` says in which phase.
        public static let connectTimeout = Code(.connectTimeout)
        /// The peer does not speak AMQP 0-9-1.
        public static let protocolMismatch = Code(.protocolMismatch)
        /// The broker refused the credentials (403).
        public static let authenticationFailed = Code(.authenticationFailed)
        /// The broker and this client have no SASL mechanism in common.
        public static let noCommonMechanism = Code(.noCommonMechanism)
        /// The virtual host does not exist, or the user may not enter it (530).
        public static let virtualHostRefused = Code(.virtualHostRefused)

        // MARK: Losing a connection or a channel

        /// The peer closed the connection with an AMQP reply code.
        public static let connectionClosedByPeer = Code(.connectionClosedByPeer)
        /// The connection was lost: reset, end of stream, a network error.
        public static let connectionLost = Code(.connectionLost)
        /// Nothing was heard from the peer for longer than the heartbeat timeout allows.
        public static let heartbeatTimeout = Code(.heartbeatTimeout)
        /// The peer sent bytes that break the protocol or a limit of this client.
        public static let protocolViolation = Code(.protocolViolation)
        /// The broker closed the channel because an operation on it failed (404, 406, ...).
        public static let channelException = Code(.channelException)
        /// The channel or the connection was already closed by this program.
        public static let closed = Code(.closed)

        // MARK: Waiting

        /// The deadline of the operation passed. Whether the broker did it is not known.
        public static let timeout = Code(.timeout)
        /// The task was cancelled while it waited.
        public static let cancelled = Code(.cancelled)

        // MARK: Publishing

        /// The broker refused the message (`basic.nack`).
        public static let nacked = Code(.nacked)
        /// The broker could not route a mandatory message (`basic.return`).
        public static let returned = Code(.returned)

        // MARK: Consuming

        /// The delivery belongs to a channel that is gone. Nothing was written; the broker delivers it again.
        public static let stale = Code(.stale)
        /// The delivery has been settled before.
        public static let alreadySettled = Code(.alreadySettled)
        /// The broker cancelled the consumer, for example because its queue was deleted.
        public static let cancelledByBroker = Code(.cancelledByBroker)
        /// An auto-ack consumer fell behind further than its buffer allows.
        public static let overflow = Code(.overflow)

        private init(_ name: StaticName) { self.name = name }

        /// The name of the code as it stands in this source, for example `connectionLost`.
        public var description: String { name.rawValue }

        var isUsuallyRetriable: Bool {
            switch name {
            case .wouldBlock, .resolveFailed, .unreachable, .connectTimeout, .connectionLost, .heartbeatTimeout,
                .timeout, .nacked, .channelIDsExhausted:
                true
            case .invalidArgument, .invalidConfiguration, .unsupported, .messageTooLarge, .protocolMismatch,
                .authenticationFailed, .noCommonMechanism, .virtualHostRefused, .connectionClosedByPeer,
                .protocolViolation, .channelException, .closed, .cancelled, .returned, .stale, .alreadySettled,
                .cancelledByBroker, .overflow:
                false
            }
        }

        private enum StaticName: String {
            case invalidArgument, invalidConfiguration, unsupported, messageTooLarge, channelIDsExhausted, wouldBlock
            case resolveFailed, unreachable, connectTimeout, protocolMismatch, authenticationFailed
            case noCommonMechanism, virtualHostRefused
            case connectionClosedByPeer, connectionLost, heartbeatTimeout, protocolViolation, channelException, closed
            case timeout, cancelled
            case nacked, returned
            case stale, alreadySettled, cancelledByBroker, overflow
        }
    }
}
