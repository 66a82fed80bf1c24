/// Where a connection goes, who it is, and the limits it keeps.
///
/// ```swift
/// var configuration = try AMQPConfiguration(url: "amqp://svc:secret@mq-1/orders?heartbeat=10")
/// configuration.connectionName = "orders-writer"
/// ```
///
/// Every value has a default that suits a server in one data centre with its broker. Fields can be set to anything;
/// ``validate()`` checks them all, and a connection attempt calls it before it does anything else. No description,
/// dump or mirror of a configuration shows the password.
public struct AMQPConfiguration: Sendable, Equatable {
    /// The broker: a DNS name, an IPv4 address, or an IPv6 address without brackets, with its zone after a `%` if it
    /// has one (`fe80::1%eth0`). 1 to 255 ASCII bytes; international names in their `xn--` form. Default `localhost`.
    public var host: String
    /// The TCP port, 1...65535. Default 5672, which IANA gave to AMQP.
    public var port: UInt16
    /// The virtual host: a broker's namespace, whose name is opaque text. 0 to 255 UTF-8 bytes. Default `/`.
    public var virtualHost: String
    /// Who the client is. Default `guest`/`guest`, which RabbitMQ accepts from its own machine only.
    public var credentials: AMQPCredentials

    /// What the broker's management pages and logs call this connection; sent as the client property
    /// `connection_name`. 1 to 255 UTF-8 bytes without control characters, or `nil` (the default) for none.
    public var connectionName: String? = nil
    /// More client properties, as shown by `rabbitmqctl list_connections client_properties`; they come on top of this
    /// library's own `product`, `version` and `platform` and win over those. Names are 1 to 255 UTF-8 bytes;
    /// `capabilities` and `connection_name` are refused here. All of it, with the credentials, has to fit into
    /// one frame; a broker with default settings accepts 4096 bytes (8192 since 4.1) at this point. Default none.
    public var clientProperties: [String: String] = [:]

    /// The heartbeat interval to ask for, 0...65535 s; `.zero` disables heartbeats. The protocol counts whole seconds,
    /// so a fraction is rounded up. Default 20 s. See https://www.rabbitmq.com/docs/heartbeats.
    public var heartbeat: Duration = .seconds(20)
    /// How long an attempt to connect may take in all: resolving the name, TCP, and the AMQP handshake.
    /// 1 ms to 24 h. Default 30 s.
    public var connectTimeout: Duration = .seconds(30)
    /// How long a request on a channel (declare, bind, purge, ...) waits for its answer. 1 ms to 24 h. Default 30 s.
    public var rpcTimeout: Duration = .seconds(30)
    /// How long a publish may take until its outcome is known, waiting for room included. 1 ms to 24 h. Default 30 s.
    public var publishTimeout: Duration = .seconds(30)
    /// How long an orderly close waits for the broker before the socket is closed hard. 1 ms to 24 h. Default 5 s.
    public var closeTimeout: Duration = .seconds(5)

    /// How many channels the connection may have at most; the broker may lower it. 0...65535, where 0 asks for as many
    /// as the broker allows. Default 2047, RabbitMQ's own limit.
    public var channelMax: UInt16 = 2047
    /// The largest frame to agree on, in bytes, 8192...16777216; the broker may lower it. AMQP itself allows 4096, but
    /// RabbitMQ 4.1 and later refuse a client that asks for less than 8192. Default 131072, RabbitMQ's own limit.
    public var frameMax: UInt32 = 131_072
    /// The largest message body to accept from the broker, in bytes, 1...2147483647; a larger one ends the connection,
    /// so that no peer can make this process hold more than this for one message. Default 128 MiB.
    public var maximumInboundBodySize: Int = 128 * 1024 * 1024
    /// The high-water mark of bytes that wait to be written, 4096...1073741824: at or above it publishers wait for
    /// room. A limit for each connection. Default 4 MiB.
    public var outboundBufferLimit: Int = 4 * 1024 * 1024

    /// The locale of the broker's texts. RabbitMQ knows no other.
    package static let locale = "en_US"

    /// Creates a configuration with the defaults, but for what is given.
    ///
    /// - Parameters:
    ///   - host: See ``host``.
    ///   - port: See ``port``.
    ///   - virtualHost: See ``virtualHost``.
    ///   - credentials: See ``credentials``.
    public init(
        host: String = "localhost", port: UInt16 = 5672, virtualHost: String = "/",
        credentials: AMQPCredentials = .plain(username: "guest", password: "guest")
    ) {
        self.host = host
        self.port = port
        self.virtualHost = virtualHost
        self.credentials = credentials
    }
}
