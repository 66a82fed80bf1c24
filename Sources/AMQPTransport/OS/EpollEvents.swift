internal import CPlatform

/// What one wait reports about one descriptor.
package struct EpollEvent: Sendable, Hashable {
    /// The token that the descriptor was added with.
    package let token: UInt64
    let flags: UInt32

    /// A read will not block: there are bytes, or the end of the stream, or an error to be had.
    package var isReadable: Bool { flags & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue | Self.broken) != 0 }
    /// A write will not block: there is room, or an error to be had.
    package var isWritable: Bool { flags & (EPOLLOUT.rawValue | Self.broken) != 0 }
    /// The peer has shut down its writing half, or the connection is gone.
    package var isHangUp: Bool { flags & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue) != 0 }
    /// An error is pending (SO_ERROR).
    package var isError: Bool { flags & EPOLLERR.rawValue != 0 }

    private static var broken: UInt32 { EPOLLERR.rawValue | EPOLLHUP.rawValue }
}

/// The buffer that a loop lets epoll write its events into; allocated once.
///
/// Invariant of the pointer: it is allocated and zeroed for `capacity` elements in `init`, freed in `deinit`, and never
/// leaves this module's `OS` folder. The kernel writes only during a wait, which holds the value exclusively (`inout`).
package struct EpollEvents: ~Copyable, @unchecked Sendable {
    let base: UnsafeMutablePointer<epoll_event>
    package let capacity: Int
    package internal(set) var count = 0

    /// - Parameter capacity: cut to 1...4096.
    package init(capacity: Int) {
        self.capacity = min(max(capacity, 1), 4096)
        base = .allocate(capacity: self.capacity)
        base.initialize(repeating: epoll_event(), count: self.capacity)
    }

    deinit {
        base.deinitialize(count: capacity)
        base.deallocate()
    }

    /// The event at an index below ``count``; `nil` beyond.
    package subscript(index: Int) -> EpollEvent? {
        guard index >= 0, index < count else { return nil }
        let event = base + index
        return EpollEvent(token: cplatform_event_token(event), flags: cplatform_event_flags(event))
    }
}
