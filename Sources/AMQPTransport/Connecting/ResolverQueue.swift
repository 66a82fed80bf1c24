/// The bookkeeping of a ``Resolver``: which hosts wait, which are being looked up, and who wants to know.
///
/// Invariant: all state is behind `lock`; completions are taken out under it and called after it is released, so that
/// each is called once and may call back into the resolver.
final class ResolverQueue: @unchecked Sendable {
    private struct Waiter {
        let id: UInt64
        let port: UInt16
        let completion: Resolver.Completion
    }

    private let lock = Lock()
    private let maximumWorkers: Int
    private var workers = 0
    private var lastID: UInt64 = 0
    /// Hosts that no worker has taken yet, oldest first; each has waiters.
    private var queued: [String] = []
    /// By host: of those queued and of those being looked up.
    private var waiters: [String: [Waiter]] = [:]

    init(maximumWorkers: Int) { self.maximumWorkers = max(1, maximumWorkers) }

    /// Adds a request. If the second result is true, the caller must start a worker, or say that it could not.
    func add(
        host: String, port: UInt16, completion: @escaping Resolver.Completion
    ) -> (id: UInt64, startsWorker: Bool) {
        lock.withLock {
            lastID &+= 1
            let waiter = Waiter(id: lastID, port: port, completion: completion)
            // An entry without waiters is a lookup whose requests were all cancelled; it is joined as well.
            let isKnown = waiters[host] != nil
            waiters[host, default: []].append(waiter)
            if isKnown { return (lastID, false) }
            queued.append(host)
            guard workers < maximumWorkers else { return (lastID, false) }
            workers += 1
            return (lastID, true)
        }
    }

    /// The next host for a worker; `nil` ends the worker, which is no longer counted then.
    func next() -> String? {
        lock.withLock {
            guard !queued.isEmpty else {
                workers -= 1
                return nil
            }
            return queued.removeFirst()
        }
    }

    func finish(host: String, _ result: Result<[SocketAddress], ResolveError>) {
        let done = lock.withLock { waiters.removeValue(forKey: host) ?? [] }
        guard !done.isEmpty else { return }
        let ordered = result.map(AddressOrder.interleaved)
        for waiter in done {
            waiter.completion(ordered.map { $0.map { $0.with(port: waiter.port) } })
        }
    }

    func cancel(id: UInt64) {
        let cancelled: Waiter? = lock.withLock {
            for (host, list) in waiters {
                guard let index = list.firstIndex(where: { $0.id == id }) else { continue }
                var rest = list
                let waiter = rest.remove(at: index)
                if rest.isEmpty, let position = queued.firstIndex(of: host) {
                    // Nobody has taken it and nobody wants it: a queue behind hanging lookups must not grow for ever.
                    queued.remove(at: position)
                    waiters[host] = nil
                } else {
                    waiters[host] = rest
                }
                return waiter
            }
            return nil
        }
        cancelled?.completion(.failure(.cancelled))
    }

    /// Takes back a worker that `add` counted. Others will get to the queue; without others it fails now.
    func workerDidNotStart(_ error: SystemError) {
        let failed: [Waiter] = lock.withLock {
            workers -= 1
            guard workers == 0 else { return [] }
            let hosts = queued
            queued = []
            return hosts.flatMap { waiters.removeValue(forKey: $0) ?? [] }
        }
        for waiter in failed { waiter.completion(.failure(.system(error))) }
    }
}
