import AMQPTransport

/// A value that threads share in a test. On our own lock: `Synchronization.Mutex` gives false races under TSan.
///
/// Invariant: `value` is touched only while `lock` is held.
final class Box<Value: Sendable>: @unchecked Sendable {
    private let lock = Lock()
    private var value: Value

    init(_ value: Value) { self.value = value }

    func set(_ new: Value) { withLock { $0 = new } }
    func get() -> Value { withLock { $0 } }

    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        lock.withLock { body(&value) }
    }
}
