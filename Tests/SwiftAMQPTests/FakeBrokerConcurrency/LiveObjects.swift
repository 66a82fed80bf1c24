import TestSupport

@testable import SwiftAMQP

/// The connections and channels that a test has seen, by weak references: nothing may keep them when it is over.
final class LiveObjects: Sendable {
    private struct Reference: @unchecked Sendable {
        // Written once, here; the runtime clears it.
        weak var object: AnyObject?
    }

    private let references = Locked<[Reference]>([])

    func note(_ connection: AMQPConnection) {
        references.withLock { $0 += [Reference(object: connection), Reference(object: connection.core)] }
    }

    func note(_ channel: AMQPChannel) {
        references.withLock { $0 += [Reference(object: channel), Reference(object: channel.core)] }
    }

    /// How many are alive still, of how many.
    var count: (alive: Int, all: Int) { references.withLock { ($0.count { $0.object != nil }, $0.count) } }

    /// Waits until none is alive.
    func expectNone(_ what: String) async throws {
        do {
            try await until("the objects of \(what) to go") { count.alive == 0 }
        } catch {
            throw HarnessError(.script, "\(what): \(count.alive) of \(count.all) connections and channels are alive")
        }
    }
}
