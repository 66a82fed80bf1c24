import AMQPTransport
import Glibc
import Testing

/// A listening TCP socket on a free port of the loopback, and a connection to it. Closes what it opened.
final class Loopback {
    let listener: Int32
    let address: SocketAddress
    private(set) var open: [Int32] = []

    init(literal: String = "127.0.0.1") throws {
        let any = try #require(SocketAddress(literal: literal, port: 0))
        listener = socket(any.family.rawValue, Int32(SOCK_STREAM.rawValue), 0)
        // A socket that listens without a bind gets a free port, of any address.
        try #require(listener >= 0)
        try #require(listen(listener, 16) == 0)
        address = any.with(port: try #require(Socket.localAddress(listener)).port)
    }

    deinit {
        for fd in open { Socket.close(fd) }
        Socket.close(listener)
    }

    /// Both ends of a new connection.
    func connect() throws -> (client: Int32, server: Int32) {
        let connecting = try Socket.startConnect(to: address)
        open.append(connecting.descriptor)
        let server = accept(listener, nil, nil)
        try #require(server >= 0)
        open.append(server)
        if !connecting.isConnected { try waitUntilReady(connecting.descriptor, .write) }
        try Socket.finishConnect(connecting.descriptor)
        return (connecting.descriptor, server)
    }

    /// The test has closed it by itself.
    func forget(_ fd: Int32) { open.removeAll { $0 == fd } }

    /// Closes one end with RST (socket(7), SO_LINGER).
    func reset(_ fd: Int32) {
        forget(fd)
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        Socket.close(fd)
    }
}

func waitUntilReady(_ fd: Int32, _ interest: Epoll.Interest) throws {
    let epoll = try Epoll()
    var events = EpollEvents(capacity: 1)
    try epoll.add(fd, token: 0, interest)
    while events.count == 0 { try epoll.wait(into: &events, timeoutNanoseconds: -1) }
}

func read(_ fd: Int32, capacity: Int = 4096) -> (result: IOResult, bytes: [UInt8]) {
    var buffer = [UInt8](repeating: 0, count: capacity)
    let result = buffer.withUnsafeMutableBytes { Socket.recv(fd, into: $0) }
    guard case .bytes(let count) = result else { return (result, []) }
    return (result, Array(buffer.prefix(count)))
}

func write(_ fd: Int32, _ bytes: [UInt8]) -> IOResult { bytes.withUnsafeBytes { Socket.send(fd, $0) } }
