import AMQPTransport
import Glibc
import TestSupport

/// Wakes a test that waits for something which other threads bring about: whoever changes something calls ``note()``.
///
/// It blocks its thread, which is fine as long as only threads of our own are waited for.
final class Changes: Sendable {
    private let event: EventFD

    init() {
        guard let event = try? EventFD() else { preconditionFailure("no descriptor left") }
        self.event = event
    }

    func note() { event.signal() }

    /// Waits until the condition holds. False after 20 seconds, times the harness's scale for sanitizers.
    func wait(until condition: () -> Bool) -> Bool {
        let end = MonotonicTime.now() + .seconds(20 * Deadline.scale)
        while true {
            event.drain()
            if condition() { return true }
            let left = end - .now()
            guard left > .zero else { return false }
            var descriptor = pollfd(fd: event.descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&descriptor, 1, Int32(clamping: left.components.seconds * 1000 + 1000))
        }
    }
}

extension EventLoop {
    /// Runs `body` on the loop's thread and waits for it.
    func sync<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value? {
        let changes = Changes()
        let result = Box<Value?>(nil)
        execute {
            let value = body()
            result.set(value)
            changes.note()
        }
        _ = changes.wait { result.get() != nil }
        return result.get()
    }

    /// Lets the loop look at its descriptors at least `count` times.
    func turn(_ count: Int = 3) {
        for _ in 0..<count { _ = sync { true } }
    }
}

/// Runs `body` on `count` threads at the same time and waits for all of them.
func concurrently(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) throws {
    let threads = try (0..<count).map { index in
        try HarnessThread("test-\(index)") { body(index) }
    }
    for thread in threads { thread.join() }
}

extension SeededGenerator {
    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}
