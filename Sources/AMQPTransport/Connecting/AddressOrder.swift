/// The order in which the addresses of a host are tried.
package enum AddressOrder {
    /// Alternates the families and drops what comes twice (RFC 8305, section 4).
    ///
    /// The order within a family, and the family that comes first, stay as getaddrinfo(3) has them: it sorts by RFC 6724,
    /// which puts IPv6 first where this host has a route for it, and the administrator's gai.conf has the last word.
    package static func interleaved(_ addresses: [SocketAddress]) -> [SocketAddress] {
        var seen: Set<SocketAddress> = []
        let unique = addresses.filter { seen.insert($0).inserted }
        guard let first = unique.first else { return [] }

        var others = unique.filter { $0.family != first.family }[...]
        var result: [SocketAddress] = []
        result.reserveCapacity(unique.count)
        for address in unique where address.family == first.family {
            result.append(address)
            if let other = others.popFirst() { result.append(other) }
        }
        return result + others
    }
}
