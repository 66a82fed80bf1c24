import AMQPTransport
import Glibc

/// A lookup of the test's own, and a record of what was looked up.
final class Lookups: Sendable {
    private let body: @Sendable (String) -> Result<[SocketAddress], ResolveError>
    private let asked = Box<[String]>([])

    init(_ body: @escaping @Sendable (String) -> Result<[SocketAddress], ResolveError>) { self.body = body }

    var hosts: [String] { asked.withLock { $0 } }

    var run: @Sendable (String) -> Result<[SocketAddress], ResolveError> {
        { host in
            self.asked.withLock { $0.append(host) }
            return self.body(host)
        }
    }
}

/// Threads wait at it until it is opened. It blocks: for the resolver's helper threads only, never in a task.
final class Gate: Sendable {
    private let event: EventFD

    init() {
        guard let event = try? EventFD() else { preconditionFailure("no descriptor left") }
        self.event = event
    }

    func open() { event.signal() }

    func wait() {
        var descriptor = pollfd(fd: event.descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&descriptor, 1, -1) < 0 {}
    }
}
