internal import CPlatform

/// An epoll instance (epoll(7)), level-triggered. Any thread may add, modify and remove; one thread waits.
package struct Epoll: ~Copyable, Sendable {
    /// What to be told about. Errors and hang-ups are always told (epoll_ctl(2)).
    package struct Interest: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let read = Interest(rawValue: EPOLLIN.rawValue)
        package static let write = Interest(rawValue: EPOLLOUT.rawValue)
        /// The peer has shut down its writing half.
        package static let readHangUp = Interest(rawValue: EPOLLRDHUP.rawValue)
    }

    private let descriptor: Int32
    /// Waits with nanoseconds (Linux 5.11); else in milliseconds, rounded up.
    private let hasNanoseconds: Bool

    package init() throws(SystemError) {
        let descriptor = try SystemError.check(cplatform_epoll_create(), "epoll_create1")
        self.descriptor = descriptor
        // Tried once and here, so that nothing changes later. Any failure counts, not just ENOSYS: some container
        // filters answer EPERM for calls they do not know.
        var event = epoll_event()
        hasNanoseconds = cplatform_epoll_pwait2(descriptor, &event, 1, 0) >= 0
    }

    /// For tests of the fallback.
    package init(usingNanoseconds: Bool) throws(SystemError) {
        descriptor = try SystemError.check(cplatform_epoll_create(), "epoll_create1")
        hasNanoseconds = usingNanoseconds
    }

    deinit { _ = cplatform_close(descriptor) }

    /// Watches a descriptor; its events carry `token`.
    package borrowing func add(_ fd: Int32, token: UInt64, _ interest: Interest) throws(SystemError) {
        _ = try SystemError.check(cplatform_epoll_add(descriptor, fd, interest.rawValue, token), "epoll_ctl ADD")
    }

    package borrowing func modify(_ fd: Int32, token: UInt64, _ interest: Interest) throws(SystemError) {
        _ = try SystemError.check(cplatform_epoll_modify(descriptor, fd, interest.rawValue, token), "epoll_ctl MOD")
    }

    /// Must come before the descriptor is closed: if it was duplicated, or inherited by a child, closing alone leaves it
    /// watched (epoll(7), question 6). An event that is already in the buffer of a wait still comes: check tokens.
    package borrowing func remove(_ fd: Int32) throws(SystemError) {
        _ = try SystemError.check(cplatform_epoll_remove(descriptor, fd), "epoll_ctl DEL")
    }

    /// Waits until something is ready or the time has passed, and replaces the contents of `events`.
    ///
    /// - Parameter timeoutNanoseconds: 0 only looks, a negative number waits for ever.
    /// After a signal it returns with no events: the caller computes its next timeout anew.
    package borrowing func wait(into events: inout EpollEvents, timeoutNanoseconds: Int64) throws(SystemError) {
        events.count = 0
        let (base, capacity) = (events.base, Int32(truncatingIfNeeded: events.capacity))
        let result =
            hasNanoseconds
            ? cplatform_epoll_pwait2(descriptor, base, capacity, timeoutNanoseconds)
            : cplatform_epoll_wait(descriptor, base, capacity, Self.milliseconds(timeoutNanoseconds))
        if result == -EINTR { return }
        events.count = Int(try SystemError.check(result, "epoll_wait"))
    }

    /// Rounded up, so that a timer is never found early and waited for again in a spin; cut to 24 days.
    package static func milliseconds(_ nanoseconds: Int64) -> Int32 {
        guard nanoseconds > 0 else { return nanoseconds < 0 ? -1 : 0 }
        return Int32(clamping: (nanoseconds - 1) / 1_000_000 + 1)
    }
}
