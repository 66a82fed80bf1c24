/// What a ``SocketStream`` tells its owner.
package protocol SocketStreamDelegate: AnyObject, Sendable {
    /// Bytes came. Loop thread. Gives how many were consumed; the rest comes again with what follows.
    func streamDidRead(_ bytes: UnsafeRawBufferPointer) -> Int

    /// Before a read, where all bytes were consumed: if those that come next belong into memory of the delegate, calls
    /// `read` with it, once, and takes the bytes as received that `read` says it put there. Whatever came,
    /// ``streamDidRead(_:)`` follows, with the bytes behind them or with none. Loop thread.
    func streamWillRead(_ read: (UnsafeMutableRawBufferPointer) -> Int)

    /// The reads of this turn are over, after so many bytes: deliver what was collected. Gives for how many nanoseconds
    /// not to read, so that more gathers; 0 is until something comes. Loop thread.
    func streamDidFinishReading(_ byteCount: Int) -> Int64

    /// About a second after something has happened, and every second while it does: give spare memory back. Loop thread.
    func streamDidRest()

    /// The bytes that wait fell below the mark asked for with ``SocketStream/notifyWhenBelow(_:)``. Any thread, no lock held.
    func streamHasRoom()

    /// The stream is closed; nothing else comes after this. Loop thread, once.
    func streamDidClose(_ reason: StreamCloseReason)
}

/// Why a stream ended.
package enum StreamCloseReason: Sendable, Equatable {
    /// This side closed it.
    case closedLocally
    /// The peer closed it (end of stream).
    case endOfStream
    /// A system call failed: reset by peer, timed out, and so on.
    case failed(SystemError)
    /// The byte filter could not go on.
    case filter(ByteFilterError)
}
