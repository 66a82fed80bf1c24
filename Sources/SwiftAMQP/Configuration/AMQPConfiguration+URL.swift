extension AMQPConfiguration {
    /// Creates a configuration from an AMQP URI: what the URI says wins over the defaults.
    ///
    /// `amqp://user:password@host:port/vhost?heartbeat=10&connection_timeout=5000&channel_max=100`, where every part
    /// behind `amqp://` may be left out. The syntax is that of https://www.rabbitmq.com/uri-spec.html:
    ///
    /// - What is special in a URI is percent-escaped in names and passwords: `%2F` for `/`, `%40` for `@`.
    /// - Without a slash behind the host the virtual host is `/`; `amqp://host/` names the one whose name is empty.
    /// - IPv6 addresses stand in brackets: `amqp://[::1]:5672`.
    /// - A user without a password, `amqp://svc@host`, keeps the default password `guest`, as in other clients.
    ///
    /// Of https://www.rabbitmq.com/uri-query-parameters.html these are understood: `heartbeat` (seconds, 0...65535),
    /// `connection_timeout` (milliseconds, 1...86400000), `channel_max` (0...65535), `frame_max` (bytes,
    /// 8192...16777216) and `auth_mechanism` (`plain`).
    ///
    /// - Parameter url: The URI, for example from the environment. Any text is safe to pass.
    /// - Throws: ``AMQPError`` with the code `invalidConfiguration` where the URI is malformed, or names a parameter
    ///   that is not known; `unsupported` for `amqps` and for the parameters of TLS, which this version
    ///   does not have: it never falls back to plain text. No error text holds the password.
    public init(url: String) throws(AMQPError) {
        let uri = try AMQPURI(parsing: url)
        guard uri.scheme == .amqp else {
            throw .uri(
                "scheme", "TLS is not supported yet, and amqps is never spoken without it",
                "write amqp:// if the network may see the password and the messages", code: .unsupported)
        }
        self.init()
        if let userInfo = uri.userInfo {
            credentials = .plain(
                username: userInfo.username, password: userInfo.password?.value ?? credentials.password)
        }
        host = uri.host ?? host
        port = uri.port ?? port
        virtualHost = uri.virtualHost ?? virtualHost
        heartbeat = uri.heartbeatSeconds.map { .seconds($0) } ?? heartbeat
        connectTimeout = uri.connectionTimeoutMilliseconds.map { .milliseconds($0) } ?? connectTimeout
        channelMax = uri.channelMax ?? channelMax
        frameMax = uri.frameMax ?? frameMax
        try validate()
    }

    /// This configuration as a URI with `***` in place of the password, for logs.
    ///
    /// It holds the query parameters whose values differ from their defaults; what a URI cannot say is left out.
    public var redactedURL: String {
        let defaults = AMQPConfiguration()
        var uri = AMQPURI()
        uri.userInfo = .init(username: credentials.username, password: AMQPSecret(credentials.password))
        uri.host = host
        uri.port = port
        uri.virtualHost = virtualHost
        if heartbeat != defaults.heartbeat { uri.heartbeatSeconds = heartbeatSeconds }
        if connectTimeout != defaults.connectTimeout {
            uri.connectionTimeoutMilliseconds = connectTimeout.millisecondsRoundedUp
        }
        if channelMax != defaults.channelMax { uri.channelMax = channelMax }
        if frameMax != defaults.frameMax { uri.frameMax = frameMax }
        return uri.rendered(password: .redacted)
    }

    /// Where the connection goes, as `host:port/vhost` without credentials, for errors and logs.
    ///
    /// Escaped as in a URI, so that it is one word on one line: the virtual host `/` is `localhost:5672/%2F`.
    public var endpoint: String {
        "\(AMQPURI.render(host: host)):\(port)/\(PercentEncoding.encode(virtualHost))"
    }
}

extension AMQPConfiguration: CustomStringConvertible, CustomDebugStringConvertible {
    /// The same as ``redactedURL``.
    public var description: String { redactedURL }
    public var debugDescription: String { "AMQPConfiguration(\(redactedURL))" }
}
