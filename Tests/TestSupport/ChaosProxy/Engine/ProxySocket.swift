import Glibc

/// Socket calls of the proxy, none of which blocks.
enum ProxySocket {
    enum Transfer: Equatable {
        case count(Int)
        case wouldBlock
        case end
        case failed
    }

    /// The next connection of a listener; `nil` when there is none.
    static func accept(_ listener: Int32) -> Int32? {
        let descriptor = Glibc.accept(listener, nil, nil)
        if descriptor < 0 { return nil }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        sendAtOnce(descriptor)
        return descriptor
    }

    static func makeNonBlocking(_ descriptor: Int32) { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }

    /// What leaves the proxy in pieces shall not be joined by the kernel's timer.
    static func sendAtOnce(_ descriptor: Int32) {
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    static func receive(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Transfer {
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 { return .count(count) }
        if count == 0 { return .end }
        return errno == EAGAIN || errno == EINTR ? .wouldBlock : .failed
    }

    static func send(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Transfer {
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
        if count >= 0 { return .count(count) }
        return errno == EAGAIN || errno == EINTR ? .wouldBlock : .failed
    }

    /// Attaches a filter that lets no segment through to the socket.
    static func deafen(_ descriptor: Int32) {
        // <linux/filter.h> is out of the Glibc module. One instruction, `BPF_RET | BPF_K` with 0 bytes to keep, is a
        // program of 8 bytes; `struct sock_fprog` is its length and, aligned, its address.
        let attachFilter: Int32 = 26
        withUnsafeTemporaryAllocation(byteCount: 8, alignment: 8) { instruction in
            instruction.storeBytes(of: 0x06, as: UInt64.self)
            withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { program in
                program.storeBytes(of: 1, as: UInt64.self)
                program.storeBytes(
                    of: UInt64(UInt(bitPattern: instruction.baseAddress)), toByteOffset: 8, as: UInt64.self)
                setsockopt(descriptor, SOL_SOCKET, attachFilter, program.baseAddress, 16)
            }
        }
    }

    /// Whether a connect that was started has failed.
    static func hasFailed(_ descriptor: Int32) -> Bool {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) != 0 || code != 0
    }

    /// Closes so that the peer sees a reset.
    static func reset(_ descriptor: Int32) {
        if descriptor < 0 { return }
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close(descriptor)
    }
}
