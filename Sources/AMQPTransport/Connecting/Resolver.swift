/// Turns host names into addresses without blocking its callers.
///
/// getaddrinfo(3) blocks and cannot be interrupted, so it runs on helper threads: at most four, started when there is
/// something to look up and ended when there is nothing more. A lookup that hangs holds up its own host only, until four
/// hang. Requests for a host whose lookup is under way share its result: a thousand connections that come back at the
/// same moment ask the name server once.
package final class Resolver: Sendable {
    /// Called exactly once, on any thread: on the caller's before `resolve` returns, on that of ``Request/cancel()``, or
    /// on a helper thread. It is called without any lock held, and must not block.
    package typealias Completion = @Sendable (Result<[SocketAddress], ResolveError>) -> Void

    /// For everybody: the helper threads are per process, not per connection.
    package static let shared = Resolver()

    private let queue: ResolverQueue
    private let lookup: @Sendable (String) -> Result<[SocketAddress], ResolveError>

    package convenience init() { self.init(maximumThreads: 4, lookup: SystemLookup.addresses(of:)) }

    /// - Parameter lookup: what blocks; tests give their own.
    package init(
        maximumThreads: Int, lookup: @escaping @Sendable (String) -> Result<[SocketAddress], ResolveError>
    ) {
        queue = ResolverQueue(maximumWorkers: maximumThreads)
        self.lookup = lookup
    }

    /// Looks a host up. Addresses come interleaved, see ``AddressOrder``.
    ///
    /// A numeric address is answered before this returns, on the calling thread; so is a failure to start a thread.
    @discardableResult
    package func resolve(host: String, port: UInt16, completion: @escaping Completion) -> Request {
        if let address = SocketAddress(literal: host, port: port) {
            completion(.success([address]))
            return Request(id: 0, queue: nil)
        }
        let (id, startsWorker) = queue.add(host: host, port: port, completion: completion)
        if startsWorker { startWorker() }
        return Request(id: id, queue: queue)
    }

    private func startWorker() {
        do {
            try Thread.startDetached(name: "samqp-dns") { [queue, lookup] in
                while let host = queue.next() {
                    queue.finish(host: host, lookup(host))
                }
            }
        } catch {
            queue.workerDidNotStart(error)
        }
    }

    /// A lookup that was asked for. Dropping it does not cancel.
    package struct Request: Sendable {
        fileprivate let id: UInt64
        fileprivate let queue: ResolverQueue?

        /// Ends the request with ``ResolveError/cancelled``, unless its completion was called, or is being called by
        /// another thread right now; then it does nothing. The lookup itself goes on until getaddrinfo returns.
        package func cancel() { queue?.cancel(id: id) }
    }
}
