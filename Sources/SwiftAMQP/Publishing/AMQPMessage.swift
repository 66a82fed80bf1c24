public import AMQPWire

/// A message: a body of bytes and its properties.
///
/// The body is opaque to the broker; ``AMQPProperties/contentType`` says what it is. Messages are persistent unless
/// told otherwise, because a message that a broker restart loses is seldom what a program wants
/// (https://www.rabbitmq.com/publishers.html#message-properties).
public struct AMQPMessage: Sendable, Hashable {
    /// The body, 0 bytes or more. What a broker accepts at most is its `max_message_size`
    /// (16 MiB from RabbitMQ 4.0 on, 128 MiB before).
    public var body: [UInt8]
    /// The basic properties, headers included.
    public var properties: AMQPProperties

    /// A message of bytes.
    ///
    /// - Parameters:
    ///   - body: The bytes. A large body (over 64 KiB) is not copied on its way to the socket.
    ///   - properties: The basic properties. By default the message is persistent.
    public init(body: [UInt8], properties: AMQPProperties = .persistent) {
        self.body = body
        self.properties = properties
    }

    /// A message of text, as UTF-8.
    ///
    /// - Parameters:
    ///   - text: The text. No content type is set; set ``AMQPProperties/contentType`` where readers need it.
    ///   - properties: The basic properties. By default the message is persistent.
    public init(_ text: String, properties: AMQPProperties = .persistent) {
        self.init(body: Array(text.utf8), properties: properties)
    }

    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    public var text: String { String(decoding: body, as: UTF8.self) }
}

extension AMQPProperties {
    /// Nothing but delivery mode 2: the broker keeps the message on disk in durable queues.
    public static var persistent: AMQPProperties {
        var properties = AMQPProperties()
        properties.deliveryMode = .persistent
        return properties
    }
}
