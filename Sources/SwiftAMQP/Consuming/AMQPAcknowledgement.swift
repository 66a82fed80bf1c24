/// Who tells the broker that a delivery was handled.
public enum AMQPAcknowledgement: Sendable, Hashable {
    /// The program does, once per delivery, when it has handled it. What it did not settle is delivered again when the
    /// channel goes (https://www.rabbitmq.com/confirms.html#consumer-acknowledgements).
    case manual
    /// The broker forgets a message as soon as it has written it to the socket: what is lost on the way, or in the
    /// buffer of this consumer, is lost for good.
    ///
    /// The buffer is bounded. At half of the limit this side stops reading the connection, as long as nothing else on
    /// it waits for an answer; beyond the limit the consumer ends with `.overflow`.
    case automatic(bufferLimit: AutomaticLimit)

    /// `automatic` with the default limit: 65,536 messages, 64 MiB.
    public static var automatic: AMQPAcknowledgement { .automatic(bufferLimit: AutomaticLimit()) }

    /// How much an auto-ack consumer may buffer.
    public struct AutomaticLimit: Sendable, Hashable {
        /// Messages; at least 2.
        public var maximumMessages: Int
        /// Bytes of bodies and headers; at least 2.
        public var maximumBytes: Int

        public init(maximumMessages: Int = 65_536, maximumBytes: Int = 64 << 20) {
            self.maximumMessages = max(2, maximumMessages)
            self.maximumBytes = max(2, maximumBytes)
        }
    }
}

/// How many deliveries a consumer may hold unsettled at a time.
public enum AMQPPrefetch: Sendable, Hashable, ExpressibleByIntegerLiteral {
    /// At most so many, 1...65535 (https://www.rabbitmq.com/consumer-prefetch.html).
    case count(UInt16)
    /// As many as the broker has: memory is bounded by the length of the queue alone.
    case unlimited

    /// A count; 0, which AMQP takes for "unlimited", has to be said by name and is refused by the call that uses it.
    public init(integerLiteral value: UInt16) { self = .count(value) }
}
