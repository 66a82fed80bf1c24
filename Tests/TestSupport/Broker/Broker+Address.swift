extension Broker {
    /// The URL of this broker. What is not given is `guest`, `guest` and `/` on a private node, and what `AMQP_URL`
    /// says on an external one.
    package func url(user: String? = nil, password: String? = nil, vhost: String? = nil) -> String {
        var url = address
        if let user { url.user = BrokerURL.percentEncoded(user) }
        if let password { url.password = BrokerURL.percentEncoded(password) }
        if let vhost { url.path = BrokerURL.percentEncoded(vhost) }
        return url.description
    }

    /// ``url(user:password:vhost:)`` with everything as it is.
    package var url: String { url() }

    package var host: String { address.host }

    package var port: UInt16 { address.port ?? (address.scheme == "amqps" ? 5671 : 5672) }

    private var address: BrokerURL {
        switch location {
        case .privateNode(let node): BrokerURL(host: "127.0.0.1", port: node.site.port)
        case .external(let url): url
        }
    }
}
