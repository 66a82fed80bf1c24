/// An AMQP URI, taken apart: what it says, and what it leaves out, without any defaults.
///
/// The syntax is RabbitMQ's, https://www.rabbitmq.com/uri-spec.html and
/// https://www.rabbitmq.com/uri-query-parameters.html, with two rules made stricter because URIs carry passwords:
/// what RFC 3986 wants escaped has to be escaped, and a raw `@` may only stand before the host. With a raw `/` or `?`
/// in a password the rest of the password would otherwise be taken for a virtual host and be shown in error texts.
package struct AMQPURI: Sendable, Equatable {
    package enum Scheme: String, Sendable { case amqp, amqps }

    package struct UserInfo: Sendable, Equatable {
        package var username: String
        /// `nil` without a colon: `amqp://user@host`.
        package var password: AMQPSecret?

        package init(username: String, password: AMQPSecret?) {
            self.username = username
            self.password = password
        }
    }

    package var scheme = Scheme.amqp
    package var userInfo: UserInfo?
    /// A name or an address, IPv6 without its brackets; never empty.
    package var host: String?
    /// Never 0.
    package var port: UInt16?
    /// `nil` without a slash; empty for a slash with nothing behind it.
    package var virtualHost: String?
    /// The query parameter `heartbeat`.
    package var heartbeatSeconds: UInt16?
    /// The query parameter `connection_timeout`.
    package var connectionTimeoutMilliseconds: UInt32?
    /// The query parameter `channel_max`.
    package var channelMax: UInt16?
    /// The query parameter `frame_max`, which RabbitMQ's own Erlang client knows.
    package var frameMax: UInt32?

    package init() {}

    /// Takes a URI apart.
    ///
    /// - Throws: `invalidConfiguration` for what is no AMQP URI, `unsupported` for parameters that this library
    ///   cannot honour. The text names the part, and quotes nothing of the URI but the name of an unknown parameter.
    package init(parsing text: String) throws(AMQPError) {
        let bytes = Array(text.utf8)
        try Self.checkCharacters(bytes)

        let (start, afterColon) = bytes[...].cut { $0 == ASCII.colon }
        guard let afterColon, let scheme = Scheme(rawValue: String(decoding: start, as: UTF8.self).lowercased()) else {
            throw .uri("scheme", "it is neither amqp nor amqps", "start the URI with amqp:// or amqps://")
        }
        guard afterColon.starts(with: [ASCII.slash, ASCII.slash]) else {
            throw .uri("scheme", "the two slashes after it are missing", "write \(scheme.rawValue)://host")
        }
        let rest = afterColon.dropFirst(2)
        let authority = rest.prefix { $0 != ASCII.slash && $0 != ASCII.questionMark }
        let tail = rest.dropFirst(authority.count)
        if let at = tail.firstIndex(of: ASCII.at) {
            throw .uri(
                "user, password or virtual host", "there is an @ at byte \(at &+ 1), behind the first / or ?",
                "write %2F for / and %3F for ? in a user name or password, and %40 for an @ elsewhere")
        }
        let (path, query) = tail.cut { $0 == ASCII.questionMark }

        self.scheme = scheme
        try parseAuthority(authority)
        try parsePath(path)
        if let query, !query.isEmpty { try parseQuery(query) }
    }

    private static func checkCharacters(_ bytes: [UInt8]) throws(AMQPError) {
        for (offset, byte) in bytes.enumerated() where !ASCII.isURICharacter(byte) {
            let (kind, advice) =
                switch byte {
                case 0x20: ("a space", "remove it, or write %20 where it belongs to a name or password")
                case _ where ASCII.isControl(byte): ("a control character", "remove it (a line end, perhaps?)")
                case 0x80...: ("a character that is not ASCII", "escape the bytes of its UTF-8 form, like %C3%BC for ü")
                default: ("a character that no URI may hold", "escape it as % and two hexadecimal digits")
                }
            throw .uri("byte \(offset &+ 1)", "it is \(kind)", advice)
        }
        if let hash = bytes.firstIndex(of: ASCII.hash) {
            throw .uri("byte \(hash &+ 1)", "it starts a fragment, which has no meaning here", "write %23 for a # sign")
        }
    }

    private mutating func parsePath(_ path: ArraySlice<UInt8>) throws(AMQPError) {
        // No slash leaves the default; a slash alone names the virtual host whose name is empty.
        guard !path.isEmpty else { return }
        let name = path.dropFirst()
        if let slash = name.firstIndex(of: ASCII.slash) {
            throw .uri(
                "virtual host", "there is a second slash at byte \(slash &+ 1)",
                "write %2F for a slash in the name, so host/%2F for the virtual host /")
        }
        virtualHost = try PercentEncoding.decode(name, field: "virtual host")
    }
}

extension ArraySlice<UInt8> {
    /// What stands before and behind the first byte that matches; behind is `nil` if none does.
    func cut(where matches: (UInt8) -> Bool) -> (before: ArraySlice<UInt8>, behind: ArraySlice<UInt8>?) {
        guard let index = firstIndex(where: matches) else { return (self, nil) }
        return (self[..<index], self[index...].dropFirst())
    }
}
