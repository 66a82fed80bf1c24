internal import CPlatform
internal import Glibc

/// What became of a read or a write that never waits.
package enum IOResult: Sendable, Equatable {
    /// So many bytes were moved.
    case bytes(Int)
    /// Nothing now; wait for the descriptor.
    case wouldBlock
    /// The peer has finished its half. Reads only.
    case endOfStream
    /// The connection is of no more use; an error number.
    case failed(Int32)

    fileprivate init(written result: Int) {
        self = result >= 0 ? .bytes(result) : Self.failure(result)
    }

    fileprivate init(read result: Int) {
        self = result > 0 ? .bytes(result) : result == 0 ? .endOfStream : Self.failure(result)
    }

    private static func failure(_ result: Int) -> IOResult {
        let errno = Int32(truncatingIfNeeded: 0 &- result)
        // ENOBUFS and ENOMEM are left as failures: epoll would report the socket writable at once, and we would spin.
        return errno == EAGAIN || errno == EWOULDBLOCK ? .wouldBlock : .failed(errno)
    }
}

extension Socket {
    /// Writes what the kernel takes. Never waits, never raises SIGPIPE.
    package static func send(_ fd: Int32, _ bytes: UnsafeRawBufferPointer) -> IOResult {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return .bytes(0) }
        return IOResult(written: cplatform_send(fd, base, bytes.count))
    }

    /// Writes what the kernel takes of several pieces in one call.
    package static func sendmsg(_ fd: Int32, _ vectors: borrowing IOVectors) -> IOResult {
        guard vectors.byteCount > 0 else { return .bytes(0) }
        return IOResult(written: cplatform_sendmsg(fd, vectors.base, vectors.count))
    }

    /// Reads what there is. Never waits. A buffer without room is `.bytes(0)`, not the end of the stream.
    package static func recv(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        guard let base = buffer.baseAddress, !buffer.isEmpty else { return .bytes(0) }
        return IOResult(read: cplatform_recv(fd, base, buffer.count))
    }

    /// As ``recv(_:into:)``, where what does not fit `first` goes to `second`: one call for both.
    package static func recv(
        _ fd: Int32, into first: UnsafeMutableRawBufferPointer, then second: UnsafeMutableRawBufferPointer
    ) -> IOResult {
        guard let start = first.baseAddress, !first.isEmpty else { return recv(fd, into: second) }
        guard let rest = second.baseAddress, !second.isEmpty else { return recv(fd, into: first) }
        return IOResult(read: cplatform_recv2(fd, start, first.count, rest, second.count))
    }
}
