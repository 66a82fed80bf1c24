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

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) { _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    func send(_ frames: [WireFrame]) { send(frames.flatMap(\.bytes)) }

    /// Ends the outgoing stream.
    func end() { shutdown(descriptor, Int32(SHUT_WR)) }

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
}
