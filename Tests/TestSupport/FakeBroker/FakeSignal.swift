import Glibc

/// An event between a test and a script: fired once, seen by everybody who waits before or after.
package final class FakeSignal: Sendable {
    // A byte that nobody reads keeps the stream readable, so threads can poll for it next to their sockets.
    private let pipe: Pipe

    package init() throws(HarnessError) { pipe = try Pipe() }

    deinit {
        close(pipe.readEnd)
        close(pipe.writeEnd)
    }

    package func fire() {
        var byte: UInt8 = 1
        // A full pipe has been fired often enough.
        _ = send(pipe.writeEnd, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }

    package var isFired: Bool { Poll.wait(for: [(pipe.readEnd, POLLIN)], until: .after(.zero)) != [] }

    /// Suspends until the signal is fired; throws `timeout` past the deadline.
    package func fired(within duration: Duration = .seconds(5)) async throws(HarnessError) {
        try await offPool("signal") { () throws(HarnessError) in try self.block(until: .after(duration)) }
    }

    /// Blocks the thread until the signal is fired.
    func block(until deadline: Deadline) throws(HarnessError) {
        if Poll.wait(for: [(pipe.readEnd, POLLIN)], until: deadline).isEmpty {
            throw HarnessError(.timeout, "a signal was not fired in time")
        }
    }

    var descriptor: Int32 { pipe.readEnd }
}
