import CSwiftAMQP
import SwiftAMQP
import TestSupport
import Testing

@testable import SwiftAMQPFacade

/// Runs what waits for the library on a thread of its own: on one of Swift's it would hold up the tasks that it waits for.
/// It stays in its task, so that what it expects is the test's.
func onThread(_ body: @escaping @Sendable () -> Void) async {
    await withTaskExecutorPreference(ThreadExecutor()) { body() }
}

/// Runs each piece of a task on a thread that begins with it.
private final class ThreadExecutor: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let piece = UnownedJob(job)
        let run: @Sendable () -> Void = { piece.runSynchronously(on: self.asUnownedTaskExecutor()) }
        do throws(HarnessError) {
            try HarnessThread("c-caller", run).detach()
        } catch {
            // Held up is better than lost.
            run()
        }
    }
}

/// A handle of a client of the shared broker, shut down afterwards.
func withClient(_ body: @escaping @Sendable (Client) -> Void) async throws {
    let broker = try await Broker.shared
    let client = try AMQPClient(configuration: AMQPClientConfiguration(try AMQPConfiguration(url: broker.url)))
    let handle = Client(handle: Handle.make(ClientObject(client: client)))
    await onThread { body(handle) }
    Handle.free(handle.handle, as: ClientObject.self)
    await client.shutdown(deadline: .seconds(10))
}

/// A handle that goes from one thread to another.
struct Client: @unchecked Sendable {
    let handle: OpaquePointer
}

/// A name that no other test uses.
func uniqueName(_ base: String) -> String { "\(base)-\(UInt64.random(in: .min ... .max))" }

extension samqp_queue_info {
    static var sized: samqp_queue_info {
        var info = samqp_queue_info()
        info.struct_size = MemoryLayout<samqp_queue_info>.size
        return info
    }

    var text: String {
        withUnsafeBytes(of: name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
