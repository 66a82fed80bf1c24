import Glibc

/// Ports on 127.0.0.1 from below the range that the kernel hands out by itself.
///
/// A client that keeps connecting to a dead port *inside* that range will some day be given the very same port as its
/// own source port, and TCP then connects it to itself; another program's outgoing connection may also sit on the
/// port when a stopped broker wants it back. Below the range neither can happen.
package enum LoopbackPort {
    /// A port nobody is bound to at this moment. Another process may take it before it is used: be ready to retry.
    package static func free() throws(HarnessError) -> UInt16 {
        let (descriptor, port) = try bound(.loopback)
        close(descriptor)
        return port
    }

    /// Which address a socket is bound to: that of loopback, or all that a network has which nobody else can reach.
    enum Address: UInt32 {
        case loopback = 0x7F00_0001
        case any = 0
    }

    /// A listening socket on a free port; with it no other process can come in between.
    package static func listen(backlog: Int32 = 64) throws(HarnessError) -> (descriptor: Int32, port: UInt16) {
        try listen(backlog: backlog, address: .loopback)
    }

    static func listen(backlog: Int32 = 64, address: Address) throws(HarnessError) -> (descriptor: Int32, port: UInt16)
    {
        // Two processes may be bound to one port by SO_REUSEADDR; only listening tells them apart. Hence the loop.
        for _ in 0..<100 {
            let (descriptor, port) = try bound(address)
            if Glibc.listen(descriptor, backlog) == 0 { return (descriptor, port) }
            close(descriptor)
        }
        throw HarnessError(.system(errno: EADDRINUSE), "no free loopback port to listen on")
    }

    /// Whether somebody accepts connections on the port.
    package static func accepts(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return withAddress(port, .loopback) { connect(descriptor, $0, $1) } == 0
    }

    /// A socket that holds exactly this port and does not listen yet, for a listener that comes back.
    static func bound(to port: UInt16, address: Address = .loopback) throws(HarnessError) -> Int32 {
        let descriptor = try reusable()
        if withAddress(port, address, { bind(descriptor, $0, $1) }) == 0 { return descriptor }
        let code = errno
        close(descriptor)
        throw HarnessError(.system(errno: code), "bind to port \(port)")
    }

    /// Starts to connect, without waiting for the outcome. The descriptor does not block.
    static func startConnecting(to port: UInt16) throws(HarnessError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = try check(socket(AF_INET, type, 0), "socket")
        if withAddress(port, .loopback, { connect(descriptor, $0, $1) }) == 0 || errno == EINPROGRESS {
            return descriptor
        }
        let code = errno
        close(descriptor)
        throw HarnessError(.system(errno: code), "connect to port \(port)")
    }

    private static func bound(_ address: Address) throws(HarnessError) -> (descriptor: Int32, port: UInt16) {
        for _ in 0..<1000 {
            let port = UInt16.random(in: range)
            let descriptor = try reusable()
            if withAddress(port, address, { bind(descriptor, $0, $1) }) == 0 { return (descriptor, port) }
            close(descriptor)
        }
        throw HarnessError(.system(errno: EADDRINUSE), "no free loopback port")
    }

    /// Connections of an earlier listener that linger in TIME_WAIT are no obstacle to it.
    private static func reusable() throws(HarnessError) -> Int32 {
        let descriptor = try check(
            socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0), "socket")
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    private static let range: ClosedRange<UInt16> = {
        let path = "/proc/sys/net/ipv4/ip_local_port_range"
        let first = (try? readTextFile(path))?.split(whereSeparator: { $0 == "\t" || $0 == " " }).first
        let lowest = first.flatMap { UInt16($0) } ?? 32768
        // Where a machine hands out nearly everything by itself, there is nothing better than to join in.
        return lowest > 12_000 ? 10_000...(lowest - 1) : 20_000...60_000
    }()

    private static func withAddress(
        _ port: UInt16, _ place: Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = place.rawValue.bigEndian
        let size = MemoryLayout<sockaddr_in>.size
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(size)) }
        }
    }
}
