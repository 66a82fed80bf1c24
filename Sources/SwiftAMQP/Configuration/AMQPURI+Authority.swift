extension AMQPURI {
    /// Parses `user:password@host:port`.
    mutating func parseAuthority(_ authority: ArraySlice<UInt8>) throws(AMQPError) {
        let (before, behind) = authority.cut { $0 == ASCII.at }
        guard let behind else { return try parseEndpoint(authority) }
        if let second = behind.firstIndex(of: ASCII.at) {
            throw .uri(
                "user or password", "there is a second @ at byte \(second &+ 1)",
                "write %40 for an @ in a user name or password")
        }
        try parseUserInfo(before)
        try parseEndpoint(behind)
    }

    private mutating func parseUserInfo(_ text: ArraySlice<UInt8>) throws(AMQPError) {
        // Only the first colon separates: a raw one in the password is unambiguous, and other clients accept it.
        let (user, password) = text.cut { $0 == ASCII.colon }
        var info = UserInfo(username: try PercentEncoding.decode(user, field: "user"), password: nil)
        if let password { info.password = AMQPSecret(try PercentEncoding.decode(password, field: "password")) }
        userInfo = info
    }

    private mutating func parseEndpoint(_ text: ArraySlice<UInt8>) throws(AMQPError) {
        guard text.first == ASCII.openBracket else {
            let (name, port) = text.cut { $0 == ASCII.colon }
            try parseName(name)
            return try parsePort(port)
        }
        let (address, behind) = text.dropFirst().cut { $0 == ASCII.closeBracket }
        guard let behind, behind.isEmpty || behind.first == ASCII.colon else {
            throw .uri("host", "the brackets of an IPv6 address are not followed by : or the end", "write [::1]:5672")
        }
        try parseIPv6(address)
        try parsePort(behind.isEmpty ? nil : behind.dropFirst())
    }

    private mutating func parseName(_ text: ArraySlice<UInt8>) throws(AMQPError) {
        guard !text.isEmpty else { return }
        let name = try PercentEncoding.decode(text, field: "host")
        guard HostSyntax.isName(name) else {
            throw .uri("host", "it is no host name", HostSyntax.advice + ", IPv6 in square brackets")
        }
        host = name
    }

    private mutating func parseIPv6(_ text: ArraySlice<UInt8>) throws(AMQPError) {
        // Escapes may only follow the address: the zone's percent sign itself is written %25 (RFC 6874).
        let address = text.prefix { $0 != ASCII.percent }
        let zone = try PercentEncoding.decode(text.dropFirst(address.count), field: "host")
        let candidate = String(decoding: address, as: UTF8.self) + zone
        guard zone.isEmpty || zone.utf8.first == ASCII.percent, HostSyntax.isIPv6(candidate) else {
            throw .uri(
                "host", "there is no IPv6 address in its square brackets",
                "write [::1] or, with a zone, [fe80::1%25eth0]")
        }
        host = candidate
    }

    private mutating func parsePort(_ text: ArraySlice<UInt8>?) throws(AMQPError) {
        guard let text, !text.isEmpty else { return }
        guard let number = ASCII.decimal(text), let port = UInt16(exactly: number), port != 0 else {
            throw .uri(
                "port", "it is no number from 1 to 65535",
                "write host:5672; if this is part of a password, write %2F for / and %3F for ? in it")
        }
        self.port = port
    }
}
