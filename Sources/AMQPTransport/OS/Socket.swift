internal import CPlatform
internal import Glibc

/// TCP on raw descriptors. The caller owns the descriptor: it says who may still use it when it is closed.
package enum Socket {
    /// A connect that was started. The descriptor is the caller's from here on.
    package struct Connecting: Sendable {
        package let descriptor: Int32
        /// Connected at once, as loopback may be; else wait until it is writable and ask ``Socket/finishConnect(_:)``.
        package let isConnected: Bool
    }

    /// Starts a non-blocking connect. On failure nothing is left open.
    package static func startConnect(to address: SocketAddress) throws(SystemError) -> Connecting {
        let fd = try SystemError.check(cplatform_tcp_socket(address.family.rawValue), "socket")
        // Small frames are batched by the outbox; Nagle would only add a round trip of delay.
        _ = cplatform_set_nodelay(fd)
        // The heartbeat finds a dead peer first. This is for a connection whose heartbeat was negotiated away, and
        // keeps the entries of stateful firewalls and NAT alive: 60 s idle, then 4 probes 15 s apart.
        _ = cplatform_set_keepalive(fd, 60, 15, 4)
        let result = address.withSockAddr { pointer, length in cplatform_connect(fd, pointer, length) }
        if result == 0 { return Connecting(descriptor: fd, isConnected: true) }
        if result == -EINPROGRESS { return Connecting(descriptor: fd, isConnected: false) }
        _ = cplatform_close(fd)
        throw SystemError(errno: 0 &- result, call: "connect")
    }

    /// How a connect ended, once its descriptor was reported writable, hung up or in error.
    package static func finishConnect(_ fd: Int32) throws(SystemError) {
        _ = try SystemError.check(cplatform_socket_error(fd), "connect")
        guard let peer = peerAddress(fd) else { throw SystemError(errno: ENOTCONN, call: "connect") }
        // A connect to a free port of the ephemeral range on this host can meet itself (RFC 9293, 3.5, simultaneous
        // open): nobody is listening, and we would talk to our own echo.
        if peer == localAddress(fd) { throw SystemError(errno: ECONNREFUSED, call: "connect") }
    }

    package static func localAddress(_ fd: Int32) -> SocketAddress? {
        SocketAddress { pointer, length in getsockname(fd, pointer, length) }
    }

    package static func peerAddress(_ fd: Int32) -> SocketAddress? {
        SocketAddress { pointer, length in getpeername(fd, pointer, length) }
    }

    /// How long sent bytes may stay unacknowledged before the kernel gives the connection up (tcp(7),
    /// TCP_USER_TIMEOUT); 0 is the system's default. Time with a closed window counts.
    package static func setUserTimeout(_ fd: Int32, milliseconds: Int) throws(SystemError) {
        let value = Int32(clamping: max(0, milliseconds))
        _ = try SystemError.check(cplatform_set_user_timeout(fd, value), "setsockopt TCP_USER_TIMEOUT")
    }

    package static func close(_ fd: Int32) { _ = cplatform_close(fd) }
}
