import CSwiftAMQP
import TestSupport
import Testing

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

/// A client of the shared broker, drained and freed afterwards.
func withClient(_ body: @escaping @Sendable (Client) -> Void) async throws {
    let client = try startClient([], at: try await Broker.shared.url)
    await onThread {
        body(client)
        expectOK { samqp_client_drain(client.handle, 10_000, nil, $0) }
        samqp_client_free(client.handle)
    }
}

/// A client that connects in the background; the caller frees it.
func startClient(
    _ options: [(String, String)], at url: String, events: OpaquePointer? = nil, user: UnsafeMutableRawPointer? = nil
) throws -> Client {
    let made = samqp_options_new()
    defer { samqp_options_free(made) }
    expectOK { samqp_options_add_endpoint(made, url, $0) }
    for (key, value) in options { expectOK { samqp_options_set(made, key, value, $0) } }
    var client: OpaquePointer?
    expectOK { samqp_client_start(&client, made, events, user, $0) }
    return Client(handle: try #require(client))
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
