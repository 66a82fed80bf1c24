internal import CPlatform
internal import Glibc

/// An IPv4 or IPv6 address with a port.
package struct SocketAddress: Hashable, Sendable {
    package enum Family: Sendable, Hashable {
        case v4, v6

        /// AF_INET or AF_INET6.
        package var rawValue: Int32 {
            switch self {
            case .v4: AF_INET
            case .v6: AF_INET6
            }
        }
    }

    package let family: Family
    package var port: UInt16
    /// In network order; the first four of them if it is IPv4, the rest 0.
    let octets: SIMD16<UInt8>
    /// The interface of a link-local IPv6 address (RFC 4007), else 0.
    let scopeID: UInt32

    init(family: Family, octets: SIMD16<UInt8>, port: UInt16, scopeID: UInt32 = 0) {
        self.family = family
        self.octets = octets
        self.port = port
        self.scopeID = scopeID
    }

    package func with(port: UInt16) -> SocketAddress {
        SocketAddress(family: family, octets: octets, port: port, scopeID: scopeID)
    }

    /// The address alone, for example `127.0.0.1` or `fe80::1%2`.
    package var host: String {
        var copy = octets
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer -> String in
            guard let base = buffer.baseAddress,
                inet_ntop(family.rawValue, &copy, base, socklen_t(INET6_ADDRSTRLEN)) != nil
            else { return "?" }
            return String(cString: base)
        }
        return scopeID == 0 ? text : "\(text)%\(scopeID)"
    }
}

extension SocketAddress: CustomStringConvertible {
    /// As it stands in a URI: `127.0.0.1:5672` or `[::1]:5672`.
    package var description: String {
        switch family {
        case .v4: "\(host):\(port)"
        case .v6: "[\(host)]:\(port)"
        }
    }
}
