import Glibc
import SwiftAMQP
import TestSupport
import Testing

/// Faults of the process itself.
@Suite("Fault matrix: this process", .timeLimit(.minutes(2)))
struct ProcessRowTests {
    /// What a program does when its handlers hang: no thread of the pool is left, for three heartbeat timeouts.
    @Test("row 37: tasks that block all threads of the pool: heartbeats go on, nothing is disconnected")
    func blockedPool() async throws {
        try await MatrixSession.run { session in
            session.expectConfirmed(try await session.publish(as: 1, count: 5))
            let pending = try await session.enqueue(as: 2, count: 5)
            // The pool has a thread for each processor.
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) { group.addTask { usleep(3_000_000) } }
            }
            session.expectConfirmed(await session.outcomes(of: pending))
            session.expectConfirmed(try await session.publish(as: 3, count: 5))
            #expect(session.connectionCount == 1)
            #expect(session.client.health().consuming?.connectionCount == 1)
        }
    }

    @Test("row 40: out of descriptors: attempts fail and say why, and it recovers when there are some again")
    func outOfDescriptors() async throws {
        try await MatrixSession.run { session in
            session.expectConfirmed(try await session.publish(as: 1, count: 5))
            let reason = try await session.resetWithoutDescriptors()
            #expect(reason?.systemErrno == EMFILE, "\(String(describing: reason))")
            session.expectConfirmed(try await session.publish(as: 2, count: 5))
            try await session.expectRestored()
        }
    }
}
