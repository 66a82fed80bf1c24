extension AMQPURI {
    /// What to do with the password in a text.
    package enum PasswordRendering: Sendable { case shown, redacted }

    /// The URI as text. Parsing it gives this value again, if the password is shown and each part is well-formed.
    package func rendered(password rendering: PasswordRendering) -> String {
        var text = "\(scheme.rawValue)://"
        if let userInfo {
            text += PercentEncoding.encode(userInfo.username)
            if let password = userInfo.password {
                text += ":" + (rendering == .shown ? PercentEncoding.encode(password.value) : AMQPSecret.mask)
            }
            text += "@"
        }
        if let host { text += Self.render(host: host) }
        if let port { text += ":\(port)" }
        if let virtualHost { text += "/" + PercentEncoding.encode(virtualHost) }
        var items: [String] = []
        if let heartbeatSeconds { items.append("heartbeat=\(heartbeatSeconds)") }
        if let connectionTimeoutMilliseconds { items.append("connection_timeout=\(connectionTimeoutMilliseconds)") }
        if let channelMax { items.append("channel_max=\(channelMax)") }
        if let frameMax { items.append("frame_max=\(frameMax)") }
        return items.isEmpty ? text : text + "?" + items.joined(separator: "&")
    }

    /// A host as it stands in a URI: IPv6 in brackets, and everything escaped that a host may not hold.
    static func render(host: String) -> String {
        guard host.utf8.contains(ASCII.colon) else { return PercentEncoding.encode(host) }
        let groups = host.split(separator: ":", omittingEmptySubsequences: false)
        return "[" + groups.map { PercentEncoding.encode(String($0)) }.joined(separator: ":") + "]"
    }
}
