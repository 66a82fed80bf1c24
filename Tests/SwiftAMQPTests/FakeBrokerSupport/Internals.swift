import AMQPTransport
import TestSupport

@testable import SwiftAMQP

// What a test waits for where the public interface has no event: never what it asserts.
extension AMQPChannel {
    /// Whether a publish waits for room.
    var hasWaitingPublishes: Bool {
        core.lock.withLock { !core.waiting.isEmpty || core.windows.contains { $0.hasWaiting } }
    }

    /// How many RPCs were asked for and not answered.
    var rpcCount: Int { core.lock.withLock { core.rpcs.count } }

    /// How many publishes the broker has not answered.
    var unansweredPublishes: Int { core.lock.withLock { core.tracker.pendingCount } }
}

/// Lets other tasks run until `condition` holds; an expectation fails where it does not within the deadline.
func until(_ what: String, within duration: Duration = .seconds(10), _ condition: () -> Bool) async throws {
    let deadline = TestSupport.Deadline.after(duration)
    while !condition() {
        if deadline.hasPassed { throw HarnessError(.timeout, "waited for \(what) in vain") }
        await Task.yield()
    }
}

extension AMQPConnection {
    /// How many channel ids are taken.
    var openChannelCount: Int { core.lock.withLock { core.channelIDs.count } }
}

extension AMQPChannel {
    /// How many consumers the channel knows.
    var consumerCount: Int { core.lock.withLock { core.consumers.count } }
}

extension AMQPConnection {
    /// Whether the loop does not read because of an auto-ack consumer.
    var isReadingPaused: Bool { core.lock.withLock { core.isReadingPaused } }
}

extension AMQPConnection {
    /// Runs `body` in one turn of the loop, so that nothing is written or read meanwhile.
    func onLoop(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { done in
            core.loop.execute {
                body()
                done.resume()
            }
        }
    }
}
