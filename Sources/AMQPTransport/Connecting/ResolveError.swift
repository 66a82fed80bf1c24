internal import Glibc

/// Why a host has no address.
package enum ResolveError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The name is empty, too long, or holds a byte that no name has. Nobody was asked.
    case invalidName
    /// getaddrinfo(3) failed: one of its EAI codes, and what it means.
    case lookupFailed(code: Int32, text: String)
    /// The lookup ended well, with no IPv4 or IPv6 address.
    case noAddress
    /// The system refused, for example another thread (an error number).
    case system(SystemError)
    /// ``Resolver/Request/cancel()`` came first.
    case cancelled

    /// From the status of getaddrinfo; `systemErrno` counts for EAI_SYSTEM only.
    init(status: Int32, systemErrno: Int32) {
        self =
            status == EAI_SYSTEM
            ? .system(SystemError(errno: systemErrno, call: "getaddrinfo"))
            : .lookupFailed(code: status, text: gai_strerror(status).map { String(cString: $0) } ?? "error \(status)")
    }

    package var description: String {
        switch self {
        case .invalidName: "not a host name"
        case .lookupFailed(_, let text): text
        case .noAddress: "no IPv4 or IPv6 address"
        case .system(let error): error.description
        case .cancelled: "cancelled"
        }
    }
}
