import Glibc
import Testing

@testable import AMQPTransport

/// A dialer on a loop of its own, and what it came to.
final class Dial: Sendable {
    let loop = EventLoop(name: "test-loop")
    let dialer: Dialer
    private let changes = Changes()
    private let results = Box<[Result<Dialer.Connected, DialFailure>]>([])

    init(resolver: Resolver = .shared) { dialer = Dialer(loop: loop, resolver: resolver) }

    deinit { loop.stop() }

    func start(host: String, port: UInt16, within limit: Duration = .seconds(20)) {
        dialer.start(host: host, port: port, deadline: .now() + limit) { [changes, results] result in
            results.withLock { $0.append(result) }
            changes.note()
        }
    }

    /// How often the completion was called.
    var completions: Int { results.withLock { $0.count } }

    func result() -> Result<Dialer.Connected, DialFailure>? {
        _ = changes.wait { results.withLock { !$0.isEmpty } }
        return results.withLock { $0.first }
    }

    func failure() -> DialFailure? {
        guard case .failure(let failure) = result() else { return nil }
        return failure
    }

    func connected() -> Dialer.Connected? {
        guard case .success(let connected) = result() else { return nil }
        return connected
    }
}

/// Listens on one address of the loopback network only.
final class OneListener {
    let descriptor: Int32
    let port: UInt16
    private var guests: [Int32] = []

    /// - Parameter port: 0 takes a free one.
    init(literal: String, port: UInt16 = 0, backlog: Int32 = 16) throws {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(fd >= 0)
        descriptor = fd
        var yes: Int32 = 1
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let address = try #require(SocketAddress(literal: literal, port: port))
        try #require(address.withSockAddr { bind(fd, $0, $1) } == 0)
        try #require(listen(fd, backlog) == 0)
        self.port = try #require(Socket.localAddress(fd)).port
    }

    deinit {
        for guest in guests { Socket.close(guest) }
        Socket.close(descriptor)
    }

    /// Nobody accepts, and the kernel's queue is full: what comes now gets no answer. False where the kernel answers
    /// all the same.
    func fillUp() throws -> Bool {
        let address = try #require(Socket.localAddress(descriptor))
        for _ in 0..<8 {
            let connecting = try Socket.startConnect(to: address)
            guests.append(connecting.descriptor)
            var descriptor = pollfd(fd: connecting.descriptor, events: Int16(POLLOUT), revents: 0)
            // The loopback answers at once where it answers at all.
            if poll(&descriptor, 1, 100) == 0 { return true }
        }
        return false
    }
}
