import AMQPTransport
import Glibc
import Testing

@Suite struct SocketTests {
    @Test(arguments: ["127.0.0.1", "::1"]) func bytesArrive(host: String) throws {
        let loopback = try Loopback(literal: host)
        let (client, server) = try loopback.connect()
        #expect(Socket.peerAddress(client) == loopback.address)
        #expect(Socket.localAddress(client)?.description.hasPrefix(host == "::1" ? "[::1]:" : "127.0.0.1:") == true)

        #expect(read(client).result == .wouldBlock)
        #expect(write(server, [1, 2, 3]) == .bytes(3))
        try waitUntilReady(client, .read)
        #expect(read(client).bytes == [1, 2, 3])
        #expect(read(client).result == .wouldBlock)
    }

    @Test func sendmsgGathers() throws {
        let loopback = try Loopback()
        let (client, server) = try loopback.connect()
        var vectors = IOVectors(capacity: 2)
        let (head, tail): ([UInt8], [UInt8]) = ([1, 2], [3, 4, 5])
        head.withUnsafeBytes { head in
            tail.withUnsafeBytes { tail in
                let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
                let sentNothing = Socket.sendmsg(client, vectors)
                let taken = [head, nothing, tail, tail].map { vectors.append($0) }
                let byteCount = vectors.byteCount
                let sent = Socket.sendmsg(client, vectors)
                vectors.removeAll()
                let left = vectors.byteCount
                #expect(sentNothing == .bytes(0))
                #expect(taken == [true, true, true, false])
                #expect(byteCount == 5)
                #expect(sent == .bytes(5))
                #expect(left == 0)
            }
        }
        try waitUntilReady(server, .read)
        #expect(read(server).bytes == [1, 2, 3, 4, 5])
    }

    @Test func aFullSocketWouldBlockAndLosesNothing() throws {
        let loopback = try Loopback()
        let (client, server) = try loopback.connect()
        let chunk = [UInt8](repeating: 7, count: 65536)
        var sent = 0
        while case .bytes(let count) = write(client, chunk) { sent += count }
        #expect(write(client, chunk) == .wouldBlock)
        #expect(sent > 0)

        shutdown(client, Int32(SHUT_WR))
        var received = 0
        while true {
            try waitUntilReady(server, .read)
            let (result, bytes) = read(server, capacity: 65536)
            if result == .endOfStream { break }
            received += bytes.count
            try #require(!bytes.isEmpty || result == .wouldBlock)
        }
        #expect(received == sent)
    }

    @Test func shutdownEndsTheStreamOfThePeerOnly() throws {
        let loopback = try Loopback()
        let (client, server) = try loopback.connect()
        shutdown(server, Int32(SHUT_WR))
        try waitUntilReady(client, .read)
        #expect(read(client).result == .endOfStream)
        #expect(write(client, [1]) == .bytes(1))
        #expect(write(server, [1]) == .failed(EPIPE), "and no SIGPIPE, which would have killed this process")
    }

    @Test func aResetIsAFailure() throws {
        let loopback = try Loopback()
        let (client, server) = try loopback.connect()
        loopback.reset(server)
        try waitUntilReady(client, .read)
        #expect(read(client).result == .failed(ECONNRESET))
    }

    @Test func emptyBuffersAreNoEndOfStream() throws {
        let loopback = try Loopback()
        let (client, _) = try loopback.connect()
        #expect(Socket.recv(client, into: UnsafeMutableRawBufferPointer(start: nil, count: 0)) == .bytes(0))
        #expect(Socket.send(client, UnsafeRawBufferPointer(start: nil, count: 0)) == .bytes(0))
        #expect(read(-1).result == .failed(EBADF))
    }

    @Test func nobodyListens() throws {
        let address: SocketAddress
        do {
            let loopback = try Loopback()
            address = loopback.address
        }
        #expect(throws: SystemError(errno: ECONNREFUSED, call: "connect")) {
            let connecting = try Socket.startConnect(to: address)
            defer { Socket.close(connecting.descriptor) }
            try waitUntilReady(connecting.descriptor, .write)
            try Socket.finishConnect(connecting.descriptor)
        }
    }

    @Test func aSocketThatMetItselfIsRefused() throws {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Socket.close(fd) }
        // Bound to a port and connected to it: RFC 9293, 3.5.
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        func call(_ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body(fd, $0, length) }
            }
        }
        try #require(call { bind($0, $1, $2) } == 0)
        address.sin_port = try #require(Socket.localAddress(fd)).port.bigEndian
        try #require(call { connect($0, $1, $2) } == 0)
        #expect(throws: SystemError(errno: ECONNREFUSED, call: "connect")) { try Socket.finishConnect(fd) }
    }

    @Test func optionsAreSet() throws {
        let loopback = try Loopback()
        let (client, _) = try loopback.connect()
        func option(_ level: Int32, _ name: Int32) -> Int32 {
            var value: Int32 = -1
            var length = socklen_t(MemoryLayout<Int32>.size)
            return getsockopt(client, level, name, &value, &length) == 0 ? value : -1
        }
        let tcp = Int32(IPPROTO_TCP)
        #expect(option(tcp, TCP_NODELAY) != 0)
        #expect(option(SOL_SOCKET, SO_KEEPALIVE) != 0)
        #expect(option(tcp, TCP_KEEPIDLE) == 60)
        #expect(fcntl(client, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(client, F_GETFL) & O_NONBLOCK != 0)
        let tcpUserTimeout: Int32 = 18  // linux/tcp.h
        for (milliseconds, expected) in [(20_000, Int32(20_000)), (0, 0), (-1, 0), (.max, .max)] {
            try Socket.setUserTimeout(client, milliseconds: milliseconds)
            #expect(option(tcp, tcpUserTimeout) == expected)
        }
        #expect(throws: SystemError.self) { try Socket.setUserTimeout(-1, milliseconds: 1) }
    }
}
