internal import CPlatform
internal import Glibc

extension SocketAddress {
    /// Reads a numeric address: `127.0.0.1`, `::1`, `[::1]`, `fe80::1%eth0`. No name is ever looked up.
    ///
    /// IPv4 is the four-part decimal form only. What inet_aton(3) also takes (`127.1`, `0x7f000001`, `010.0.0.1`) is
    /// read in different ways by different programs, and a host that means two things is a hole in somebody's filter.
    package init?(literal: String, port: UInt16) {
        var text = Substring(literal)
        if text.hasPrefix("["), text.hasSuffix("]"), text.utf8.count > 2 {
            text = text.dropFirst().dropLast()
            guard text.utf8.contains(UInt8(ascii: ":")) else { return nil }  // brackets are IPv6's (RFC 3986, 3.2.2)
        }
        // C sees the string up to its first NUL only: "127.0.0.1\0.example" would become an address.
        let numeric = String(text)
        guard !numeric.isEmpty, numeric.utf8.count <= Self.longestLiteral, !numeric.utf8.contains(0) else { return nil }

        var octets = SIMD16<UInt8>()
        if inet_pton(AF_INET, numeric, &octets) == 1 {
            self.init(family: .v4, octets: octets, port: port)
        } else if inet_pton(AF_INET6, numeric, &octets) == 1 {
            self.init(family: .v6, octets: octets, port: port)
        } else if numeric.utf8.contains(UInt8(ascii: "%")), numeric.utf8.contains(UInt8(ascii: ":")) {
            // The name of an interface can only be read by getaddrinfo, which with AI_NUMERICHOST asks no server.
            var hints = addrinfo()
            hints.ai_flags = AI_NUMERICHOST
            hints.ai_family = AF_INET6
            var list: UnsafeMutablePointer<addrinfo>?
            guard getaddrinfo(numeric, nil, &hints, &list) == 0 else { return nil }
            defer { freeaddrinfo(list) }
            guard let first = list?.pointee,
                let address = SocketAddress(first.ai_addr, length: first.ai_addrlen)
            else { return nil }
            self = address.with(port: port)
        } else {
            return nil
        }
    }

    /// INET6_ADDRSTRLEN and IF_NAMESIZE with a sign between.
    private static let longestLiteral = 46 + 1 + 16
}
