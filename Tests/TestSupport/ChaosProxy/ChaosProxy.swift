import Glibc

/// A TCP proxy in front of a broker, in this process, that does to connections what networks and brokers do.
///
/// It has two layers. A ``StreamShape`` for each direction acts on bytes: latency, throttle, segments, holes. A
/// ``FrameRule`` acts on one frame: `s2c:60.80:1:rst` resets as the first ack of the broker passes. Whatever is random
/// is drawn from the seed. ``journal`` holds what went through. All of it can be changed while connections are up, and
/// a change has been made when the call returns. After ``stop()`` calls do nothing, or throw where they can.
package final class ChaosProxy: Sendable {
    package let port: UInt16
    /// The address that clients connect to.
    package let host: String
    package let seed: UInt64
    package let journal: FrameJournal
    private let mailbox: ProxyMailbox
    private let shared = Locked(ProxyStatus())
    private let ruleNumbers = Locked(0)
    private let thread: Locked<HarnessThread?>

    /// Starts a proxy on a free loopback port before `target`, a port on loopback. End it with ``stop()``.
    ///
    /// `journalLimit` is how many records are kept, the latest; the audit needs none.
    package static func start(
        target: UInt16, at place: ProxyPlace = .loopback, seed: UInt64 = 0, journalLimit: Int = 100_000
    ) throws(HarnessError) -> ChaosProxy {
        try ChaosProxy(target: target, place: place, seed: seed, journalLimit: journalLimit)
    }

    private init(target: UInt16, place: ProxyPlace, seed: UInt64, journalLimit: Int) throws(HarnessError) {
        let journal = FrameJournal(seed: seed, limit: journalLimit)
        let mailbox = try ProxyMailbox()
        let (listener, port) = try place.listen()
        self.port = port
        host = place.host
        self.seed = seed
        self.journal = journal
        self.mailbox = mailbox
        do throws(HarnessError) {
            thread = Locked(
                try HarnessThread("chaos-proxy") { [shared] in
                    ProxyCore(
                        listener: listener, place: place, port: port, target: target, seed: seed, journal: journal,
                        mailbox: mailbox, status: shared
                    ).run()
                })
        } catch {
            close(listener)
            throw error
        }
    }

    deinit { end() }

    /// Gives `body` a proxy, which is gone afterwards however `body` ends.
    package static func withProxy<Value>(
        target: UInt16, at place: ProxyPlace = .loopback, seed: UInt64 = 0, journalLimit: Int = 100_000,
        _ body: (ChaosProxy) async throws -> Value
    ) async throws -> Value {
        let proxy = try start(target: target, at: place, seed: seed, journalLimit: journalLimit)
        do {
            let value = try await body(proxy)
            await proxy.stop()
            return value
        } catch {
            await proxy.stop()
            throw error
        }
    }

    /// The URL of a broker, by way of this proxy.
    package func url(
        to broker: Broker, user: String? = nil, password: String? = nil, vhost: String? = nil
    ) -> String {
        var url = BrokerURL(parsing: broker.url(user: user, password: password, vhost: vhost))
        url.host = host
        url.port = port
        return url.description
    }

    /// The URL of a broker that takes `guest`, by way of this proxy.
    package var url: String { BrokerURL(host: host, port: port).description }

    /// Resets every connection, closes the listener and joins the thread. May be called again.
    package func stop() async {
        // A thread that cannot be started is no reason to leave another behind.
        if (try? await offPool("proxy-stop") { () throws(HarnessError) in self.end() }) == nil { end() }
    }

    private func end() {
        mailbox.post { core in core?.isStopping = true }
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    // MARK: Connections

    /// The connections now.
    package var status: ProxyStatus { shared.withLock { $0 } }

    /// Suspends until the connections are as described. Throws `timeout`, or `stopped`.
    package func wait(
        for what: String, within duration: Duration = .seconds(5),
        _ condition: @escaping @Sendable (ProxyStatus) -> Bool
    ) async throws(HarnessError) {
        let deadline = Deadline.after(duration)
        let result: Result<Void, HarnessError> = await withCheckedContinuation { continuation in
            let waiter = ProxyWaiter(
                what: what, deadline: deadline, condition: condition, continuation: continuation)
            mailbox.post { [shared] core in
                if let core {
                    core.add(waiter)
                } else if !waiter.resumes(shared.withLock { $0 }) {
                    waiter.stopped()
                }
            }
        }
        try result.get()
    }

    /// Suspends until so many connections have been accepted since the start.
    package func accepted(_ count: Int, within duration: Duration = .seconds(5)) async throws(HarnessError) {
        try await wait(for: "\(count) connections accepted", within: duration) { $0.accepted >= count }
    }

    /// Suspends until so many connections have ended since the start.
    package func ended(_ count: Int, within duration: Duration = .seconds(5)) async throws(HarnessError) {
        try await wait(for: "\(count) connections ended", within: duration) { $0.ended >= count }
    }

    // MARK: For the extensions

    /// Runs `body` on the proxy's thread.
    func command<Value: Sendable>(
        _ body: @escaping @Sendable (ProxyCore) throws(HarnessError) -> Value
    ) async throws(HarnessError) -> Value {
        let result: Result<Value, HarnessError> = await withCheckedContinuation { continuation in
            mailbox.post { core in
                guard let core else {
                    let error = HarnessError(.stopped, "the proxy was stopped")
                    return continuation.resume(returning: .failure(error))
                }
                continuation.resume(returning: Result { () throws(HarnessError) in try body(core) })
            }
        }
        return try result.get()
    }

    /// The same for what there is no use in after the end.
    func tell(_ body: @escaping @Sendable (ProxyCore) -> Void) async {
        try? await command { (core) throws(HarnessError) in body(core) }
    }

    func nextRuleNumber() -> Int {
        ruleNumbers.withLock { number in
            number += 1
            return number
        }
    }
}
