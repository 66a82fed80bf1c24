import AMQPTransport
import Glibc

/// The open descriptors of this process. Tests run side by side, so counting them makes sense in a process of one's
/// own only (an exit test).
enum Descriptors {
    /// How many of them are sockets: eventfds come and go with what a test waits for.
    static func sockets() -> Int {
        (0..<Int32(1024)).count { fd in
            var status = stat()
            return fstat(fd, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
        }
    }

    static func isOpen(_ fd: Int32) -> Bool { fcntl(fd, F_GETFD) >= 0 }
}

/// Both ends of a socket pair, non-blocking.
func socketPair(sendBuffer: Int32? = nil) -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { preconditionFailure("no descriptor left") }
    if var size = sendBuffer {
        for end in ends { setsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size)) }
    }
    return (ends[0], ends[1])
}

/// Waits until the descriptor is readable, then reads. Empty at the end of the stream or on an error.
func readSome(_ fd: Int32, upTo capacity: Int = 65536) -> [UInt8] {
    while true {
        let (result, bytes) = read(fd, capacity: capacity)
        guard result == .wouldBlock else { return bytes }
        var descriptor = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        _ = poll(&descriptor, 1, 20_000)
    }
}

/// Reads `count` bytes, or what comes before the end of the stream.
func readExactly(_ fd: Int32, _ count: Int) -> [UInt8] {
    var all: [UInt8] = []
    while all.count < count {
        let some = readSome(fd, upTo: min(65536, count - all.count))
        if some.isEmpty { break }
        all += some
    }
    return all
}

/// Writes everything, waiting where the kernel has no room. False if the other end is gone.
@discardableResult
func writeAll(_ fd: Int32, _ bytes: [UInt8]) -> Bool {
    var offset = 0
    while offset < bytes.count {
        switch bytes.withUnsafeBytes({ Socket.send(fd, UnsafeRawBufferPointer(rebasing: $0[offset...])) }) {
        case .bytes(let count): offset += count
        case .wouldBlock:
            var descriptor = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
            _ = poll(&descriptor, 1, 20_000)
        case .endOfStream, .failed: return false
        }
    }
    return true
}
