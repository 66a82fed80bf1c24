internal import CPlatform
internal import Glibc

/// getaddrinfo(3), which blocks for as long as the name servers please.
enum SystemLookup {
    /// The addresses of a name, port 0, in the order of getaddrinfo.
    static func addresses(of host: String) -> Result<[SocketAddress], ResolveError> {
        // C sees the name up to its first NUL only. NI_MAXHOST is more than any name has (RFC 1035: 253).
        guard !host.isEmpty, host.utf8.count < 1025, !host.utf8.contains(0) else { return .failure(.invalidName) }

        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        // One entry an address, not one for each socket type.
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        // No AAAA for a host without IPv6. The loopback does not count as an interface for it, and would be hidden on a
        // host that has no other.
        hints.ai_flags = host == "localhost" ? 0 : AI_ADDRCONFIG

        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else {
            return .failure(ResolveError(status: status, systemErrno: status == EAI_SYSTEM ? errno : 0))
        }
        defer { freeaddrinfo(list) }

        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            if let address = SocketAddress(entry.ai_addr, length: entry.ai_addrlen) { addresses.append(address) }
            next = entry.ai_next
        }
        return addresses.isEmpty ? .failure(.noAddress) : .success(addresses)
    }
}
