import AMQPTransport
import Glibc

/// An event loop whose thread runs the fuzzed connections, as it runs all others.
enum LoopThread {
    static let loop = EventLoop(name: "fuzz")

    /// Runs `body` on the loop's thread and waits for it.
    static func run(_ body: @escaping @Sendable () throws -> Void) throws {
        let done = Signal()
        loop.execute {
            done.result = Result { try body() }
            done.post()
        }
        done.wait()
        try done.result?.get()
    }

    /// - Invariant: `result` is written before `post` and read after `wait`; the semaphore is at one address on the heap
    ///   until this object goes. That is why the class is `@unchecked Sendable`.
    private final class Signal: @unchecked Sendable {
        private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        var result: Result<Void, any Error>?

        init() {
            semaphore.initialize(to: sem_t())
            sem_init(semaphore, 0, 0)
        }

        deinit {
            sem_destroy(semaphore)
            semaphore.deallocate()
        }

        func post() { sem_post(semaphore) }
        func wait() { while sem_wait(semaphore) != 0 {} }
    }
}
