internal import CPlatform
internal import Glibc

// Between SocketAddress and the C structures. Unsafe pointers live here only, and only inside a call: each function
// reads or writes at most the length it was given and lets no pointer escape.

extension SocketAddress {
    /// Copies an address out of a `sockaddr` of the given length; `nil` if it is neither IPv4 nor IPv6, or cut short.
    init?(_ pointer: UnsafePointer<sockaddr>?, length: socklen_t) {
        guard let pointer, length >= socklen_t(MemoryLayout<sa_family_t>.size) else { return nil }
        self.init(UnsafeRawBufferPointer(start: pointer, count: Int(length)))
    }

    /// Copies the address that `getsockname` or `getpeername` fills in; `nil` if it fails or is of another family.
    init?(filledBy body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let address = withUnsafeMutableBytes(of: &storage) { bytes -> SocketAddress? in
            guard let base = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), body(base, &length) == 0 else {
                return nil
            }
            // The length comes back larger than the buffer if the address was cut.
            return SocketAddress(UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(length))))
        }
        guard let address else { return nil }
        self = address
    }

    private init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= MemoryLayout<sa_family_t>.size else { return nil }
        var octets = SIMD16<UInt8>()
        switch Int32(bytes.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET:
            guard bytes.count >= MemoryLayout<sockaddr_in>.size else { return nil }
            let address = bytes.loadUnaligned(as: sockaddr_in.self)
            withUnsafeMutableBytes(of: &octets) { $0.storeBytes(of: address.sin_addr, as: in_addr.self) }
            self.init(family: .v4, octets: octets, port: UInt16(bigEndian: address.sin_port))
        case AF_INET6:
            guard bytes.count >= MemoryLayout<sockaddr_in6>.size else { return nil }
            let address = bytes.loadUnaligned(as: sockaddr_in6.self)
            withUnsafeMutableBytes(of: &octets) { $0.storeBytes(of: address.sin6_addr, as: in6_addr.self) }
            self.init(
                family: .v6, octets: octets, port: UInt16(bigEndian: address.sin6_port), scopeID: address.sin6_scope_id)
        default:
            return nil
        }
    }

    /// Lends the address to a system call.
    func withSockAddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch family {
        case .v4:
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr = withUnsafeBytes(of: octets) { $0.loadUnaligned(as: in_addr.self) }
            return Self.lend(&address, body)
        case .v6:
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = withUnsafeBytes(of: octets) { $0.loadUnaligned(as: in6_addr.self) }
            address.sin6_scope_id = scopeID
            return Self.lend(&address, body)
        }
    }

    private static func lend<Address, Result>(
        _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        let length = socklen_t(MemoryLayout<Address>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body(UnsafePointer($0), length) }
        }
    }
}
