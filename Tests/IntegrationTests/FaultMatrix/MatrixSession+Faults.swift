import Glibc
import SwiftAMQP
import TestSupport
import Testing

/// Faults that several rows, or a row in several columns, have.
extension MatrixSession {
    /// Resets the connections while this process can have no new descriptor.
    ///
    /// - Parameter role: Whose attempts are waited for; `nil` for those of either.
    /// - Returns: Why the first attempt failed.
    func resetWithoutDescriptors(of role: AMQPLinkRole? = nil) async throws -> AMQPError? {
        let events = client.events()
        var before = rlimit()
        try #require(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) == 0)
        var none = before
        // Every new descriptor would be this one or a higher one.
        none.rlim_cur = 3
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none) == 0)
        await proxy.reset()
        var reason: AMQPError?
        for await event in events {
            if case .connectFailed(let failed, let error) = event, role == nil || failed == role {
                reason = error
                break
            }
        }
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) == 0)
        return reason
    }

    /// Publishes while the broker takes nothing; done when the client knows that it is blocked.
    func enqueueBlocked(as publisher: UInt32, by broker: Broker) async throws -> [Pending] {
        try await broker.setMemoryAlarm(on: true)
        let pending = try await enqueue(as: publisher, count: 20)
        _ = await client.state { if case .blocked = $0 { true } else { false } }
        return pending
    }
}
