import Glibc

enum Poll {
    /// Waits until one of the descriptors is ready or the deadline passes. Returns the descriptors that are ready.
    static func wait(for descriptors: [(descriptor: Int32, events: Int32)], until deadline: Deadline) -> [Int32] {
        var polls = descriptors.map { pollfd(fd: $0.descriptor, events: Int16($0.events), revents: 0) }
        while true {
            let count = poll(&polls, nfds_t(polls.count), deadline.milliseconds)
            if count > 0 { return polls.filter { $0.revents != 0 }.map(\.fd) }
            // A signal may interrupt the wait early.
            if deadline.hasPassed { return [] }
        }
    }
}
