public import AMQPWire

/// An exchange to declare. Durable and not auto-deleted unless told otherwise.
public struct AMQPExchange: Sendable, Hashable {
    /// The name, at most 255 bytes of UTF-8. Names that begin with `amq.` are the broker's own (403).
    public var name: String
    /// How it routes.
    public var kind: Kind
    /// Whether it survives a restart of the broker. It says nothing about messages: those live in queues.
    public var isDurable: Bool
    /// Whether it is deleted when its last binding goes.
    public var isAutoDelete: Bool
    /// Whether clients cannot publish to it, only other exchanges.
    public var isInternal: Bool
    /// Further arguments, for example `alternate-exchange` (https://www.rabbitmq.com/ae.html).
    public var arguments: AMQPTable

    public init(
        name: String, kind: Kind, durable: Bool = true, autoDelete: Bool = false, internal: Bool = false,
        arguments: AMQPTable = [:]
    ) {
        self.name = name
        self.kind = kind
        isDurable = durable
        isAutoDelete = autoDelete
        isInternal = `internal`
        self.arguments = arguments
    }

    /// By routing key, exactly.
    public static func direct(_ name: String) -> AMQPExchange { AMQPExchange(name: name, kind: .direct) }
    /// To every binding.
    public static func fanout(_ name: String) -> AMQPExchange { AMQPExchange(name: name, kind: .fanout) }
    /// By routing key patterns: `*` stands for one word, `#` for any number.
    public static func topic(_ name: String) -> AMQPExchange { AMQPExchange(name: name, kind: .topic) }
    /// By header values.
    public static func headers(_ name: String) -> AMQPExchange { AMQPExchange(name: name, kind: .headers) }

    /// How an exchange routes; plugins bring further kinds.
    public struct Kind: Sendable, Hashable, RawRepresentable, ExpressibleByStringLiteral {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public init(stringLiteral value: String) { rawValue = value }

        public static let direct: Kind = "direct"
        public static let fanout: Kind = "fanout"
        public static let topic: Kind = "topic"
        public static let headers: Kind = "headers"
    }
}
