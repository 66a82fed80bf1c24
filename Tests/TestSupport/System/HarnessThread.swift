import Glibc

/// A thread of the harness's own. What blocks runs on one, because a blocked thread of Swift's cooperative pool
/// would stall the code under test.
package struct HarnessThread: Sendable {
    private let handle: pthread_t

    /// Starts `body`. Somebody has to ``join()`` or ``detach()`` the thread, exactly once.
    package init(_ name: String, _ body: @escaping @Sendable () -> Void) throws(HarnessError) {
        let argument = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
        var handle = pthread_t()
        let code = pthread_create(&handle, nil, threadMain, argument)
        guard code == 0 else {
            Unmanaged<ThreadBody>.fromOpaque(argument).release()
            throw HarnessError(.system(errno: code), "pthread_create for \(name)")
        }
        self.handle = handle
    }

    package func join() { pthread_join(handle, nil) }

    /// Nobody will wait for it.
    package func detach() { pthread_detach(handle) }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}

/// Runs blocking code on a thread of its own and suspends, rather than blocks, the caller.
package func offPool<Value: Sendable>(
    _ name: String, _ body: @escaping @Sendable () throws(HarnessError) -> Value
) async throws(HarnessError) -> Value {
    let result: Result<Value, HarnessError> = await withCheckedContinuation { continuation in
        do throws(HarnessError) {
            try HarnessThread(name) {
                continuation.resume(returning: Result { () throws(HarnessError) in try body() })
            }.detach()
        } catch {
            continuation.resume(returning: .failure(error))
        }
    }
    return try result.get()
}
