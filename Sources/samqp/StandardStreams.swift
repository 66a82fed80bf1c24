import Glibc

/// The standard streams, written without buffers of the C library.
enum StandardStreams {
    /// How a write ended.
    enum Ending: Equatable {
        case complete
        /// The reader is gone.
        case closed
        /// The end was asked for, and the reader took nothing more for ``patience``.
        case stopped
        case failed(errno: Int32)
    }

    /// After the end was asked for, how long a reader that takes nothing is waited for, in milliseconds.
    private static let patience: Int32 = 1000
    /// What a pipe takes without blocking when `poll` says that it takes something (pipe(7), PIPE_BUF).
    private static let pieceSize = 4096

    /// Writes all bytes. Tells how many were written, and why not all.
    @discardableResult
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> (written: Int, ending: Ending) {
        bytes.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                if let ending = waitUntilWritable(descriptor) { return (written, ending) }
                let piece = UnsafeRawBufferPointer(rebasing: bytes[written..<min(written + pieceSize, bytes.count)])
                let count = Glibc.write(descriptor, piece.baseAddress, piece.count)
                if count >= 0 {
                    written += count
                } else if errno == EPIPE || errno == ECONNRESET {
                    return (written, .closed)
                } else if errno != EINTR && errno != EAGAIN {
                    return (written, .failed(errno: errno))
                }
            }
            return (written, .complete)
        }
    }

    /// `nil` when the descriptor takes bytes.
    private static func waitUntilWritable(_ descriptor: Int32) -> Ending? {
        while true {
            let isStopping = Stop.isRequested
            var polls = [
                pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
                pollfd(fd: isStopping ? -1 : Stop.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&polls, 2, isStopping ? patience : -1)
            // Errors show when writing.
            if polls[0].revents != 0 { return nil }
            if count == 0 { return .stopped }
            if count < 0 && errno != EINTR { return nil }
        }
    }

    /// Waits until a descriptor can be read, or the end is asked for; blocks the thread.
    ///
    /// - Returns: False for the end.
    static func waitUntilReadable(_ descriptor: Int32, milliseconds: Int32) -> Bool {
        var polls = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: Stop.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let count = poll(&polls, 2, milliseconds)
            if count < 0 && errno == EINTR { continue }
            return polls[1].revents == 0 && polls[0].revents != 0
        }
    }
}

/// What the tool says to its user.
enum StandardError {
    static let isTerminal = isatty(STDERR_FILENO) == 1

    /// A line in the name of the tool. What the broker said may hold anything: control characters are blanked.
    static func line(_ text: String) {
        let clean = String(
            String.UnicodeScalarView(
                Secrets.redact(text).unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
        StandardStreams.write(Array("samqp: \(clean)\n".utf8), to: STDERR_FILENO)
    }
}
