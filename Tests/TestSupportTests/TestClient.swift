import Glibc
import TestSupport

/// The least that can talk to a fake broker: a blocking socket.
final class TestClient: Sendable {
    private let descriptor: Int32

    init(port: UInt16) throws(HarnessError) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result != 0 { throw HarnessError(.system(errno: errno), "connect") }
    }

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    func send(_ frames: [WireFrame]) { send(frames.flatMap(\.bytes)) }

    /// Ends the outgoing stream.
    func end() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Resets the connection; what is called afterwards fails.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        // The number stays ours until the end.
        dup2(STDIN_FILENO, descriptor)
    }

    /// What the broker sends until it ends the stream; throws where it resets it.
    func everything() async throws(HarnessError) -> [UInt8] {
        try await offPool("client") { [descriptor] () throws(HarnessError) in
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count == 0 { return bytes }
                if count < 0 { throw HarnessError(.system(errno: errno), "recv") }
                bytes += buffer[..<count]
            }
        }
    }

    /// The next bytes, exactly `count`; throws `malformed` where the stream ends before, and `system` where it is reset.
    func receive(_ count: Int) async throws(HarnessError) -> [UInt8] {
        try await offPool("client") { [descriptor] () throws(HarnessError) in
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            let deadline = Deadline.after(.seconds(10))
            while bytes.count < count {
                var polls = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
                guard poll(&polls, 1, deadline.milliseconds) > 0 else {
                    throw HarnessError(.timeout, "\(bytes.count) of \(count) bytes came in time")
                }
                let received = recv(descriptor, &buffer, min(buffer.count, count - bytes.count), 0)
                if received < 0 { throw HarnessError(.system(errno: errno), "recv") }
                if received == 0 { throw HarnessError(.malformed, "ended after \(bytes.count) of \(count) bytes") }
                bytes += buffer[..<received]
            }
            return bytes
        }
    }

    /// Whether the peer resets the connection; false where it ends it in good order or sends something.
    func isReset() async -> Bool {
        do throws(HarnessError) {
            _ = try await receive(1)
            return false
        } catch {
            return error.kind == .system(errno: ECONNRESET)
        }
    }

    /// Whether the peer ends the stream in good order.
    func isEnded() async -> Bool {
        do throws(HarnessError) {
            _ = try await receive(1)
            return false
        } catch {
            return error.kind == .malformed
        }
    }

    /// Whether there is nothing to read at this moment.
    var isSilent: Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK)) < 0 && errno == EAGAIN
    }

    /// Sends until the kernel takes no more. Returns how much it took, at most about `limit`.
    func sendUntilBlocked(limit: Int) -> Int {
        let bytes = [UInt8](repeating: 7, count: 64 * 1024)
        var total = 0
        while total < limit {
            let count = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            if count < 0 { break }
            total += count
        }
        return total
    }

    /// How many segments with data have come, as the kernel counted them.
    var segmentsReceived: Int {
        // struct tcp_info of the kernel, of which glibc's header knows only the beginning: tcpi_data_segs_in.
        var info = [UInt32](repeating: 0, count: 64)
        var size = socklen_t(info.count * 4)
        getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &size)
        return Int(info[38])
    }
}

/// A listener whose connections a test takes by itself.
final class TestServer: Sendable {
    let port: UInt16
    private let listener: Int32

    init() throws(HarnessError) { (listener, port) = try LoopbackPort.listen() }

    deinit { close(listener) }

    func accept() async throws(HarnessError) -> TestClient {
        try await offPool("server") { [listener] () throws(HarnessError) in
            var polls = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
            guard poll(&polls, 1, Deadline.after(.seconds(5)).milliseconds) > 0 else {
                throw HarnessError(.timeout, "nobody connected")
            }
            let descriptor = Glibc.accept(listener, nil, nil)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            return TestClient(descriptor: descriptor)
        }
    }
}
